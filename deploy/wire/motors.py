"""Joint commands to motor messages and back: by slot, checked, sealed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.wire.records import MOTORS, LowCmd, LowState

MOTOR_ENABLED = 1
MODE_MACHINE = 5
"""What a G1 with 29 joints reports; a policy must copy it into its commands."""


class BackendError(RuntimeError):
    """The link to the robot is not to be used any more; the text says why."""


def motor_slots(robot: RobotSpec) -> NDArray[np.intp]:
    """Message slot of each joint; ValueError if one does not fit the message."""
    slots = np.asarray(robot.motor_index)
    if slots.min() < 0 or slots.max() >= MOTORS:
        msg = f"robot '{robot.name}': motor_index must lie in 0 to {MOTORS - 1}"
        raise ValueError(msg)
    return slots


def low_cmd(
    command: JointCommand, motors: NDArray[np.intp], mode_machine: int
) -> LowCmd:
    """A sealed LowCmd; BackendError on a field of wrong length or not finite."""
    message = LowCmd()
    message.record["mode_machine"] = mode_machine
    slots = message.record["motor_cmd"]
    slots["mode"][motors] = MOTOR_ENABLED
    for name in ("q", "dq", "tau", "kp", "kd"):
        values = np.asarray(getattr(command, name), dtype=np.float32)
        if values.shape != motors.shape or not np.isfinite(values).all():
            msg = (
                f"command: {name} has shape {values.shape}, or holds a value that is "
                f"not finite; expected {motors.shape} finite values"
            )
            raise BackendError(msg)
        slots[name][motors] = values
    return message.seal()


def joint_command(message: LowCmd, motors: NDArray[np.intp]) -> JointCommand | None:
    """What a sealed LowCmd asks of the joints; None unless it is whole and enabled."""
    slots = message.record["motor_cmd"][motors]
    fields = {n: slots[n].astype(float) for n in ("q", "dq", "tau", "kp", "kd")}
    finite = all(np.isfinite(values).all() for values in fields.values())
    enabled = (slots["mode"] == MOTOR_ENABLED).all()
    gains = (fields["kp"] >= 0.0).all() and (fields["kd"] >= 0.0).all()
    if not (message.is_sealed() and finite and enabled and gains):
        return None
    return JointCommand(**fields)


def low_state(
    state: RobotState, motors: NDArray[np.intp], tick: int, mode_machine: int
) -> LowState:
    """A sealed LowState with what `state` says of joints and IMU."""
    message = LowState()
    record, imu = message.record, message.record["imu_state"]
    record["mode_machine"], record["tick"] = mode_machine, tick
    imu["quaternion"], imu["gyroscope"] = state.imu_quat_w, state.imu_gyro_b
    slots = record["motor_state"]
    slots["mode"][motors] = 1
    slots["q"][motors] = state.joint_pos
    slots["dq"][motors] = state.joint_vel
    return message.seal()
