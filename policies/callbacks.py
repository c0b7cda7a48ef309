"""What happens between PPO's iterations: normalising, logging, checkpoints."""

from __future__ import annotations

import collections
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from stable_baselines3.common.callbacks import BaseCallback

from envs.batch_env import BatchEnv
from policies.refiner import actor_of, critic_of, save_network
from policies.run_dir import RunDir, atomic, save_arrays

WINDOW = 200
"""Finished episodes from the first frame over which completion is averaged."""


class NormalizeObservations(BaseCallback):
    """Feeds each rollout's observations to the policy's normaliser.

    Moments gathered in one rollout take effect at the next one's start, so that
    collecting and learning of one iteration see the same policy.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pending: torch.Tensor | None = None

    def _on_rollout_start(self) -> None:
        if self._pending is not None:
            policy: Any = self.model.policy
            policy.features_extractor.normalizer.update(self._pending)

    def _on_rollout_end(self) -> None:
        observations = self.locals["rollout_buffer"].observations
        flat = observations.reshape(-1, observations.shape[-1])
        self._pending = torch.from_numpy(flat.copy())

    def _on_step(self) -> bool:
        return True


class Curve(BaseCallback):
    """Completion, reward terms and speed: one JSON line and log row an iteration."""

    def __init__(self, env: BatchEnv, run: RunDir, goal: int, *, show: bool) -> None:
        super().__init__()
        self.env, self.run, self.goal, self.show = env, run, goal, show
        self.complete: collections.deque[bool] = collections.deque(maxlen=WINDOW)
        self.reached: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self.returns: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self.causes: collections.Counter[str] = collections.Counter()
        self.seconds = 0.0
        self.rows: list[dict[str, Any]] = []
        self._progress: Progress | None = None
        self._bar = TaskID(0)

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep for the curve to go on."""
        return {
            "seconds": np.array(self.seconds),
            "complete": np.array(self.complete, bool),
            "reached": np.array(self.reached, float),
            "returns": np.array(self.returns, float),
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        self.seconds = float(state["seconds"])
        for name in ("complete", "reached", "returns"):
            getattr(self, name).extend(state[name].tolist())

    def _on_training_start(self) -> None:
        self._clock = time.monotonic()
        if self.show:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            self._progress.start()
            self._bar = self._progress.add_task(
                "training", total=self.goal, completed=self.num_timesteps
            )

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            episode = info.get("episode")
            if episode is None:
                continue
            self.returns.append(episode["r"])
            if episode["from_start"]:
                self.complete.append(episode["cause"] == "complete")
                self.reached.append(episode["reached"])
                self.causes[episode["cause"]] += 1
        return True

    def _on_rollout_end(self) -> None:
        now = time.monotonic()
        self.seconds += now - self._clock
        self._clock = now
        row = {
            "steps": self.num_timesteps,
            "seconds": round(self.seconds, 1),
            "completion": _mean(self.complete),
            "reached": _mean(self.reached),
            "return": _mean(self.returns),
            "std": self._exploration(),
            "causes": dict(self.causes),
            "terms": self.env.rewards.drain_means(),
        }
        self.causes.clear()
        self.rows.append(row)
        with self.run.curve.open("a") as file:
            file.write(json.dumps(row) + "\n")
        for name in ("completion", "reached", "return", "std"):
            self.logger.record(f"train/{name}", row[name])
        for name, value in row["terms"].items():
            self.logger.record(f"terms/{name}", value)
        if self._progress is not None:
            text = (
                f"training  complete {row['completion']:4.0%}  "
                f"reached {row['reached']:4.0%}  return {row['return']:.2f}"
            )
            self._progress.update(
                self._bar, completed=self.num_timesteps, description=text
            )

    def _exploration(self) -> float:
        """Mean standard deviation of the policy's actions."""
        policy: Any = self.model.policy
        return float(policy.log_std.detach().exp().mean())

    def _on_training_end(self) -> None:
        if self._progress is not None:
            self._progress.stop()


class Checkpoint(BaseCallback):
    """Saves everything a resume needs, every `period` seconds and at the end."""

    def __init__(
        self, env: BatchEnv, curve: Curve, run: RunDir, period: float = 60.0
    ) -> None:
        super().__init__()
        self.env, self.curve, self.run, self.period = env, curve, run, period
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
        pool = {f"pool_{k}": v for k, v in self.env.pool.state().items()}
        curve = {f"curve_{k}": v for k, v in self.curve.state().items()}
        save_arrays(self.run.progress, {**pool, **curve})
        save_network(self.run.refiner, actor_of(self.model))  # pyright: ignore
        save_network(self.run.critic, critic_of(self.model))  # pyright: ignore
        self._last = time.monotonic()

    def _save_model(self, path: Path) -> None:
        self.model.save(path)


class StopWhenLearnt(BaseCallback):
    """Ends training once completion over the window stays above a level."""

    def __init__(self, curve: Curve, level: float) -> None:
        super().__init__()
        self.curve, self.level = curve, level

    def _on_step(self) -> bool:
        full = len(self.curve.complete) == WINDOW
        return not (full and _mean(self.curve.complete) >= self.level)


class StopAfter(BaseCallback):
    """Ends training after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def _on_training_start(self) -> None:
        self._end = time.monotonic() + self.seconds

    def _on_step(self) -> bool:
        return time.monotonic() < self._end


def _mean(values: collections.deque) -> float:
    return float(np.mean(values)) if values else 0.0
