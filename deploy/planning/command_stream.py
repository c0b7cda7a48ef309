"""Plans, a few commands a second, into one command per control period.

A new plan is asked for one period before the last one ends, so a generator has 20 ms
before anybody waits. If it is late the last command is held; if it stays away the
robot is brought to a stand, and stays there: the tracker goes on balancing it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deploy.planning.planner import Plan, Request
from policies.contract import Contract

Floats = NDArray[np.floating]

HOLD = 0.3
"""Seconds for which the last command is held before the robot is brought to a stand."""
MARGIN, FASTEST = 1.0, 20.0
"""How far [rad] beyond a joint's range a plan may ask, and its fastest [m/s, rad/s]."""
TO_STAND = 1.0
"""Seconds from the command held to standing."""


class CommandStream:
    """One robot's commands; call `next` once a control period.

    `held` counts the periods in which a plan was missing, `refused` the plans that
    were of no use, and `standing` says that the generator was given up.
    """

    def __init__(self, contract: Contract) -> None:
        self._ticks = contract.ticks_per_command
        self._execute = contract.execute
        self._hold = round(HOLD * contract.control_hz)
        self._ramp = round(TO_STAND * contract.control_hz)
        self._period = self._execute * self._ticks
        self._joints = contract.robot.num_joints
        self._initial = np.asarray(contract.initial_command, np.float32)
        robot = contract.robot
        beyond = np.full(len(self._initial) - self._joints, FASTEST)
        self._low = np.concatenate([robot.array("lower") - MARGIN, -beyond])
        self._high = np.concatenate([robot.array("upper") + MARGIN, beyond])
        self._serial = 0
        self.reset()

    def reset(self) -> None:
        """Back to the initial command, with no plan; older answers count no more."""
        self.command = self._initial.copy()
        self._knots = np.zeros((self._execute + 1, len(self._initial)), np.float32)
        self._waiting: Floats | None = None
        self._phase, self._asked = self._period, False
        self._late = self.held = self.refused = 0
        self._stand_from: Floats | None = None
        self._serial += 1

    @property
    def standing(self) -> bool:
        """Whether the generator stayed away for so long that the robot stands."""
        return self._stand_from is not None

    def request(
        self,
        object_pos_b: Floats,
        object_quat_b: Floats,
        goal: tuple[Floats, Floats] | None = None,
    ) -> Request | None:
        """What to ask for now, if it is time: once per plan."""
        if self._asked or self._phase < self._period or self.standing:
            return None
        self._asked = True
        self._serial += 1
        pos, quat = object_pos_b.copy(), object_quat_b.copy()
        told = (goal[0].copy(), goal[1].copy()) if goal else (None, None)
        return Request(self._serial, self.command.copy(), pos, quat, *told)

    def offer(self, plan: Plan) -> None:
        """Take the answer to the last request; anything else is refused."""
        commands = np.asarray(plan.commands)
        fits = commands.ndim == 2 and commands.shape[1:] == self.command.shape
        whole = fits and len(commands) >= self._execute
        sane = whole and ((commands > self._low) & (commands < self._high)).all()
        if not (self._asked and plan.serial == self._serial and sane):
            self.refused += 1
            return
        self._waiting = commands[: self._execute].astype(np.float32)

    def next(self) -> Floats:
        """The command `(C,)` for this control period."""
        if self._phase == self._period and self._waiting is not None:
            self._knots[0], self._knots[1:] = self.command, self._waiting
            self._waiting, self._asked = None, False
            self._phase = self._late = 0
        if self._phase < self._period:
            self._phase += 1
            self.command = self._interpolated()
        else:
            self._wait()
        return self.command

    def _interpolated(self) -> Floats:
        index, rest = divmod(self._phase, self._ticks)
        first = self._knots[index]
        last = self._knots[min(index + 1, self._execute)]
        return first + (last - first) * np.float32(rest / self._ticks)

    def _wait(self) -> None:
        """Hold; then stand: initial joints, no velocity, contact and progress kept."""
        self.held += 1
        self._late += 1
        over = self._late - self._hold
        if over <= 0:
            return
        if self._stand_from is None:
            self._stand_from = self.command.copy()
            self._waiting = None
        goal = self._stand_from.copy()
        goal[: self._joints] = self._initial[: self._joints]
        goal[self._joints : self._joints + 6] = 0.0
        share = np.float32(min(over / self._ramp, 1.0))
        self.command = self._stand_from + (goal - self._stand_from) * share
