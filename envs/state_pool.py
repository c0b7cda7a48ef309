"""The progressive state pool: where episodes start (SUGAR, arXiv 2605.20373, 3.2).

`pool[row]` holds a full simulator state that the policy itself reached at that frame.
Rows are those of `Reference`. At first only the clips' first frames are flagged;
simulations that survive write the state they passed a while ago, so starts move along
the clip as far as the policy already gets. Where priors are clean, seeding every row
with the prior's own state starts learning everywhere at once.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from envs.reference import Reference

Floats = NDArray[np.floating]
Ids = NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class PoolSettings:
    """When and how the pool is used; counts are control steps.

    | field | meaning |
    |---|---|
    | start_share | share of simulations that always start at frame 0, clips in turn |
    | seed_reference | flag every row with the prior's state from the beginning |
    | first_write, period | first write, and steps between writes |
    | delay | age of the written state; writers were not reset for that long |
    """

    start_share: float = 0.25
    seed_reference: bool = True
    first_write: int = 24_000
    period: int = 2_400
    delay: int = 48


class StatePool:
    """Flagged states to start from, and the recent past of every simulation."""

    def __init__(
        self,
        reference: Reference,
        num_sims: int,
        num_joints: int,
        settings: PoolSettings,
    ) -> None:
        self.settings = settings
        self.reference = reference
        self.qpos = reference.qpos.copy()
        self.qvel = reference.qvel.copy()
        self.last_action = np.zeros((len(self.qpos), num_joints), np.float32)
        self.flagged = np.zeros(len(self.qpos), bool)
        self.flagged[reference.start] = True
        if settings.seed_reference:
            self.flagged[:] = True
            self.flagged[reference.start + reference.length - 1] = False
        self.next_clip = 0
        self.steps = 0
        self._past = [
            np.zeros((settings.delay, num_sims, width), dtype)
            for width, dtype in (
                (self.qpos.shape[1], np.float64),
                (self.qvel.shape[1], np.float64),
                (num_joints, np.float32),
            )
        ]
        self._past_row = np.zeros((settings.delay, num_sims), np.int64)
        self._age = np.zeros(num_sims, np.int64)
        self.num_fixed = round(settings.start_share * num_sims)

    def draw(self, ids: Ids, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows where simulations `ids` start; forget their past."""
        rows = rng.choice(np.flatnonzero(self.flagged), size=len(ids))
        fixed = ids < self.num_fixed
        count = int(fixed.sum())
        turns = (self.next_clip + np.arange(count)) % self.reference.num_clips
        rows[fixed] = self.reference.start[turns]
        self.next_clip = (self.next_clip + count) % self.reference.num_clips
        self._age[ids] = 0
        return rows

    def record(
        self, rows: NDArray[np.integer], qpos: Floats, qvel: Floats, action: Floats
    ) -> None:
        """Remember the states of all simulations after a step; write when due."""
        slot = self.steps % self.settings.delay
        old_enough = self._age >= self.settings.delay
        due = self.steps - self.settings.first_write
        if due >= 0 and due % self.settings.period == 0:
            self._write(slot, np.flatnonzero(old_enough))
        for past, now in zip(self._past, (qpos, qvel, action), strict=True):
            past[slot] = now
        self._past_row[slot] = rows
        self._age += 1
        self.steps += 1

    def _write(self, slot: int, ids: Ids) -> None:
        rows = self._past_row[slot, ids]
        movable = ~np.isin(rows, self.reference.start)
        rows, ids = rows[movable], ids[movable]
        self.qpos[rows], self.qvel[rows], self.last_action[rows] = (
            past[slot, ids] for past in self._past
        )
        self.flagged[rows] = True

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        return {
            "qpos": self.qpos,
            "qvel": self.qvel,
            "last_action": self.last_action,
            "flagged": self.flagged,
            "counters": np.array([self.next_clip, self.steps]),
        }

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned; ValueError if the clips differ."""
        if state["qpos"].shape != self.qpos.shape:
            msg = (
                f"state pool: checkpoint has {state['qpos'].shape} states, "
                f"these priors need {self.qpos.shape}; resume with the same priors"
            )
            raise ValueError(msg)
        for name in ("qpos", "qvel", "last_action", "flagged"):
            getattr(self, name)[:] = state[name]
        self.next_clip, self.steps = (int(c) for c in state["counters"])
