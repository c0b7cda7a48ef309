"""Sit chair: walk to a chair, turn round, sit down on it."""

from __future__ import annotations

from assets.interactions import interaction
from envs import success
from envs.rewards.mimic import mimic_reward
from envs.task import ResetNoise, Task
from envs.terminations import SUGAR

_HIPS = ("hip_roll_link", "hip_yaw_link")

TASK = Task(
    what=interaction("sit-chair"),
    success=success.sat,
    rewards=mimic_reward(walks=True),
    terminations=SUGAR,
    reset_noise=ResetNoise(),
    joined={"pelvis": tuple(f"{s}_{h}" for s in ("left", "right") for h in _HIPS)},
)
