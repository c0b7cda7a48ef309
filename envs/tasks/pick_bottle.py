"""Pick bottle: walk to a bottle on the floor, take it with both hands, stand up."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("pick-bottle"),
    success=success.lifted,
    rewards=mimic_reward(walks=True),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
)
