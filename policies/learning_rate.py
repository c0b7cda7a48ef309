"""A learning rate that follows how far each iteration moves the policy."""

from __future__ import annotations

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

FACTOR = 1.5
"""By how much the rate changes at once."""

LOWEST, HIGHEST = 1e-6, 1e-2


class FollowKl(BaseCallback):
    """Keeps the KL divergence of an iteration within a factor of two of `desired`.

    The same step in weights is a long way for a policy that explores little and a short
    one for one that explores much; a rate that fits the first hours tears apart what
    later ones refine. SUGAR keeps 0.01 (arXiv 2605.20373; the rule is RSL-RL's, which
    asks after every minibatch). The rate is the model's own and goes into its
    checkpoint with it.
    """

    def __init__(self, desired: float) -> None:
        super().__init__()
        self.desired = desired

    def _on_rollout_start(self) -> None:
        moved = self.logger.name_to_value.get("train/approx_kl")
        if moved is None:
            return
        if moved > 2.0 * self.desired:
            self._scale(1.0 / FACTOR)
        elif moved < 0.5 * self.desired:
            self._scale(FACTOR)

    def _on_step(self) -> bool:
        return True

    def _scale(self, factor: float) -> None:
        rate = float(self.model.learning_rate) * factor  # pyright: ignore[reportArgumentType]
        self.model.learning_rate = float(np.clip(rate, LOWEST, HIGHEST))
        self.model._setup_lr_schedule()
