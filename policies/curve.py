"""The learning curve: completion, reward terms and speed, one row an iteration."""

from __future__ import annotations

import collections
import json
import time
from typing import Any

import numpy as np
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
from policies.run_dir import RunDir
from policies.trials import Trials

WINDOW = 200
"""Finished episodes from the first frame over which completion is averaged."""


LEARNER = {
    "kl": "approx_kl",
    "clipped": "clip_fraction",
    "explained_variance": "explained_variance",
    "value_loss": "value_loss",
}
"""Columns of the curve, and their names in SB3's log."""


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
        self.helped = False
        self.trials: Trials | None = None
        self._said: dict[str, float] = {}
        self.rows: list[dict[str, Any]] = []
        self._progress: Progress | None = None
        self._bar = TaskID(0)

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep for the curve to go on."""
        return {
            "seconds": np.array(self.seconds),
            "learner": np.array(list(self._learner().values()), float),
            "complete": np.array(self.complete, bool),
            "reached": np.array(self.reached, float),
            "returns": np.array(self.returns, float),
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        self.seconds = float(state["seconds"])
        said = state.get("learner", np.full(len(LEARNER), np.nan)).tolist()
        pairs = zip(LEARNER.values(), said, strict=True)
        self._said = {f"train/{key}": v for key, v in pairs if np.isfinite(v)}
        for name in ("complete", "reached", "returns"):
            getattr(self, name).extend(state[name].tolist())

    def share_complete(self) -> float:
        """Share of the window's episodes that completed; 0 until the window is full."""
        return _mean(self.complete) if len(self.complete) == WINDOW else 0.0

    def restart_window(self) -> None:
        """Forget the episodes so far: what follows is under other conditions."""
        for values in (self.complete, self.reached, self.returns):
            values.clear()

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
            "seconds": round(self.seconds, 3),
            "completion": _mean(self.complete),
            "reached": _mean(self.reached),
            "return": _mean(self.returns),
            "window": len(self.complete),
            "helped": self.helped,
            **self._trial(),
            "std": self._exploration(),
            **self._learner(),
            "causes": dict(self.causes),
            "terms": self.env.rewards.drain_means(),
        }
        self.causes.clear()
        self.rows.append(row)
        with self.run.curve.open("a") as file:
            file.write(json.dumps(row) + "\n")
        for name in ("completion", "reached", "return"):
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

    def _trial(self) -> dict[str, float | None]:
        """Shares of the newest trial, in the row of the rollout that followed."""
        last = self.trials.last if self.trials is not None else None
        begun = self.num_timesteps - self.model.n_steps * self.env.num_envs  # pyright: ignore
        if last is None or last.steps < begun:
            return {"trial": None, "trial_reached": None}
        return {"trial": last.completion, "trial_reached": last.reached}

    def _learner(self) -> dict[str, float | None]:
        """What PPO said of the update before this rollout; None before the first."""
        said = {**self._said, **self.logger.name_to_value}
        found = {name: said.get(f"train/{key}") for name, key in LEARNER.items()}
        return {k: None if v is None else round(float(v), 6) for k, v in found.items()}

    def _exploration(self) -> float:
        """Mean standard deviation of the policy's actions."""
        policy: Any = self.model.policy
        return float(policy.log_std.detach().exp().mean())

    def _on_training_end(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _mean(values: collections.deque) -> float:
    return float(np.mean(values)) if values else 0.0
