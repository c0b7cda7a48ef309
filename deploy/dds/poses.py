"""Poses as stamped messages, and back."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from deploy.backend import GoalPose, RobotState
from deploy.dds.ros_messages import (
    Header_,
    Point_,
    Pose_,
    PoseStamped_,
    Quaternion_,
    Time_,
)

Floats = NDArray[np.float64]


def pose_arrays(pose: PoseStamped_) -> tuple[Floats, Floats]:
    """Position `(3,)` [m] and orientation `(4,)` wxyz of a stamped pose."""
    p, q = pose.pose.position, pose.pose.orientation
    return np.array([p.x, p.y, p.z]), np.array([q.w, q.x, q.y, q.z])


def pose_message(
    pos: NDArray[np.floating], quat: NDArray[np.floating], frame: str, stamp: Time_
) -> PoseStamped_:
    """A stamped pose in `frame`: `pos (3,)` [m], `quat (4,)` wxyz."""
    w, x, y, z = (float(v) for v in quat)
    place = Point_(*(float(v) for v in pos))
    return PoseStamped_(Header_(stamp, frame), Pose_(place, Quaternion_(x, y, z, w)))


def pose_stamped(state: RobotState, frame: str) -> PoseStamped_:
    """The object's pose as a message in the anchor's `frame`."""
    pose = state.object_pos_b, state.object_quat_b
    return pose_message(*pose, frame, stamp_now())


def goal_stamped(goal: GoalPose, frame: str) -> PoseStamped_:
    """The goal's pose as a message in the anchor's `frame`."""
    return pose_message(goal.pos_b, goal.quat_b, frame, stamp_now())


def stamp_now() -> Time_:
    """The machine's clock as ROS has it."""
    return Time_(*divmod(time.time_ns(), 10**9))
