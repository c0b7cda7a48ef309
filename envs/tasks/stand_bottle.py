"""Stand bottle: walk to a bottle that lies and stand it on its base."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("stand-bottle"),
    success=success.stood_up,
    rewards=mimic_reward(walks=True),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
    allowed=("left_knee_link", "right_knee_link"),
)
