"""What happens between PPO's iterations: normalising, checkpoints, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from perception.files import atomic
from policies.average import Average
from policies.network import moments
from policies.refiner import critic_of, save_network
from policies.run_dir import RunDir, save_arrays


class NormalizeObservations(BaseCallback):
    """Feeds each rollout's observations to the policy's normaliser.

    Moments gathered in one rollout take effect at the next one's start, so that
    collecting and learning of one iteration see the same policy.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pending: tuple[torch.Tensor, torch.Tensor, float] | None = None

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        if self._pending is None:
            return {"count": np.zeros(())}
        mean, var, count = self._pending
        return {"mean": mean.numpy(), "var": var.numpy(), "count": np.array(count)}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        if state["count"] > 0:
            mean, var = (torch.from_numpy(state[name]) for name in ("mean", "var"))
            self._pending = mean, var, float(state["count"])

    def _on_rollout_start(self) -> None:
        if self._pending is not None:
            policy: Any = self.model.policy
            policy.features_extractor.normalizer.merge(*self._pending)
            self._pending = None

    def _on_rollout_end(self) -> None:
        seen = self.locals["rollout_buffer"].observations
        self._pending = moments(torch.from_numpy(seen.reshape(-1, seen.shape[-1])))

    def _on_step(self) -> bool:
        return True


class Kept(Protocol):
    """Something whose arrays belong into a checkpoint."""

    def state(self) -> dict[str, NDArray]:
        """Arrays to keep."""
        ...


class Checkpoint(BaseCallback):
    """Saves everything a resume needs, every `period` seconds and at the end.

    `kept` are owners of arrays by name; an `average` is written as the refiner, beside
    the critic of now, where no trial keeps the best; `after` is called once all is
    saved.
    """

    def __init__(
        self,
        run: RunDir,
        kept: Mapping[str, Kept],
        *,
        period: float = 60.0,
        average: Average | None = None,
        after: Callable[[], Any] = lambda: None,
    ) -> None:
        super().__init__()
        self.run, self.kept, self.period, self.after = run, kept, period, after
        self.average = average
        self._last = time.monotonic()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        if time.monotonic() - self._last > self.period:
            self.save()

    def _on_training_end(self) -> None:
        self.save()

    def save(self) -> None:
        """Write checkpoint, pool and the networks' plain weights, atomically."""
        atomic(self.run.checkpoint, self._save_model)
        arrays = {
            f"{name}_{key}": array
            for name, owner in self.kept.items()
            for key, array in owner.state().items()
        }
        save_arrays(self.run.progress, arrays)
        if self.average is not None:
            save_network(self.run.refiner, self.average.actor())
            save_network(self.run.critic, critic_of(self.model))  # pyright: ignore
        self.after()
        self._last = time.monotonic()

    def _save_model(self, path: Path) -> None:
        self.model.save(path)


class StopAfter(BaseCallback):
    """Ends training after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def _on_training_start(self) -> None:
        self._end = time.monotonic() + self.seconds

    def _on_step(self) -> bool:
        return time.monotonic() < self._end
