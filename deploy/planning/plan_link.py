"""Requests and plans over DDS: the loop's side, and the generator's."""

from __future__ import annotations

from deploy.dds import transport
from deploy.dds.poses import pose_arrays
from deploy.dds.ros_messages import (
    JointState_,
    JointTrajectory_,
    JointTrajectoryPoint_,
    PoseStamped_,
)
from deploy.planning.command_generator import GeneratorCore
from deploy.planning.plan_messages import channels, fill_plan, fill_request, read_plan
from deploy.planning.planner import Plan, Request
from policies.contract import Contract


class TopicPlanner:
    """`Planner` whose generator is another process: /command out, /plan in."""

    def __init__(self, contract: Contract, domain: int, interface: str | None) -> None:
        self._names = channels(contract)
        member = transport.participant(domain, interface)
        qos = transport.COMMAND_QOS
        self._outlet = transport.writer(member, transport.COMMAND, JointState_, qos)
        self._plans = transport.Latest(member, transport.PLAN, JointTrajectory_, qos)
        self.refused = 0

    def ready(self) -> bool:
        """Whether a generator listens and may answer."""
        heard = self._outlet.get_matched_subscriptions()
        return bool(heard) and self._plans.matched()

    def ask(self, request: Request) -> None:
        """Publish the request."""
        self._outlet.write(fill_request(JointState_(), request, self._names))

    def answer(self) -> Plan | None:
        """The plan that came since the last call; one that is malformed is refused."""
        message = self._plans.take()
        if message is None:
            return None
        try:
            return read_plan(message, self._names)
        except ValueError:
            self.refused += 1
            return None

    def close(self) -> None:
        """Nothing to stop: the generator is not ours."""


class PlanServer:
    """The generator's side of the same topics."""

    def __init__(self, core: GeneratorCore, domain: int, interface: str | None) -> None:
        self.core = core
        member = transport.participant(domain, interface)
        qos, state = transport.COMMAND_QOS, transport.STATE_QOS
        self._poses = transport.Latest(
            member, transport.OBJECT_POSE, PoseStamped_, state
        )
        self._goals = transport.Latest(member, transport.GOAL_POSE, PoseStamped_, state)
        self._requests = transport.Latest(member, transport.COMMAND, JointState_, qos)
        self._outlet = transport.writer(member, transport.PLAN, JointTrajectory_, qos)

    def serve_once(self, now: float) -> bool:
        """Take what arrived and answer it; whether there was a request."""
        pose = self._poses.take()
        if pose is not None:
            self.core.pose(pose.header.frame_id, *pose_arrays(pose), now)
        goal = self._goals.take()
        if goal is not None:
            self.core.goal(goal.header.frame_id, *pose_arrays(goal), now)
        request = self._requests.take()
        if request is None:
            return False
        plan = self.core.answer(request, now)
        if plan is not None:
            contract = self.core.contract
            message = JointTrajectory_()
            self._outlet.write(
                fill_plan(message, JointTrajectoryPoint_, plan, contract)
            )
        return True
