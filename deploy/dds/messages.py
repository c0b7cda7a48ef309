"""DDS messages by field: unitree_hg's low-level pair.

Field names, order and sizes are the wire's, taken from the published interface
definitions; quaternions are wxyz. This module must not import annotations from
__future__: CycloneDDS reads the classes' annotations as types.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cyclonedds.idl import IdlStruct, annotations, types

from deploy.wire.records import MOTORS, LowCmd, LowState


def _several(make: Callable[[], Any], count: int) -> Callable[[], Any]:
    """A factory of lists of `count` default values."""
    return lambda: [make() for _ in range(count)]


@dataclass
@annotations.final
@annotations.autoid("sequential")
class MotorCmd_(IdlStruct, typename="unitree_hg::msg::dds_::MotorCmd_"):  # noqa: N801
    """One motor's command; mode 1 enables it. The field is `dq`, never `qd`."""

    mode: types.uint8 = 0
    q: types.float32 = 0.0
    dq: types.float32 = 0.0
    tau: types.float32 = 0.0
    kp: types.float32 = 0.0
    kd: types.float32 = 0.0
    reserve: types.uint32 = 0


@dataclass
@annotations.final
@annotations.autoid("sequential")
class LowCmd_(IdlStruct, typename="unitree_hg::msg::dds_::LowCmd_"):  # noqa: N801
    """What a policy sends: all motors, and a checksum over everything before it."""

    mode_pr: types.uint8 = 0
    mode_machine: types.uint8 = 0
    motor_cmd: types.array[MotorCmd_, MOTORS] = field(
        default_factory=_several(MotorCmd_, MOTORS)
    )
    reserve: types.array[types.uint32, 4] = field(default_factory=_several(int, 4))
    crc: types.uint32 = 0


@dataclass
@annotations.final
@annotations.autoid("sequential")
class IMUState_(IdlStruct, typename="unitree_hg::msg::dds_::IMUState_"):  # noqa: N801
    """The pelvis IMU: wxyz, rad/s, m/s², rad, °C."""

    quaternion: types.array[types.float32, 4] = field(
        default_factory=_several(float, 4)
    )
    gyroscope: types.array[types.float32, 3] = field(default_factory=_several(float, 3))
    accelerometer: types.array[types.float32, 3] = field(
        default_factory=_several(float, 3)
    )
    rpy: types.array[types.float32, 3] = field(default_factory=_several(float, 3))
    temperature: types.int16 = 0


@dataclass
@annotations.final
@annotations.autoid("sequential")
class MotorState_(IdlStruct, typename="unitree_hg::msg::dds_::MotorState_"):  # noqa: N801
    """One motor's report: rad, rad/s, rad/s², N·m, °C, V."""

    mode: types.uint8 = 0
    q: types.float32 = 0.0
    dq: types.float32 = 0.0
    ddq: types.float32 = 0.0
    tau_est: types.float32 = 0.0
    temperature: types.array[types.int16, 2] = field(default_factory=_several(int, 2))
    vol: types.float32 = 0.0
    sensor: types.array[types.uint32, 2] = field(default_factory=_several(int, 2))
    motorstate: types.uint32 = 0
    reserve: types.array[types.uint32, 4] = field(default_factory=_several(int, 4))


@dataclass
@annotations.final
@annotations.autoid("sequential")
class LowState_(IdlStruct, typename="unitree_hg::msg::dds_::LowState_"):  # noqa: N801
    """What the robot reports; `tick` counts its own cycles."""

    version: types.array[types.uint32, 2] = field(default_factory=_several(int, 2))
    mode_pr: types.uint8 = 0
    mode_machine: types.uint8 = 0
    tick: types.uint32 = 0
    imu_state: IMUState_ = field(default_factory=IMUState_)
    motor_state: types.array[MotorState_, MOTORS] = field(
        default_factory=_several(MotorState_, MOTORS)
    )
    wireless_remote: types.array[types.uint8, 40] = field(
        default_factory=_several(int, 40)
    )
    reserve: types.array[types.uint32, 4] = field(default_factory=_several(int, 4))
    crc: types.uint32 = 0


for _record, _message in ((LowCmd, LowCmd_), (LowState, LowState_)):
    _record.__idl__ = _message.__idl__
    _record.__idl_typename__ = _message.__idl_typename__
