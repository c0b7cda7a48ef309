"""A tape around the loop: it sees what the runner sees, and the runner sees no more.

States pass through the tape's own encoding on their way to the runner, so what is
replayed is, bit for bit, what was decided upon.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotBackend, RobotState
from deploy.bags import bag
from deploy.control.loop import Pacer
from deploy.dds.poses import goal_stamped, pose_stamped
from deploy.dds.ros_messages import Bool_, JointTrajectory_, JointTrajectoryPoint_
from deploy.planning.plan_messages import fill_plan
from deploy.planning.planner import Plan, Planner, Request
from deploy.wire.inbox import Inbox
from deploy.wire.motors import MODE_MACHINE, low_cmd, low_state, motor_slots
from policies.contract import Contract


class Recording:
    """`RobotBackend`, `Pacer`, `Planner` and stop in one, each passing things on."""

    def __init__(
        self,
        tape: bag.Tape,
        robot: RobotSpec,
        contract: Contract,
        backend: RobotBackend,
        pacer: Pacer,
        stop: Callable[[], str],
    ) -> None:
        self._tape, self._robot, self._contract = tape, robot, contract
        self._backend, self._pacer, self._stop = backend, pacer, stop
        self._motors = motor_slots(robot)
        self._inbox = Inbox(robot, self._motors)
        self._tick = 0
        self._last = -np.inf
        self._last_object = self._last_goal = -np.inf
        self._now = 0.0
        self._stopped = False

    def read(self) -> RobotState | None:
        """The backend's state, as the tape holds it."""
        state = self._backend.read()
        if state is None:
            return None
        if state.stamp > self._last:
            self._last, self._tick = state.stamp, self._tick + 1
            message = low_state(state, self._motors, self._tick, MODE_MACHINE)
            stamp = bag.nanoseconds(state.stamp)
            self._tape.add(bag.LOWSTATE, stamp, message.serialize())
            self._inbox.low_state(message, state.stamp)
        if state.object_stamp > self._last_object:
            self._last_object = state.object_stamp
            message = pose_stamped(state, self._robot.anchor_body)
            stamp = bag.nanoseconds(state.object_stamp)
            self._tape.add(bag.OBJECT_POSE, stamp, message.serialize())
        if state.goal is not None and state.goal.stamp > self._last_goal:
            self._last_goal = state.goal.stamp
            message = goal_stamped(state.goal, self._robot.anchor_body)
            stamp = bag.nanoseconds(state.goal.stamp)
            self._tape.add(bag.GOAL_POSE, stamp, message.serialize())
        kept = self._inbox.state()
        if kept is None:
            return None
        return dataclasses.replace(
            kept,
            object_pos_b=state.object_pos_b,
            object_quat_b=state.object_quat_b,
            object_stamp=state.object_stamp,
            goal=state.goal,
        )

    def write(self, command: JointCommand) -> None:
        """Note the command, then send it."""
        message = low_cmd(command, self._motors, MODE_MACHINE)
        stamp = bag.nanoseconds(self._now)
        self._tape.add(bag.LOWCMD, stamp, message.serialize())
        self._backend.write(command)

    def close(self) -> None:
        """Close the backend; the tape is saved by whoever owns it."""
        self._backend.close()

    def now(self) -> float:
        """The pacer's clock, noted: the next command bears this time."""
        self._now = self._pacer.now()
        return self._now

    def start(self) -> None:
        """Pass on."""
        self._pacer.start()

    def wait(self) -> float:
        """Pass on."""
        return self._pacer.wait()

    def stop(self) -> str:
        """Pass on, noting when it was pressed."""
        reason = self._stop()
        if reason and not self._stopped:
            self._stopped = True
            stamp = bag.nanoseconds(self._now)
            self._tape.add(bag.ESTOP, stamp, Bool_(True).serialize())
        return reason

    def planner(self, inner: Planner) -> Planner:
        """`inner`, whose plans are noted when the runner takes them up."""
        return _NotingPlanner(inner, self._note)

    def _note(self, plan: Plan) -> None:
        message = fill_plan(
            JointTrajectory_(), JointTrajectoryPoint_, plan, self._contract
        )
        self._tape.add(bag.PLAN, bag.nanoseconds(self._now), message.serialize())


class _NotingPlanner:
    """`Planner` that tells of every plan that comes back."""

    def __init__(self, inner: Planner, note: Callable[[Plan], None]) -> None:
        self._inner, self._note = inner, note

    def ask(self, request: Request) -> None:
        """Pass the request on."""
        self._inner.ask(request)

    def answer(self) -> Plan | None:
        """The newest plan, once it is told of."""
        plan = self._inner.answer()
        if plan is not None:
            self._note(plan)
        return plan

    def close(self) -> None:
        """Close the planner itself."""
        self._inner.close()
