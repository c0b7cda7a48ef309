"""Priors as BeyondMimic, mjlab and HDMI read them: a folder with motion.npz.

The arrays are those that `perception.importers.body_npz` describes, in MuJoCo's order;
names and what else a prior holds lie beside them under keys that those projects do
not ask for. `meta.json` is HDMI's. Readers that want Isaac Lab's order must go by the
names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY
from perception.body_poses import body_poses
from perception.importers.robot_motion import NO_OBJECT
from perception.prior import Prior

Floats = NDArray[np.float64]


def write(prior: Prior, robot: RobotSpec, out: Path) -> Path:
    """Write `out/NAME/motion.npz` and `meta.json`; returns the first."""
    put = body_poses(robot, prior.joint_pos, prior.root_pos_w, prior.root_quat_w)
    root = put.names.index(robot.root_body)
    put.pos_w[:, root], put.quat_w[:, root] = prior.root_pos_w, prior.root_quat_w
    pos, quat, bodies = put.pos_w, put.quat_w, put.names
    more: dict[str, Any] = {}
    if prior.object != NO_OBJECT:
        pos = np.concatenate([pos, prior.object_pos_w[:, None]], axis=1)
        quat = np.concatenate([quat, prior.object_quat_w[:, None]], axis=1)
        bodies = (*bodies, OBJECT_BODY)
        more = {
            "object_contact": prior.contact.any(axis=1, keepdims=True),
            "contact": prior.contact,
            "contact_names": np.array(prior.contact_names),
            "object_spec": np.array(json.dumps(prior.object.to_dict())),
        }
    folder = out / prior.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "motion.npz"
    np.savez_compressed(
        path,
        fps=np.array([prior.fps]),
        joint_pos=prior.joint_pos,
        joint_vel=velocity(prior.joint_pos, prior.fps),
        body_pos_w=pos,
        body_quat_w=quat,
        body_lin_vel_w=velocity(pos, prior.fps),
        body_ang_vel_w=angular_velocity(quat, prior.fps),
        joint_names=np.array(prior.joint_names),
        body_names=np.array(bodies),
        task=np.array(prior.task),
        **more,
    )
    meta = {
        "fps": prior.fps,
        "body_names": bodies,
        "joint_names": prior.joint_names,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    return path


def velocity(values: Floats, fps: float) -> Floats:
    """Rates `(T, ...)` [1/s] by central differences, one-sided at the ends."""
    return np.asarray(np.gradient(values, 1.0 / fps, axis=0), dtype=np.float64)


def angular_velocity(quats: Floats, fps: float) -> Floats:
    """Angular velocities `(T, ..., 3)` [rad/s] in the world, by central differences."""
    before = np.concatenate([quats[:1], quats[:-1]])
    after = np.concatenate([quats[1:], quats[-1:]])
    frames = np.full(len(quats), 2.0)
    frames[[0, -1]] = 1.0
    frames = frames.reshape(-1, *[1] * (quats.ndim - 1))
    turn = rotations.difference(after, before)
    return np.asarray(turn * fps / frames, dtype=np.float64)
