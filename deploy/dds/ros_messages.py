"""ROS 2's standard messages as DDS types, by field, as a ROS 2 machine knows them.

Only what this product sends or reads. Quaternions are x, y, z, w fields here: mind the
order. `ROS_TYPES` names each one as ROS does. This module must not import annotations
from __future__: CycloneDDS reads the classes' annotations as types.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cyclonedds.idl import IdlStruct, types


def _none() -> Any:
    """An empty sequence."""
    return []


def _zeros(count: int) -> Callable[[], Any]:
    """A factory of `count` zeros."""
    return lambda: [0.0] * count


@dataclass
class Time_(IdlStruct, typename="builtin_interfaces::msg::dds_::Time_"):  # noqa: N801
    """Seconds and nanoseconds of the sender's clock."""

    sec: types.int32 = 0
    nanosec: types.uint32 = 0


@dataclass
class Duration_(  # noqa: N801
    IdlStruct, typename="builtin_interfaces::msg::dds_::Duration_"
):
    """Seconds and nanoseconds."""

    sec: types.int32 = 0
    nanosec: types.uint32 = 0


@dataclass
class Header_(IdlStruct, typename="std_msgs::msg::dds_::Header_"):  # noqa: N801
    """When, and in which frame."""

    stamp: Time_ = field(default_factory=Time_)
    frame_id: str = ""


@dataclass
class Bool_(IdlStruct, typename="std_msgs::msg::dds_::Bool_"):  # noqa: N801
    """True on /estop stops the robot, and stays true."""

    data: bool = False


@dataclass
class Point_(IdlStruct, typename="geometry_msgs::msg::dds_::Point_"):  # noqa: N801
    """A position [m]."""

    x: types.float64 = 0.0
    y: types.float64 = 0.0
    z: types.float64 = 0.0


@dataclass
class Vector3_(IdlStruct, typename="geometry_msgs::msg::dds_::Vector3_"):  # noqa: N801
    """A translation [m]."""

    x: types.float64 = 0.0
    y: types.float64 = 0.0
    z: types.float64 = 0.0


@dataclass
class Quaternion_(  # noqa: N801
    IdlStruct, typename="geometry_msgs::msg::dds_::Quaternion_"
):
    """A rotation; mind the order, w is last."""

    x: types.float64 = 0.0
    y: types.float64 = 0.0
    z: types.float64 = 0.0
    w: types.float64 = 1.0


@dataclass
class Pose_(IdlStruct, typename="geometry_msgs::msg::dds_::Pose_"):  # noqa: N801
    """Position and orientation."""

    position: Point_ = field(default_factory=Point_)
    orientation: Quaternion_ = field(default_factory=Quaternion_)


@dataclass
class PoseStamped_(  # noqa: N801
    IdlStruct, typename="geometry_msgs::msg::dds_::PoseStamped_"
):
    """The object's pose, in the frame that the header names."""

    header: Header_ = field(default_factory=Header_)
    pose: Pose_ = field(default_factory=Pose_)


@dataclass
class Transform_(IdlStruct, typename="geometry_msgs::msg::dds_::Transform_"):  # noqa: N801
    """A child frame's pose in its parent."""

    translation: Vector3_ = field(default_factory=Vector3_)
    rotation: Quaternion_ = field(default_factory=Quaternion_)


@dataclass
class TransformStamped_(  # noqa: N801
    IdlStruct, typename="geometry_msgs::msg::dds_::TransformStamped_"
):
    """Where `child_frame_id` is, seen from the header's frame."""

    header: Header_ = field(default_factory=Header_)
    child_frame_id: str = ""
    transform: Transform_ = field(default_factory=Transform_)


@dataclass
class TFMessage_(IdlStruct, typename="tf2_msgs::msg::dds_::TFMessage_"):  # noqa: N801
    """The frames that changed."""

    transforms: types.sequence[TransformStamped_] = field(default_factory=_none)


@dataclass
class JointState_(IdlStruct, typename="sensor_msgs::msg::dds_::JointState_"):  # noqa: N801
    """Values by name: joints for RViz, or a command's channels."""

    header: Header_ = field(default_factory=Header_)
    name: types.sequence[str] = field(default_factory=_none)
    position: types.sequence[types.float64] = field(default_factory=_none)
    velocity: types.sequence[types.float64] = field(default_factory=_none)
    effort: types.sequence[types.float64] = field(default_factory=_none)


@dataclass
class Image_(IdlStruct, typename="sensor_msgs::msg::dds_::Image_"):  # noqa: N801
    """A picture, row by row; `step` is a row's bytes."""

    header: Header_ = field(default_factory=Header_)
    height: types.uint32 = 0
    width: types.uint32 = 0
    encoding: str = ""
    is_bigendian: types.uint8 = 0
    step: types.uint32 = 0
    data: types.sequence[types.uint8] = field(default_factory=_none)


@dataclass
class RegionOfInterest_(  # noqa: N801
    IdlStruct, typename="sensor_msgs::msg::dds_::RegionOfInterest_"
):
    """The part of a camera's picture that is sent; zeros for all of it."""

    x_offset: types.uint32 = 0
    y_offset: types.uint32 = 0
    height: types.uint32 = 0
    width: types.uint32 = 0
    do_rectify: bool = False


@dataclass
class CameraInfo_(IdlStruct, typename="sensor_msgs::msg::dds_::CameraInfo_"):  # noqa: N801
    """A camera's calibration: `k` is the intrinsic matrix [px], row by row."""

    header: Header_ = field(default_factory=Header_)
    height: types.uint32 = 0
    width: types.uint32 = 0
    distortion_model: str = ""
    d: types.sequence[types.float64] = field(default_factory=_none)
    k: types.array[types.float64, 9] = field(default_factory=_zeros(9))
    r: types.array[types.float64, 9] = field(default_factory=_zeros(9))
    p: types.array[types.float64, 12] = field(default_factory=_zeros(12))
    binning_x: types.uint32 = 0
    binning_y: types.uint32 = 0
    roi: RegionOfInterest_ = field(default_factory=RegionOfInterest_)


@dataclass
class JointTrajectoryPoint_(  # noqa: N801
    IdlStruct, typename="trajectory_msgs::msg::dds_::JointTrajectoryPoint_"
):
    """One command of a plan."""

    positions: types.sequence[types.float64] = field(default_factory=_none)
    velocities: types.sequence[types.float64] = field(default_factory=_none)
    accelerations: types.sequence[types.float64] = field(default_factory=_none)
    effort: types.sequence[types.float64] = field(default_factory=_none)
    time_from_start: Duration_ = field(default_factory=Duration_)


@dataclass
class JointTrajectory_(  # noqa: N801
    IdlStruct, typename="trajectory_msgs::msg::dds_::JointTrajectory_"
):
    """A plan: commands by channel name."""

    header: Header_ = field(default_factory=Header_)
    joint_names: types.sequence[str] = field(default_factory=_none)
    points: types.sequence[JointTrajectoryPoint_] = field(default_factory=_none)


ROS_TYPES: dict[type[IdlStruct], str] = {
    Bool_: "std_msgs/msg/Bool",
    PoseStamped_: "geometry_msgs/msg/PoseStamped",
    TFMessage_: "tf2_msgs/msg/TFMessage",
    JointState_: "sensor_msgs/msg/JointState",
    Image_: "sensor_msgs/msg/Image",
    CameraInfo_: "sensor_msgs/msg/CameraInfo",
    JointTrajectory_: "trajectory_msgs/msg/JointTrajectory",
}
"""Messages that travel as a topic of their own, by ROS's name for them."""
