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
from deploy.backend import JointCommand, RobotState
from deploy.dds import transport
from deploy.dds.lease import Lease, LeaseError
from deploy.dds.poses import pose_arrays
from deploy.dds.ros_messages import (
    PoseStamped_,
)
from deploy.wire.inbox import Inbox
from deploy.wire.motors import BackendError, low_cmd, motor_slots
from deploy.wire.records import LowCmd, LowState

Floats = NDArray[np.float64]

RELEASE_REPEATS, RELEASE_PAUSE = 5, 0.004
RELEASE_PATIENCE = 1.0
"""Damping is sent until every listener has acknowledged it, or this long [s]."""


@dataclasses.dataclass
class _Link:
    """Our DDS endpoints; they vanish from the network with this object."""

    states: transport.Latest
    poses: transport.Latest
    goals: transport.Latest
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
            transport.Latest(member, transport.GOAL_POSE, PoseStamped_, state),
            transport.writer(member, transport.LOWCMD, LowCmd, command),
            transport.WriterWatch(member, transport.LOWCMD),
        )


class DdsBackend:
    """`RobotBackend` over rt/lowstate, rt/object_pose, rt/goal_pose and rt/lowcmd.

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
        self._inbox = Inbox(robot, self._motors)
        self._wrote = False

    @property
    def refused(self) -> dict[str, int]:
        """What arrived and was not used, by reason."""
        return self._inbox.refused

    def read(self) -> RobotState | None:
        """The newest state; its stamp is when this process took it."""
        if self._link is not None:
            pose, state = self._link.poses.take(), self._link.states.take()
            goal, now = self._link.goals.take(), 1e-9 * time.monotonic_ns()
            if pose is not None:
                self._inbox.pose(pose.header.frame_id, *pose_arrays(pose), now)
            if goal is not None:
                self._inbox.goal(goal.header.frame_id, *pose_arrays(goal), now)
            if state is not None:
                self._inbox.low_state(state, now)
        return self._inbox.state()

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
        self._link.commands.write(
            low_cmd(command, self._motors, self._inbox.mode_machine)
        )

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
        state = self._inbox.state()
        pose = zero if state is None else state.joint_pos
        damping = JointCommand(pose, zero, zero, zero, self._damping_kd)
        message = low_cmd(damping, self._motors, self._inbox.mode_machine)
        begin, sent, heard = time.monotonic(), 0, False
        while True:
            link.commands.write(message)
            sent += 1
            lasted = time.monotonic() - begin
            heard = heard or (sent >= RELEASE_REPEATS and _acknowledged(link.commands))
            if lasted >= self._release and (heard or lasted >= RELEASE_PATIENCE):
                return
            time.sleep(RELEASE_PAUSE)


def _acknowledged(outlet: DataWriter) -> bool:
    """Whether every reader that DDS knows has got all that was written."""
    try:
        return bool(outlet.wait_for_acks(duration(milliseconds=1)))
    except (DDSException, AttributeError):  # the binding's own slip on a timeout
        return False
