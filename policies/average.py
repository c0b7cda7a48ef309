"""The actor averaged over its last updates: steadier than any one of them."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from policies.network import NormalizedMlp
from policies.refiner import actor_of

DECAY = 0.95
"""What of the average stays at each iteration of PPO; its memory is 20 of them."""

YOUNG = 9
"""Of an average over n iterations n / (n + `YOUNG`) stays, until that is `DECAY`."""


class Average(BaseCallback):
    """Exponential moving average of the actor's weights, one step an iteration.

    PPO's iterates scatter about what they learn, the more the fewer episodes each one
    saw; their average does not (Polyak and Juditsky, 1992). It forgets faster while it
    is young, so that nothing of the first, unlearnt weights stays in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._weights: dict[str, torch.Tensor] = {}
        self._count, self._steps = 0, 0

    def actor(self) -> NormalizedMlp:
        """The averaged actor, behind the normaliser of now."""
        actor = copy.deepcopy(actor_of(self.model))  # pyright: ignore[reportArgumentType]
        actor.layers.load_state_dict(self._weights)
        return actor

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        weights = {name: w.cpu().numpy() for name, w in self._weights.items()}
        taken = {"count": np.array(self._count), "steps": np.array(self._steps)}
        return {**weights, **taken}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        weights = dict(state)
        self._count, self._steps = int(weights.pop("count")), int(weights.pop("steps"))
        self._weights = {name: torch.from_numpy(w) for name, w in weights.items()}

    def _on_training_start(self) -> None:
        if not self._weights:
            self._weights = {name: w.clone() for name, w in self._iterate().items()}
            self._steps = self.num_timesteps

    def _on_rollout_start(self) -> None:
        self._follow()

    def _on_training_end(self) -> None:
        self._follow()

    def _on_step(self) -> bool:
        return True

    def _follow(self) -> None:
        """Take in the weights of now, once for each iteration that learnt."""
        if self.num_timesteps == self._steps:
            return
        self._count, self._steps = self._count + 1, self.num_timesteps
        share = 1.0 - min(DECAY, self._count / (self._count + YOUNG))
        for name, weight in self._iterate().items():
            self._weights[name] += share * (weight - self._weights[name])

    def _iterate(self) -> dict[str, torch.Tensor]:
        """PPO's own weights of now, on the processor."""
        actor = actor_of(self.model)  # pyright: ignore[reportArgumentType]
        return {k: w.detach().cpu() for k, w in actor.layers.state_dict().items()}
