"""Kick box: walk to a box and kick it to the goal with either foot."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("kick-box"),
    success=success.pushed,
    rewards=mimic_reward(walks=True, feet_slide=False),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
)
