"""What may be asked of motors: the last clamps before them, in training as on a robot.

A skill learnt without them leans on targets that no robot will be given.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class TargetLimits:
    """How far joint targets may go.

    | field | unit | meaning |
    |---|---|---|
    | slew_period | s | a target moves by at most speed limit times this per cycle |
    | torque_budget | – | share of the effort that a target may ask for |
    | overtravel | – | share of the effort that may push into a range's end |
    """

    slew_period: float = 0.02
    torque_budget: float = 0.9
    overtravel: float = 0.1


class Motors:
    """The clamps of one kind of robot; joints are along the last axis, J of them."""

    def __init__(self, robot: RobotSpec, limits: TargetLimits) -> None:
        kp, effort = robot.array("kp"), robot.array("effort")
        self._step = robot.array("velocity") * limits.slew_period
        self._reach = limits.torque_budget * effort / kp
        self._damping = robot.array("kd") / kp
        beyond = limits.overtravel * effort / kp
        self._lower = robot.array("lower") - beyond
        self._upper = robot.array("upper") + beyond

    def clamp(
        self, wish: Floats, sent: Floats, joint_pos: Floats, joint_vel: Floats
    ) -> Floats:
        """Targets [rad] nearest to `wish` that may follow those `sent` before.

        Slew, torque and range, in this order: the last one always holds. `joint_pos`
        [rad] and `joint_vel` [rad/s] are measured; all arrays `(..., J)`.
        """
        q = np.clip(wish, sent - self._step, sent + self._step)
        free = joint_pos + self._damping * joint_vel
        q = np.clip(q, free - self._reach, free + self._reach)
        return np.clip(q, self._lower, self._upper)
