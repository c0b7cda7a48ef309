"""What a policy sees: pure functions of arrays, the same in training and on a robot.

Arrays have a leading dimension N (simulations; 1 on a robot). J is the number of
joints, in RobotSpec order. Imports numpy alone, because the robot runs this file.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations

Floats = NDArray[np.floating]

GRAVITY_W = np.array([0.0, 0.0, -1.0])


@dataclasses.dataclass(frozen=True)
class Sense:
    """What a robot can measure of itself and of the object.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos, joint_vel | (N, J) | rad, rad/s | |
    | imu_quat_w | (N, 4) | wxyz | root body in a gravity-aligned world |
    | imu_gyro_b | (N, 3) | rad/s | root body |
    | object_pos_b | (N, 3) | m | anchor body |
    | object_quat_b | (N, 4) | wxyz | anchor body |
    | goal_pos_b, goal_quat_b | (N, 3), (N, 4) | m, wxyz | anchor body; None without |
    """

    joint_pos: Floats
    joint_vel: Floats
    imu_quat_w: Floats
    imu_gyro_b: Floats
    object_pos_b: Floats
    object_quat_b: Floats
    goal_pos_b: Floats | None = None
    goal_quat_b: Floats | None = None


def command_layout(num_joints: int) -> list[tuple[str, int]]:
    """Names and sizes of a command, SUGAR section 3.3, with progress appended.

    joint_pos [rad] of the next control step, root velocities [m/s, rad/s] in the
    root's frame, contact (0 or 1), progress through the task (0 to 1).
    """
    return [
        ("joint_pos", num_joints),
        ("root_lin_vel_b", 3),
        ("root_ang_vel_b", 3),
        ("contact", 1),
        ("progress", 1),
    ]


def proprioception_layout(num_joints: int) -> list[tuple[str, int]]:
    """Names and sizes of one frame of the tracker's history."""
    return [
        ("imu_gyro_b", 3),
        ("joint_pos", num_joints),
        ("joint_vel", num_joints),
        ("last_action", num_joints),
        ("gravity_b", 3),
    ]


def tracker_layout(num_joints: int, history: int) -> list[tuple[str, int]]:
    """Names and sizes of the tracker's observation, in order."""
    frame = size(proprioception_layout(num_joints))
    return [
        ("command", size(command_layout(num_joints))),
        ("history", history * frame),
        ("object_pos_b", 3),
        ("object_rot6d_b", 6),
    ]


def generator_layout(num_joints: int, *, goal: bool = False) -> list[tuple[str, int]]:
    """Names and sizes of the command generator's input, in order.

    With `goal` it is told where the object should come to.
    """
    return [
        ("object_pos_b", 3),
        ("object_rot6d_b", 6),
        *([("goal_pos_b", 3), ("goal_rot6d_b", 6)] if goal else []),
        ("last_command", size(command_layout(num_joints))),
    ]


def size(layout: list[tuple[str, int]]) -> int:
    """Total length of a layout."""
    return sum(length for _, length in layout)


def gravity_in_body(quat_w: Floats) -> Floats:
    """Unit gravity `(N, 3)` seen from bodies with orientation `quat_w (N, 4)`."""
    return rotations.rotate_inverse(quat_w, GRAVITY_W.astype(quat_w.dtype))


def proprioception(sense: Sense, default_pos: Floats, last_action: Floats) -> Floats:
    """One frame of history `(N, 6 + 3J)`: see `proprioception_layout`."""
    return np.concatenate(
        [
            sense.imu_gyro_b,
            sense.joint_pos - default_pos,
            sense.joint_vel,
            last_action,
            gravity_in_body(sense.imu_quat_w),
        ],
        axis=-1,
        dtype=np.float32,
    )


def push_history(history: Floats, frame: Floats) -> None:
    """Shift `history (N, H, D)` by one in place; the newest frame is last."""
    history[:, :-1] = history[:, 1:]
    history[:, -1] = frame


def tracker_observation(command: Floats, history: Floats, sense: Sense) -> Floats:
    """The tracker's observation `(N, D)` float32: see `tracker_layout`."""
    return np.concatenate(
        [
            command,
            history.reshape(len(history), -1),
            sense.object_pos_b,
            rotations.to_6d(sense.object_quat_b),
        ],
        axis=-1,
        dtype=np.float32,
    )


def generator_observation(
    sense: Sense, last_command: Floats, *, goal: bool = False
) -> Floats:
    """The command generator's input `(N, D)` float32: see `generator_layout`.

    Raises ValueError if a goal is wanted and nobody told one.
    """
    seen = [sense.object_pos_b, rotations.to_6d(sense.object_quat_b)]
    if goal:
        if sense.goal_pos_b is None or sense.goal_quat_b is None:
            msg = "this skill's generator needs a goal pose, and none is known"
            raise ValueError(msg)
        seen += [sense.goal_pos_b, rotations.to_6d(sense.goal_quat_b)]
    return np.concatenate([*seen, last_command], axis=-1, dtype=np.float32)
