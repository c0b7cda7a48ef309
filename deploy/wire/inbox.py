"""What arrived from a robot, checked: messages in, the newest `RobotState` out.

Knows no transport: DDS and ROS 2 hand it the same records and poses. What is of no use
is counted by reason and changes nothing.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from deploy.backend import GoalPose, RobotState
from deploy.wire.records import LowState

Floats = NDArray[np.float64]

MOST_REASONS = 20


FAR = 20.0
"""Metres: an object beyond this is a mistake."""


def plausible(
    pos: NDArray[np.floating], quat: NDArray[np.floating], far: float = FAR
) -> bool:
    """Whether an object may be there: finite, nearer than `far`, and a rotation."""
    near = bool((np.abs(pos) < far).all() and (np.abs(quat) < 2.0).all())
    return near and 0.9 < float(np.linalg.norm(quat)) < 1.1


class Inbox:
    """The newest state of one robot and of its object; times come from the caller."""

    def __init__(self, robot: RobotSpec, motors: NDArray[np.intp]) -> None:
        self._frame = robot.anchor_body
        self._motors = motors
        self._state: RobotState | None = None
        self._object = (np.full(3, np.nan), np.full(4, np.nan), -np.inf)
        self._goal: GoalPose | None = None
        self._tick = -1
        self._checked = False
        self.mode_machine = 0
        """What LowCmd must copy from LowState."""
        self.refused: dict[str, int] = {}
        """What arrived and was not used, by reason."""

    def state(self) -> RobotState | None:
        """The newest state with the newest poses; None before the first."""
        if self._state is None:
            return None
        pos, quat, stamp = self._object
        return dataclasses.replace(
            self._state,
            object_pos_b=pos,
            object_quat_b=quat,
            object_stamp=stamp,
            goal=self._goal,
        )

    def low_state(self, message: LowState, now: float) -> None:
        """Take a LowState that arrived at `now` [s]."""
        record = message.record
        if record["crc"] != 0:
            self._checked = True
        if self._checked and not message.is_sealed():
            self.refuse("LowState with a wrong checksum")
            return
        if int(record["tick"]) == self._tick:
            self.refuse("LowState whose tick stands still")
            return
        self._tick = int(record["tick"])
        self.mode_machine = int(record["mode_machine"])
        motors, imu = record["motor_state"][self._motors], record["imu_state"]
        pos, quat, stamp = self._object
        self._state = RobotState(
            stamp=now,
            joint_pos=motors["q"].astype(float),
            joint_vel=motors["dq"].astype(float),
            imu_quat_w=imu["quaternion"].astype(float),
            imu_gyro_b=imu["gyroscope"].astype(float),
            object_pos_b=pos,
            object_quat_b=quat,
            object_stamp=stamp,
        )

    def pose(self, frame: str, pos: Floats, quat: Floats, now: float) -> None:
        """Take an object pose: `pos (3,)` [m], `quat (4,)` wxyz, in `frame`."""
        if self._fits("object", frame, pos, quat):
            self._object = (pos, quat, now)

    def goal(self, frame: str, pos: Floats, quat: Floats, now: float) -> None:
        """Take a goal pose, as `pose` takes the object's."""
        if self._fits("goal", frame, pos, quat):
            self._goal = GoalPose(pos, quat, now)

    def _fits(self, what: str, frame: str, pos: Floats, quat: Floats) -> bool:
        if frame != self._frame:
            expected = self._frame
            self.refuse(f"{what} pose in frame '{frame[:40]}', expected '{expected}'")
            return False
        if not plausible(pos, quat):
            self.refuse(f"{what} pose that is not finite, far away, or no rotation")
            return False
        return True

    def refuse(self, reason: str) -> None:
        """Count something that is of no use."""
        if reason in self.refused or len(self.refused) < MOST_REASONS:
            self.refused[reason] = self.refused.get(reason, 0) + 1
