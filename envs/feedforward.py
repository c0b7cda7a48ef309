"""Feed-forward: the joint offset whose PD torque carries the prior's own dynamics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.inverse_dynamics import feed_forward


def target_offset(
    prior: Prior, robot: RobotSpec, joint_vel: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Offsets `(T, J)` [rad] to add to the prior's joints: (torque + kd·velocity) / kp.

    PD gains are soft, so a target equal to the prior sags under gravity and load; the
    torque's share makes the motors' spring supply the inverse dynamics. The motors damp
    absolute velocity, which drags every motion; the share of `joint_vel (T, J)` [rad/s]
    gives that back. Without it half a second of open loop drifts four times as far.
    """
    torque, _ = feed_forward(prior, robot)
    return (torque + robot.array("kd") * joint_vel) / robot.array("kp")
