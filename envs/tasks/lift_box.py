"""Lift box: bend, take a box with both hands, stand up with it, without a step."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("lift-box"),
    success=success.lifted,
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
