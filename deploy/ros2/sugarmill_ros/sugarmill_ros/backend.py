"""`RobotBackend` and `Planner` over a node's publishers and subscriptions."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.planning.plan_messages import channels, fill_request, read_plan
from deploy.planning.planner import Plan, Request
from deploy.wire.inbox import Inbox
from deploy.wire.motors import BackendError, low_cmd, motor_slots
from deploy.wire.records import LowState
from policies.contract import Contract

LOWCMD = "/lowcmd"
LOOK_EVERY = 10
"""Control periods between two counts of who writes /lowcmd."""
PAUSE = 0.01


class RosBackend:
    """States and poses are put in by the node's callbacks; commands leave as bytes."""

    def __init__(
        self, node: Any, robot: RobotSpec, outlet: Any, release: float
    ) -> None:
        self._node, self._outlet, self._release = node, outlet, release
        self._motors = motor_slots(robot)
        self._kd = robot.array("kd")
        self._data = b""
        self._arrived = 0.0
        self._cycles, self._open = 0, False
        self.inbox = Inbox(robot, self._motors)

    @property
    def refused(self) -> dict[str, int]:
        """What arrived and was not used, by reason."""
        return self.inbox.refused

    def deadline_events(self, missed: Any) -> SubscriptionEventCallbacks:
        """Events that count a missed deadline."""
        return SubscriptionEventCallbacks(deadline=missed)

    def take_state(self, data: bytes) -> None:
        """Keep the newest LowState; it is decoded when it is read."""
        self._data, self._arrived = bytes(data), self._node.now()

    def open(self) -> None:
        """Refuse, with BackendError, to write beside another writer of /lowcmd."""
        writers = self._node.count_publishers(LOWCMD)
        if writers > 1:
            msg = f"{writers - 1} other writer(s) of {LOWCMD}; stop them first"
            raise BackendError(msg)
        self._open = True

    def read(self) -> RobotState | None:
        """The newest state; its stamp is when it arrived."""
        data, self._data = self._data, b""
        if data:
            try:
                self.inbox.low_state(LowState.deserialize(data), self._arrived)
            except ValueError:
                self.inbox.refuse("LowState of another length")
        return self.inbox.state()

    def write(self, command: JointCommand) -> None:
        """Publish one command; BackendError if it is malformed or we are not alone."""
        self._cycles += 1
        if self._cycles % LOOK_EVERY == 0:
            self.open()
        message = low_cmd(command, self._motors, self.inbox.mode_machine)
        self._outlet.publish(message.serialize())

    def damp_once(self) -> None:
        """Publish damping, whatever is wrong with the rest."""
        state = self.inbox.state()
        zero = np.zeros_like(self._kd)
        pose = zero if state is None else state.joint_pos
        if not np.isfinite(pose).all():
            pose = zero
        command = JointCommand(pose, zero, zero, zero, self._kd)
        message = low_cmd(command, self._motors, self.inbox.mode_machine)
        self._outlet.publish(message.serialize())

    def close(self) -> None:
        """Publish damping for the time of release; safe to call twice."""
        if not self._open:
            return
        self._open = False
        for _ in range(max(round(self._release / PAUSE), 2)):
            self.damp_once()
            time.sleep(PAUSE)


class RosPlanner:
    """`Planner` whose generator is another node."""

    def __init__(self, contract: Contract, outlet: Any) -> None:
        self._names, self._outlet = channels(contract), outlet
        self._plan: Plan | None = None
        self.refused = 0

    def ask(self, request: Request) -> None:
        """Publish the request."""
        self._outlet.publish(fill_request(JointState(), request, self._names))

    def take(self, message: JointTrajectory) -> None:
        """Keep the newest plan; one that is malformed is refused."""
        try:
            self._plan = read_plan(message, self._names)
        except ValueError:
            self.refused += 1

    def answer(self) -> Plan | None:
        """The plan that came since the last call."""
        plan, self._plan = self._plan, None
        return plan

    def close(self) -> None:
        """Nothing to stop: the generator is not ours."""
