"""A G1 over DDS: LowState and object pose in, LowCmd out, as the robot speaks it.

State is read by best effort, newest only, so a slow reader never falls behind.
No deadline is requested: DDS would then refuse a robot that offers none. `Safety`
checks the age of every state instead.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from cyclonedds.core import DDSException
from cyclonedds.pub import DataWriter
from cyclonedds.util import duration
from numpy.typing import NDArray

from assets.robot import RobotSpec
from deploy import transport
from deploy.backend import JointCommand, RobotState
from deploy.lease import Lease, LeaseError
from deploy.messages import MOTORS
from deploy.ros_messages import PoseStamped_
from deploy.wire import LowCmd, LowState

Floats = NDArray[np.float64]

MOTOR_ENABLED = 1
RELEASE_REPEATS, RELEASE_PAUSE = 5, 0.004
RELEASE_PATIENCE = 1.0
"""Damping is sent until every listener has acknowledged it, or this long [s]."""


class BackendError(RuntimeError):
    """The link to the robot is not to be used any more; the text says why."""


@dataclasses.dataclass
class _Link:
    """Our DDS endpoints; they vanish from the network with this object."""

    states: transport.Latest
    poses: transport.Latest
    commands: DataWriter
    watch: transport.WriterWatch

    @classmethod
    def open(cls, domain: int, interface: str | None) -> _Link:
        """Join the domain and create every endpoint."""
        member = transport.participant(domain, interface)
        state, command = transport.STATE_QOS, transport.COMMAND_QOS
        return cls(
            transport.Latest(member, transport.LOWSTATE, LowState, state),
            transport.Latest(member, transport.OBJECT_POSE, PoseStamped_, state),
            transport.writer(member, transport.LOWCMD, LowCmd, command),
            transport.WriterWatch(member, transport.LOWCMD),
        )


class DdsBackend:
    """`RobotBackend` over rt/lowstate, rt/object_pose and rt/lowcmd.

    Stays on loopback unless `interface` names a network interface. Refuses, with
    BackendError, to write while another process writes rt/lowcmd: one of this machine
    is known by its lease, any other by DDS's discovery. `release` is for how long [s]
    `close` sends damping at least.
    """

    def __init__(
        self,
        robot: RobotSpec,
        *,
        interface: str | None = None,
        domain: int = transport.LOOPBACK_DOMAIN,
        release: float = 0.02,
    ) -> None:
        self.robot = robot
        self._domain, self._release = domain, release
        self._lease: Lease | None = None
        self._motors = motor_slots(robot)
        self._link: _Link | None = _Link.open(domain, interface)
        self._damping_kd = robot.array("kd")
        self._state: RobotState | None = None
        self._object = (np.full(3, np.nan), np.full(4, np.nan), -np.inf)
        self._mode_machine = 0
        self._tick = -1
        self._checked = False
        self._wrote = False
        self.refused: dict[str, int] = {}
        """What arrived and was not used, by reason."""

    def read(self) -> RobotState | None:
        """The newest state; its stamp is when this process took it."""
        if self._link is not None:
            self._take_pose(self._link.poses.take())
            self._take_state(self._link.states.take())
        if self._state is None:
            return None
        pos, quat, stamp = self._object
        return RobotState(
            stamp=self._state.stamp,
            joint_pos=self._state.joint_pos,
            joint_vel=self._state.joint_vel,
            imu_quat_w=self._state.imu_quat_w,
            imu_gyro_b=self._state.imu_gyro_b,
            object_pos_b=pos,
            object_quat_b=quat,
            object_stamp=stamp,
        )

    def write(self, command: JointCommand) -> None:
        """Send one command; BackendError if it is malformed or we are not alone."""
        if self._link is None:
            msg = "the backend is closed"
            raise BackendError(msg)
        others = self.other_writers()
        if others:
            msg = f"{others} other writer(s) of {transport.LOWCMD}; stop them first"
            raise BackendError(msg)
        self.claim()
        self._wrote = True
        self._link.commands.write(low_cmd(command, self._motors, self._mode_machine))

    def other_writers(self) -> int:
        """How many others write rt/lowcmd, as far as discovery knows by now."""
        link = self._link
        return 0 if link is None else link.watch.others(link.commands)

    def claim(self) -> None:
        """Take this machine's lease on commands; BackendError if it is taken."""
        if self._lease is None:
            try:
                self._lease = Lease(self._domain)
            except LeaseError as error:
                raise BackendError(str(error)) from error

    def close(self) -> None:
        """Damp, if anything was ever sent, and stop; safe to call twice.

        Damping goes out until every reader has acknowledged it, at least for the
        time of release, so that one lost packet does not leave a robot stiff.
        """
        link, self._link = self._link, None
        if link is not None and self._wrote:
            self._damp(link)
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def _damp(self, link: _Link) -> None:
        zero = np.zeros(self.robot.num_joints)
        pose = zero if self._state is None else self._state.joint_pos
        damping = JointCommand(pose, zero, zero, zero, self._damping_kd)
        message = low_cmd(damping, self._motors, self._mode_machine)
        begin, sent, heard = time.monotonic(), 0, False
        while True:
            link.commands.write(message)
            sent += 1
            lasted = time.monotonic() - begin
            heard = heard or (sent >= RELEASE_REPEATS and _acknowledged(link.commands))
            if lasted >= self._release and (heard or lasted >= RELEASE_PATIENCE):
                return
            time.sleep(RELEASE_PAUSE)

    def _take_state(self, message: LowState | None) -> None:
        if message is None:
            return
        record = message.record
        if record["crc"] != 0:
            self._checked = True
        if self._checked and not message.is_sealed():
            self._refuse("LowState with a wrong checksum")
            return
        if int(record["tick"]) == self._tick:
            self._refuse("LowState whose tick stands still")
            return
        self._tick = int(record["tick"])
        self._mode_machine = int(record["mode_machine"])
        motors, imu = record["motor_state"][self._motors], record["imu_state"]
        self._state = RobotState(
            stamp=1e-9 * time.monotonic_ns(),
            joint_pos=motors["q"].astype(float),
            joint_vel=motors["dq"].astype(float),
            imu_quat_w=imu["quaternion"].astype(float),
            imu_gyro_b=imu["gyroscope"].astype(float),
            object_pos_b=self._object[0],
            object_quat_b=self._object[1],
            object_stamp=self._object[2],
        )

    def _take_pose(self, message: PoseStamped_ | None) -> None:
        if message is None:
            return
        frame, expected = message.header.frame_id, self.robot.anchor_body
        if frame != expected:
            self._refuse(f"object pose in frame '{frame[:40]}', expected '{expected}'")
            return
        p, q = message.pose.position, message.pose.orientation
        pos, quat = np.array([p.x, p.y, p.z]), np.array([q.w, q.x, q.y, q.z])
        self._object = (pos, quat, 1e-9 * time.monotonic_ns())

    def _refuse(self, reason: str) -> None:
        if reason in self.refused or len(self.refused) < 20:
            self.refused[reason] = self.refused.get(reason, 0) + 1


def _acknowledged(outlet: DataWriter) -> bool:
    """Whether every reader that DDS knows has got all that was written."""
    try:
        return bool(outlet.wait_for_acks(duration(milliseconds=1)))
    except (DDSException, AttributeError):  # the binding's own slip on a timeout
        return False


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
