"""The one seam between a policy and a robot: state in, command out."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class GoalPose:
    """Where the object should come to, seen from the robot at `stamp`.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_b | (3,) | m | anchor body |
    | quat_b | (4,) | wxyz | anchor body |
    | stamp | () | s | monotonic clock of the reader, when it arrived |
    """

    pos_b: Floats
    quat_b: Floats
    stamp: float


@dataclasses.dataclass(frozen=True)
class RobotState:
    """What the robot reports at one instant, joints in RobotSpec order.

    | field | shape | unit | frame |
    |---|---|---|---|
    | stamp | () | s | monotonic clock of the reader, when the state arrived |
    | joint_pos, joint_vel | (J,) | rad, rad/s | |
    | imu_quat_w | (4,) | wxyz | root body in a gravity-aligned world |
    | imu_gyro_b | (3,) | rad/s | root body |
    | object_pos_b | (3,) | m | anchor body; NaN until an object was seen |
    | object_quat_b | (4,) | wxyz | anchor body; NaN until an object was seen |
    | object_stamp | () | s | as stamp; -inf until an object was seen |
    | goal | GoalPose | | where the object should come to; None until one was told |
    """

    stamp: float
    joint_pos: Floats
    joint_vel: Floats
    imu_quat_w: Floats
    imu_gyro_b: Floats
    object_pos_b: Floats
    object_quat_b: Floats
    object_stamp: float
    goal: GoalPose | None = None

    def validate(self, num_joints: int) -> None:
        """Raise ValueError in one line on a wrong shape; values are Safety's."""
        expected = {
            "joint_pos": (num_joints,),
            "joint_vel": (num_joints,),
            "imu_quat_w": (4,),
            "imu_gyro_b": (3,),
            "object_pos_b": (3,),
            "object_quat_b": (4,),
        }
        for field, shape in expected.items():
            found = np.shape(getattr(self, field))
            if found != shape:
                msg = f"robot state: {field} has shape {found}, expected {shape}"
                raise ValueError(msg)


@dataclasses.dataclass(frozen=True)
class JointCommand:
    """PD targets for every joint, in RobotSpec order; the robot runs the PD loop.

    | field | shape | unit |
    |---|---|---|
    | q | (J,) | rad |
    | dq | (J,) | rad/s |
    | tau | (J,) | N·m |
    | kp | (J,) | N·m/rad |
    | kd | (J,) | N·m·s/rad |
    """

    q: Floats
    dq: Floats
    tau: Floats
    kp: Floats
    kd: Floats


class RobotBackend(Protocol):
    """A robot, simulated or real. Implementations own their clock and transport."""

    def read(self) -> RobotState | None:
        """The newest state, or None if none has arrived yet. Never blocks long."""
        ...

    def write(self, command: JointCommand) -> None:
        """Send one command; the last one sent stays in force."""
        ...

    def close(self) -> None:
        """Send damping and release every resource; safe to call twice."""
        ...
