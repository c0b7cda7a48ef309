"""Carry box: walk to a box, take it with both hands, bring it to the goal."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("carry-box"),
    success=success.carried,
    rewards=mimic_reward(walks=True, undesired=-1.0),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
)
