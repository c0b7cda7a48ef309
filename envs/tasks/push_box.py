"""Push box: walk to a box as tall as the robot's waist and push it to the goal."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

TASK = Task(
    what=interaction("push-box"),
    success=success.pushed,
    rewards=mimic_reward(walks=True, keep_off=True),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
    keep_off=("left_ankle_roll_link", "right_ankle_roll_link"),
)
