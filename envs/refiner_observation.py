"""What the refiner sees: its own state beside the prior's, in simulation only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.observations import gravity_in_body
from envs.quantities import Motion
from envs.reference import Reference
from envs.scene import Scene

Floats = NDArray[np.floating]

AHEAD = (1, 2, 5, 10)
"""Control steps at which the refiner sees the prior's joints and object."""


def layout(scene: Scene) -> list[tuple[str, int]]:
    """Names and sizes of the observation, in order."""
    j, b = scene.num_joints, len(scene.robot.tracked_bodies)
    c = len(scene.contact_names)
    return [
        ("joint_pos_ahead", len(AHEAD) * j),
        ("ref_joint_vel", j),
        ("joint_pos", j),
        ("joint_vel", j),
        ("root_ang_vel_b", 3),
        ("root_lin_vel_b", 3),
        ("gravity_b", 3),
        ("last_action", j),
        ("anchor_pos_error", 3),
        ("anchor_rot_error", 6),
        ("body_pos", 3 * b),
        ("body_pos_error", 3 * b),
        ("object_pos", 3),
        ("object_rot", 6),
        ("object_pos_ahead", 3 * len(AHEAD)),
        ("object_rot_error", 6),
        ("object_lin_vel", 3),
        ("object_ang_vel", 3),
        ("contact", c),
        ("contact_ahead", len(AHEAD) * c),
        ("phase", 1),
    ]


def observe(
    scene: Scene,
    reference: Reference,
    now: Motion,
    clip: NDArray,
    time: NDArray,
    last_action: Floats,
) -> Floats:
    """Observation `(N, D)` float32 in the order of `layout`.

    Positions, velocities and orientations are in the robot's anchor frame.
    """
    frames = reference.frames
    anchor = scene.robot.tracked_bodies.index(scene.robot.anchor_body)
    rows = reference.rows(clip, time)
    ahead = [reference.rows(clip, time, k) for k in AHEAD]
    n = len(rows)
    anchor_pos, anchor_quat = now.body_pos[:, anchor], now.body_quat[:, anchor]
    to_world = rotations.to_matrix(anchor_quat)

    def local(vectors: Floats) -> Floats:
        """World vectors `(N, K, 3)` in the anchor's frame, flattened."""
        return (vectors @ to_world).reshape(n, -1)

    inverse = rotations.conjugate(anchor_quat)
    ref_body_pos = frames.body_pos[rows]
    object_ahead = np.stack([frames.object_pos[r] for r in ahead], axis=1)
    parts = (
        *(frames.joint_pos[r] - now.joint_pos for r in ahead),
        frames.joint_vel[rows],
        now.joint_pos,
        now.joint_vel,
        now.root_ang_vel_b,
        now.root_lin_vel_b,
        gravity_in_body(now.root_quat),
        last_action,
        local((ref_body_pos[:, anchor] - anchor_pos)[:, None]),
        _rot6d(inverse, frames.body_quat[rows, anchor]),
        local(now.body_pos - anchor_pos[:, None]),
        local(ref_body_pos - now.body_pos),
        local((now.object_pos - anchor_pos)[:, None]),
        _rot6d(inverse, now.object_quat),
        local(object_ahead - now.object_pos[:, None]),
        _rot6d(rotations.conjugate(now.object_quat), frames.object_quat[rows]),
        local(now.object_lin_vel[:, None]),
        local(now.object_ang_vel[:, None]),
        now.contact,
        *(frames.contact[r] for r in ahead),
        (time / (reference.length[clip] - 1))[:, None],
    )
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _rot6d(frame_inverse: Floats, quat: Floats) -> Floats:
    """First two columns of the rotation from a frame to `quat`, `(N, 6)`."""
    return rotations.to_6d(rotations.multiply(frame_inverse, quat))
