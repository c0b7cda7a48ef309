"""How closely a prior's robot holds its limbs as the person in the video did."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from assets.scene import scene_spec
from perception.prior import Prior
from perception.track import JOINTS, Track

Floats = NDArray[np.float64]

HIPS, SHOULDERS = ("l_hip", "r_hip"), ("l_shoulder", "r_shoulder")
PERSON = {
    "trunk": (HIPS, SHOULDERS),
    **{
        f"{side} {limb}": ((f"{side[0]}_{start}",), (f"{side[0]}_{end}",))
        for limb, start, end in (
            ("upper arm", "shoulder", "elbow"),
            ("forearm", "elbow", "wrist"),
            ("thigh", "hip", "knee"),
            ("shin", "knee", "ankle"),
        )
        for side in ("left", "right")
    },
}
"""Limbs, from the middle of some joints to that of others."""
BODIES = {
    "hip": "hip_yaw_link",
    "knee": "knee_link",
    "ankle": "ankle_roll_link",
    "shoulder": "shoulder_yaw_link",
    "elbow": "elbow_link",
    "wrist": "wrist_yaw_link",
}
"""Bodies of a G1, less their side, that stand where a person's joints do."""


def limb_errors(track: Track, prior: Prior, robot: RobotSpec) -> dict[str, float]:
    """Mean angle [degree] per limb between the person's and the robot's.

    Person and robot are brought together in time by their first touch and in heading
    by the one turn that fits all limbs best; of a robot without these bodies, nothing.
    """
    positions = _body_positions(prior, robot)
    if positions is None:
        return {}
    seconds = np.arange(prior.num_frames) / prior.fps
    rows = (seconds - time_offset(track, prior)) * track.fps
    inside = (rows >= 0) & (rows <= track.num_frames - 1)
    if not inside.any():
        return {}
    whole = rows[inside].round().astype(int)
    joints = track.joints_w[whole].swapaxes(0, 1)
    person = _limbs(dict(zip(JOINTS, joints, strict=True)))
    machine = _limbs({name: points[inside] for name, points in positions.items()})
    machine = _turned(machine, person)
    cosine = np.clip((person * machine).sum(axis=-1), -1.0, 1.0)
    angles = np.degrees(np.arccos(cosine)).mean(axis=1)
    return dict(zip(PERSON, angles.tolist(), strict=True))


def time_offset(track: Track, prior: Prior) -> float:
    """Seconds from the video's first frame to the prior's, by their first touch.

    A prior may enter earlier than the video, or leave out its beginning.
    """
    seen, planned = track.contact.any(axis=1), prior.contact.any(axis=1)
    if not seen.any() or not planned.any():
        return 0.0
    return float(np.argmax(planned) / prior.fps - np.argmax(seen) / track.fps)


def _body_positions(prior: Prior, robot: RobotSpec) -> dict[str, Floats] | None:
    """World positions `(T, 3)` [m] of bodies by the names of a person's joints."""
    model = scene_spec(robot, None).compile()
    bodies = {}
    for side in ("left", "right"):
        for joint, name in BODIES.items():
            found = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, f"{side}_{name}")
            if found < 0:
                return None
            bodies[f"{side[0]}_{joint}"] = found
    data = mujoco.MjData(model)
    joints = [int(model.joint(name).qposadr[0]) for name in prior.joint_names]
    root = int(model.jnt_qposadr[model.body(robot.root_body).jntadr[0]])
    ids = list(bodies.values())
    points = np.empty((len(ids), prior.num_frames, 3))
    for t in range(prior.num_frames):
        data.qpos[root : root + 3] = prior.root_pos_w[t]
        data.qpos[root + 3 : root + 7] = prior.root_quat_w[t]
        data.qpos[joints] = prior.joint_pos[t]
        mujoco.mj_kinematics(model, data)
        points[:, t] = data.xpos[ids]
    return dict(zip(bodies, points, strict=True))


def _limbs(points: dict[str, Floats]) -> Floats:
    """Directions `(limbs, T, 3)`, in the order of `PERSON`."""
    rows = []
    for starts, ends in PERSON.values():
        start = np.mean([points[name] for name in starts], axis=0)
        end = np.mean([points[name] for name in ends], axis=0)
        length = np.linalg.norm(end - start, axis=-1, keepdims=True)
        rows.append((end - start) / np.maximum(length, 1e-9))
    return np.stack(rows)


def _turned(machine: Floats, person: Floats) -> Floats:
    """The robot's directions turned about z so that they fit the person's best."""
    a, b = machine[..., :2], person[..., :2]
    along = (a * b).sum()
    across = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum()
    yaw = np.arctan2(across, along)
    turn = np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])
    return np.concatenate([a @ turn, machine[..., 2:]], axis=-1)
