"""The progressive state pool: where episodes start (SUGAR, arXiv 2605.20373, 3.2).

`pool[row]` holds a full simulator state that the policy itself reached at that frame.
Rows are those of `Reference`. At first only the clips' first frames are flagged;
simulations that survive write the state they passed a while ago, so starts move along
the clip as far as the policy already gets. Where priors are clean, seeding every row
with the prior's own state starts learning everywhere at once. Starts are drawn evenly,
or by where episodes fail or learning moves (`StartBins`).
"""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from envs.reference import Reference
from envs.start_bins import Draw, StartBins

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
    | write | off: states that the policy reached are never taken up |
    | draw | which flagged rows: all alike, by failures, or by learning progress |
    | bin_frames, memory | length of a bin; steps over which its rates are taken |
    | uniform_share | share of starts that are even all the same |
    """

    start_share: float = 0.25
    seed_reference: bool = True
    first_write: int = 24_000
    period: int = 2_400
    delay: int = 48
    write: bool = True
    draw: Draw = "uniform"
    bin_frames: int = 50
    memory: int = 500
    uniform_share: float = 0.2

    def validate(self) -> None:
        """Raise ValueError naming the first setting that makes no sense."""
        for name in ("start_share", "uniform_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                msg = f"state pool: {name} is {getattr(self, name):g}, "
                raise ValueError(msg + "expected a share from 0 to 1")
        for name in ("period", "delay", "bin_frames", "memory"):
            if getattr(self, name) < 1:
                msg = f"state pool: {name} is {getattr(self, name)}, expected >= 1"
                raise ValueError(msg)
        if self.draw not in get_args(Draw):
            msg = f"state pool: draw is '{self.draw}', expected one of "
            raise ValueError(msg + ", ".join(get_args(Draw)))


class StatePool:
    """Flagged states to start from, and the recent past of every simulation."""

    def __init__(
        self,
        reference: Reference,
        num_sims: int,
        num_joints: int,
        settings: PoolSettings,
    ) -> None:
        settings.validate()
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
        self.bins = StartBins(
            reference.start, reference.length, settings.bin_frames, settings.memory
        )
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

    def leave_out(self, rows: NDArray[np.bool_]) -> None:
        """Start from none of `rows (S,)` before the policy has reached them itself.

        First frames stay.
        """
        self.flagged[rows] = False
        self.flagged[self.reference.start] = True

    def draw(self, ids: Ids, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows where simulations `ids` start; forget their past."""
        rows = self._choose(len(ids), rng)
        fixed = ids < self.num_fixed
        count = int(fixed.sum())
        turns = (self.next_clip + np.arange(count)) % self.reference.num_clips
        rows[fixed] = self.reference.start[turns]
        self.next_clip = (self.next_clip + count) % self.reference.num_clips
        self._age[ids] = 0
        return rows

    def _choose(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Flagged rows, `count` of them, as the settings have it."""
        rows, draw = np.flatnonzero(self.flagged), self.settings.draw
        if draw == "uniform":
            return rng.choice(rows, size=count)
        chances = self.bins.chances(rows, draw, self.settings.uniform_share)
        edges = np.cumsum(chances)
        picked = np.searchsorted(edges, rng.random(count) * edges[-1], "right")
        return rows[np.minimum(picked, len(rows) - 1)]

    def record(
        self,
        rows: NDArray[np.integer],
        qpos: Floats,
        qvel: Floats,
        action: Floats,
        failed: NDArray[np.bool_] | None = None,
    ) -> None:
        """Remember the states of all simulations after a step; write when due.

        `failed (N,)` are those whose episode a termination ends here.
        """
        if failed is not None and self.settings.draw != "uniform":
            self.bins.record(rows, failed)
        self._age += 1
        self.steps += 1
        if self.settings.write:
            self._remember(rows, (qpos, qvel, action))

    def _remember(self, rows: Ids, state: tuple[Floats, Floats, Floats]) -> None:
        """Write the states of `delay` steps ago if that is due; keep today's."""
        steps = self.steps - 1
        slot = steps % self.settings.delay
        old_enough = self._age > self.settings.delay
        due = steps - self.settings.first_write
        if due >= 0 and due % self.settings.period == 0:
            self._write(slot, np.flatnonzero(old_enough))
        for past, now in zip(self._past, state, strict=True):
            past[slot] = now
        self._past_row[slot] = rows

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
            **{f"bins_{name}": array for name, array in self.bins.state().items()},
        }

    def past(self) -> dict[str, NDArray]:
        """What else a checkpoint needs where simulations go on in mid-flight."""
        if not self.settings.write:
            return {"age": self._age}
        parts = dict(zip(("past_q", "past_v", "past_a"), self._past, strict=True))
        return {"age": self._age, "past_row": self._past_row, **parts}

    def restore_past(self, state: dict[str, NDArray]) -> None:
        """Take up what `past` returned."""
        for name, array in self.past().items():
            array[:] = state[name]

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
        bins = {k: state.get(f"bins_{k}", v) for k, v in self.bins.state().items()}
        if bins["seen"].shape != self.bins.seen.shape:
            msg = "state pool: checkpoint has other bins; resume with the same settings"
            raise ValueError(msg)
        self.bins.restore(bins)
