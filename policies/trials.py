"""Trials: how far the policy gets without noise while it learns, and the best one kept.

A policy that explores falls where it would not otherwise, and more learning is not
always better: what ships is the networks of the best trial, not the last ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from envs.episodes import COMPLETE
from policies.average import Average
from policies.refiner import Agent, critic_of, save_network
from policies.rollouts import Attempt
from policies.run_dir import RunDir

Row = Mapping[str, Any]
"""Of a run's curve."""

IN_ALL = 20
"""Trials over a run's length, beside the one before it learns anything."""

LEARNT = 0.9
"""Share of a trial's episodes that complete in a skill that counts as learnt."""


@dataclasses.dataclass(frozen=True, order=True)
class Trial:
    """Shares of episodes that complete, and of clips that they reach, after `steps`."""

    completion: float
    reached: float
    steps: int

    @classmethod
    def of(cls, attempts: Sequence[Attempt], steps: int) -> Trial:
        """The shares over `attempts`."""
        complete = np.mean([attempt.ended == COMPLETE for attempt in attempts])
        reached = np.mean([attempt.reached for attempt in attempts])
        return cls(float(complete), float(reached), steps)


class Trials(BaseCallback):
    """Asks `roll` for episodes of the average without noise, every `period` steps.

    The networks of the best trial are the run's refiner and critic.
    """

    def __init__(
        self,
        run: RunDir,
        average: Average,
        roll: Callable[[Agent], Sequence[Attempt]],
        period: int,
    ) -> None:
        super().__init__()
        self.run, self.average, self.period, self._roll = run, average, period, roll
        self.best: Trial | None = None
        self.last: Trial | None = None

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        found = {"best": self.best, "last": self.last}
        return {
            name: np.array(dataclasses.astuple(trial))
            for name, trial in found.items()
            if trial is not None
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        for name, (completion, reached, steps) in state.items():
            setattr(self, name, Trial(completion, reached, int(steps)))

    def _on_training_start(self) -> None:
        if self.last is None:
            self._hold()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        """Between iterations, when the networks have just learnt."""
        assert self.last is not None
        if self.num_timesteps - self.last.steps >= self.period:
            self._hold()

    def _on_training_end(self) -> None:
        assert self.last is not None
        if self.num_timesteps > self.last.steps:
            self._hold()

    def _hold(self) -> None:
        """One trial; keep the networks if none did better before."""
        actor = self.average.actor()
        self.last = Trial.of(self._roll(Agent(actor)), self.num_timesteps)
        if self.best is None or self.last >= self.best:
            self.best = self.last
            save_network(self.run.refiner, actor)
            save_network(self.run.critic, critic_of(self.model))  # pyright: ignore[reportArgumentType]


class StopWhenLearnt(BaseCallback):
    """Ends training once a trial is at a level.

    Not before the rollout after it is over, so that the curve's last row tells of it.
    """

    def __init__(self, trials: Trials, level: float) -> None:
        super().__init__()
        self.trials, self.level = trials, level
        self._learnt = False

    def _on_training_start(self) -> None:
        if self.num_timesteps > 0:
            self._look()

    def _on_rollout_end(self) -> None:
        self._look()

    def _on_step(self) -> bool:
        return not self._learnt

    def _look(self) -> None:
        best = self.trials.best
        self._learnt = best is not None and best.completion >= self.level


def learnt_row(rows: Sequence[Row], level: float) -> Row | None:
    """The first row of a curve with a trial at the level; None where none is."""
    held = (row for row in rows if row.get("trial") is not None)
    return next((row for row in held if row["trial"] >= level), None)


def milestones(rows: Sequence[Row]) -> dict[str, Any]:
    """What the trials in a curve's `rows` say, for a run's metrics; empty without any.

    The best of them, and the steps and seconds that went by until one was `LEARNT`.
    """
    held = [row for row in rows if row.get("trial") is not None]
    if not held:
        return {}
    best = max(held, key=lambda row: row["trial"])
    learnt = learnt_row(rows, LEARNT) or {}
    return {
        "best_trial": best["trial"],
        "best_trial_steps": best["steps"],
        "steps_to_90": learnt.get("steps"),
        "seconds_to_90": learnt.get("seconds"),
    }
