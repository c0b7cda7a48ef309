"""Exploration that fades, so that what was learnt with noise also holds without."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback


class FadeNoise(BaseCallback):
    """Lowers the policy's noise evenly from `begin` to `end` over `steps`.

    Both are logs of a standard deviation. PPO makes the mean right for actions with
    noise: a foot that is shaken hits a box harder, so the policy learns to swing it
    more softly, and without noise it kicks too short. What PPO itself brought lower
    stays there.
    """

    def __init__(self, begin: float, end: float, steps: int) -> None:
        super().__init__()
        self.begin, self.end, self.steps = begin, end, steps

    def _on_rollout_start(self) -> None:
        part = min(self.num_timesteps / self.steps, 1.0)
        policy: Any = self.model.policy
        with torch.no_grad():
            policy.log_std.clamp_(max=self.begin + part * (self.end - self.begin))

    def _on_step(self) -> bool:
        return True
