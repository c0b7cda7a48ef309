"""Lift box: bend, take a box with both hands, stand up with it, without a step."""

from __future__ import annotations

from assets.objects import LIFT_BOX
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    name="lift-box",
    title="LiftBox",
    object=LIFT_BOX,
    contact_names=("left_hand", "right_hand"),
    rewards=mimic_reward(),
    terminations=SUGAR,
    reset_noise=ResetNoise(
        root_xy=0.02,
        root_z=0.01,
        root_rot=0.03,
        joint=0.05,
        object_xy=0.02,
        object_yaw=0.05,
    ),
)
