"""Body-frame quantities of one control step, computed once for every term that asks."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.observations import Sense
from envs.reference import Frames
from envs.scene import Scene

Floats = NDArray[np.floating]

CONTACT_FORCE = 0.1
"""Net force [N] above which bodies count as touching (SUGAR, table of rewards)."""


@dataclasses.dataclass(frozen=True)
class Motion:
    """State of N simulations after a control step, float32, B bodies, J joints.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos, joint_vel | (N, J) | rad, rad/s | |
    | root_quat | (N, 4) | wxyz | world |
    | root_lin_vel_b, root_ang_vel_b | (N, 3) | m/s, rad/s | root |
    | body_pos, body_quat | (N, B, 3), (N, B, 4) | m, wxyz | world |
    | body_lin_vel, body_ang_vel | (N, B, 3) | m/s, rad/s | world |
    | object_pos, object_quat | (N, 3), (N, 4) | m, wxyz | world |
    | object_lin_vel, object_ang_vel | (N, 3) | m/s, rad/s | world |
    | contact | (N, C) | 0 or 1 | measured, contact name against object |
    | touching | (N, C) | count | contacts of each contact name with the object |
    | robot_contacts | (N,) | count | robot against object, allowed bodies left out |
    | forbidden | (N,) | count | bodies that should keep off the object |
    | feet_force | (N, F) | N | against the floor |
    """

    joint_pos: Floats
    joint_vel: Floats
    root_quat: Floats
    root_lin_vel_b: Floats
    root_ang_vel_b: Floats
    body_pos: Floats
    body_quat: Floats
    body_lin_vel: Floats
    body_ang_vel: Floats
    object_pos: Floats
    object_quat: Floats
    object_lin_vel: Floats
    object_ang_vel: Floats
    contact: Floats
    touching: Floats
    robot_contacts: Floats
    forbidden: Floats
    feet_force: Floats


def measure(scene: Scene, qpos: Floats, qvel: Floats, sensors: Floats) -> Motion:
    """Read `Motion` out of simulator rows `(N, nq)`, `(N, nv)`, `(N, nsensordata)`."""
    qpos, qvel, sensors = (a.astype(np.float32) for a in (qpos, qvel, sensors))
    j = scene.num_joints
    root_quat, object_quat = qpos[:, 3:7], qpos[:, -4:]
    touch = scene.view(sensors, "touch")
    force = np.linalg.norm(touch[:, :, 1:], axis=-1)
    force = np.maximum.reduceat(force, scene.first_touch, axis=1)
    all_touch = scene.view(sensors, "robot_touch")[:, 0, 0]
    return Motion(
        joint_pos=qpos[:, 7 : 7 + j],
        joint_vel=qvel[:, 6 : 6 + j],
        root_quat=root_quat,
        root_lin_vel_b=rotations.rotate_inverse(root_quat, qvel[:, 0:3]),
        root_ang_vel_b=qvel[:, 3:6],
        body_pos=scene.view(sensors, "pos"),
        body_quat=scene.view(sensors, "quat"),
        body_lin_vel=scene.view(sensors, "lin_vel"),
        body_ang_vel=scene.view(sensors, "ang_vel"),
        object_pos=qpos[:, -7:-4],
        object_quat=object_quat,
        object_lin_vel=qvel[:, -6:-3],
        object_ang_vel=rotations.rotate(object_quat, qvel[:, -3:]),
        contact=(force > CONTACT_FORCE).astype("f4"),
        touching=np.add.reduceat(touch[:, :, 0], scene.first_touch, axis=1),
        robot_contacts=all_touch - scene.view(sensors, "allowed")[:, :, 0].sum(axis=1),
        forbidden=scene.view(sensors, "keep_off")[:, :, 0].sum(axis=1),
        feet_force=np.linalg.norm(scene.view(sensors, "feet")[:, :, 1:], axis=-1),
    )


def sensed(now: Motion, anchor: int) -> Sense:
    """What a robot in this state could measure; `anchor` is the body's index."""
    pos_b, quat_b = rotations.relative(
        now.body_pos[:, anchor],
        now.body_quat[:, anchor],
        now.object_pos,
        now.object_quat,
    )
    return Sense(
        joint_pos=now.joint_pos,
        joint_vel=now.joint_vel,
        imu_quat_w=now.root_quat,
        imu_gyro_b=now.root_ang_vel_b,
        object_pos_b=pos_b,
        object_quat_b=quat_b,
    )


@dataclasses.dataclass(frozen=True)
class Step:
    """One control step as terms see it: what is, what should be, what was done.

    `air_time (N, F)` [s] is how long a foot was off the floor that landed just now,
    0 for the others.
    `local_pos (N, B, 3)` and `ref_local_pos` are body positions relative to the
    anchor in its yaw frame, robot and reference each in its own, so that a term on
    them ignores where the robot stands and where it faces.
    """

    now: Motion
    ref: Frames
    action: Floats
    last_action: Floats
    joint_acc: Floats
    torque: Floats
    anchor: int
    end_effectors: NDArray[np.int64]
    feet: NDArray[np.int64]
    joint_range: Floats
    air_time: Floats
    local_pos: Floats
    ref_local_pos: Floats
    local_quat: Floats
    ref_local_quat: Floats


def yaw_frame(pos: Floats, quat: Floats, anchor: int) -> tuple[Floats, Floats]:
    """Body poses `(N, B, 3)`, `(N, B, 4)` relative to the anchor's heading frame.

    The frame sits at the anchor's x and y and at height 0, turned by its yaw alone
    (BeyondMimic, arXiv 2508.08241, section III).
    """
    w, z = quat[:, anchor, 0], quat[:, anchor, 3]
    half = np.arctan2(z, w)
    cos, sin = np.cos(2 * half)[:, None], np.sin(2 * half)[:, None]
    delta = pos - pos[:, anchor : anchor + 1]
    local = rotations.assemble(
        cos * delta[..., 0] + sin * delta[..., 1],
        cos * delta[..., 1] - sin * delta[..., 0],
        pos[..., 2],
    )
    c, s = np.cos(half)[:, None], np.sin(half)[:, None]
    qw, qx, qy, qz = rotations.components(quat)
    turned = rotations.assemble(
        c * qw + s * qz, c * qx + s * qy, c * qy - s * qx, c * qz - s * qw
    )
    return local, turned
