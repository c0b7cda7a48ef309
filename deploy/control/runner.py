"""`PolicyRunner`: robot state in, safe joint command out; no clock, no transport."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.control.guards import Limits
from deploy.control.safety import Mode, Safety
from deploy.planning.command_stream import CommandStream
from deploy.planning.planner import InlinePlanner, Planner
from deploy.robots import meet
from envs.observations import Sense
from policies.bundle import Bundle

Floats = NDArray[np.float64]


class PolicyRunner:
    """One robot's hierarchy behind its safety chain.

    Call `stand`, then `step` once a control period, and `activate` between two steps
    once `safety.standing`. In IDLE, DAMP and FAULT a step gives damping. `planner`
    is the command generator; by default it computes within the step that asks it.
    """

    def __init__(
        self,
        bundle: Bundle,
        robot: RobotSpec,
        limits: Limits | None = None,
        max_start_error: float = 0.4,
        planner: Planner | None = None,
    ) -> None:
        meet(bundle.contract, robot)
        self.contract = bundle.contract
        self.safety = Safety(robot, limits)
        self.hierarchy = bundle.hierarchy()
        self.planner = planner or InlinePlanner(bundle.generator)
        self.commands = CommandStream(bundle.contract)
        self.start_pose = np.asarray(bundle.contract.start.joint_pos)
        self.max_start_error = max_start_error
        self._warm_up(bundle)

    def stand(self, state: RobotState | None, now: float) -> None:
        """Begin to move to the skill's first pose; ValueError if the state is unfit."""
        self.safety.stand(state, now, self.start_pose)

    def activate(self, state: RobotState | None, now: float) -> None:
        """Hand over to the policy; ValueError if state, object or pose are unfit."""
        if state is not None and state.joint_pos.shape == self.start_pose.shape:
            error = np.abs(state.joint_pos - self.start_pose)
            worst = int(np.argmax(error))
            if error[worst] > self.max_start_error:
                name = self.contract.robot.joint_names[worst]
                msg = f"cannot activate: {name} is {error[worst]:.2f} rad off its start"
                raise ValueError(msg)
        if state is not None and not self._told(state, now):
            msg = "cannot activate: this skill needs a goal, none arrives on /goal_pose"
            raise ValueError(msg)
        self.safety.activate(state, now)
        assert state is not None
        self.hierarchy.reset(sense_of(state))
        self.commands.reset()
        self._ask(state, now)

    def step(self, state: RobotState | None, now: float) -> JointCommand:
        """One control period: guard, observe, infer, clamp."""
        target: Floats | None = None
        if self.safety.check(state, now) and self.safety.mode is not Mode.STAND:
            assert state is not None
            target = self._follow(state, now)
        return self.safety.step(state, target, now)

    def _follow(self, state: RobotState, now: float) -> Floats:
        """Targets for this period's command; asks for the next plan in time."""
        plan = self.planner.answer()
        if plan is not None:
            self.commands.offer(plan)
        self.hierarchy.command = self.commands.next()[None]
        target = np.asarray(self.hierarchy.track(sense_of(state))[0], dtype=float)
        self._ask(state, now)
        return target

    def _ask(self, state: RobotState, now: float) -> None:
        """Ask for a plan if it is time, and the goal is known where there is one."""
        if not self._told(state, now):
            return
        goal = None
        if self.contract.goal is not None and state.goal is not None:
            goal = state.goal.pos_b, state.goal.quat_b
        request = self.commands.request(state.object_pos_b, state.object_quat_b, goal)
        if request is not None:
            self.planner.ask(request)

    def _told(self, state: RobotState, now: float) -> bool:
        """Whether the goal is known that this skill needs, if it needs one."""
        if self.contract.goal is None:
            return True
        limit = self.safety.limits.max_object_age
        return state.goal is not None and now - state.goal.stamp <= limit

    def _warm_up(self, bundle: Bundle) -> None:
        """Run both networks once, so that the first control period is no slower."""
        pose, upright = self.start_pose[None], np.array([[1.0, 0.0, 0.0, 0.0]])
        zero = np.zeros((1, 3))
        sense = Sense(pose, 0.0 * pose, upright, zero, zero, upright, zero, upright)
        hierarchy = bundle.hierarchy()
        hierarchy.reset(sense)
        hierarchy.step(sense)


def sense_of(state: RobotState) -> Sense:
    """The hierarchy's view of one robot's state: a batch of one."""
    return Sense(
        joint_pos=state.joint_pos[None],
        joint_vel=state.joint_vel[None],
        imu_quat_w=state.imu_quat_w[None],
        imu_gyro_b=state.imu_gyro_b[None],
        object_pos_b=state.object_pos_b[None],
        object_quat_b=state.object_quat_b[None],
    )
