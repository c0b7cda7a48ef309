"""ROS 2 messages to the arrays of Sugarmill's robot side, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, TransformStamped
from sensor_msgs.msg import JointState
from tf2_msgs.msg import TFMessage


def hardware_types() -> tuple[type, type]:
    """Unitree's LowState and LowCmd; RuntimeError in one line if they are missing."""
    try:
        from unitree_hg.msg import LowCmd, LowState
    except ImportError as error:
        msg = (
            "no package unitree_hg: build deploy/ros2/unitree_hg beside sugarmill_ros, "
            "or source Unitree's own workspace"
        )
        raise RuntimeError(msg) from error
    return LowState, LowCmd


def pose_arrays(message: PoseStamped) -> tuple[np.ndarray, np.ndarray]:
    """Position `(3,)` [m] and orientation `(4,)` wxyz."""
    p, q = message.pose.position, message.pose.orientation
    return np.array([p.x, p.y, p.z]), np.array([q.w, q.x, q.y, q.z])


def pose_stamped(pos: Any, quat: Any, frame: str, stamp: Any) -> PoseStamped:
    """A pose in `frame`; `quat` is wxyz."""
    message = PoseStamped()
    message.header.stamp, message.header.frame_id = stamp, frame
    _set(message.pose.position, message.pose.orientation, pos, quat)
    return message


def transforms(frames: list[tuple[str, Any, Any]], stamp: Any) -> TFMessage:
    """Every frame `(name, pos, quat wxyz)` as a child of the world."""
    made = []
    for name, pos, quat in frames:
        item = TransformStamped()
        item.header.stamp, item.header.frame_id = stamp, "world"
        item.child_frame_id = name
        _set(item.transform.translation, item.transform.rotation, pos, quat)
        made.append(item)
    return TFMessage(transforms=made)


def joint_state(names: Any, pos: Any, vel: Any, stamp: Any) -> JointState:
    """Joints by name [rad, rad/s]."""
    message = JointState()
    message.header.stamp = stamp
    message.name = list(names)
    message.position = [float(v) for v in pos]
    message.velocity = [float(v) for v in vel]
    return message


def _set(place: Any, turn: Any, pos: Any, quat: Any) -> None:
    place.x, place.y, place.z = (float(v) for v in pos)
    turn.w, turn.x, turn.y, turn.z = (float(v) for v in quat)
