"""Where episodes fail along the clips, and where learning moves: what starts are for.

Each clip is cut into bins of about a second. A bin's failure rate is the chance that
an episode which enters it ends there without being complete, over the recent past.
Rates, unlike counts of failures, do not grow because a bin is often begun in
(BeyondMimic, arXiv 2508.08241, samples starts by counts).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ids = NDArray[np.integer]
Draw = Literal["uniform", "failures", "progress"]

FASTER = 4.0
"""How many times shorter the memory of the newer of the two rates is."""

BEFORE = (1.0, 0.5, 0.25)
"""Weight of a bin's score for starts in it, one bin before it, and two."""


class StartBins:
    """Failure rates of every bin over a long and a short memory.

    | array | shape | meaning |
    |---|---|---|
    | of_row | (S,) | bin of each row of the reference |
    | clip | (B,) | clip of each bin |
    | seen, failed | (2, B) | discounted frames spent and failures; long, short |
    """

    def __init__(self, start: Ids, length: Ids, frames: int, memory: float) -> None:
        clip = np.repeat(np.arange(len(start)), length)
        number = (np.arange(len(clip)) - start[clip]) // frames
        count = -(-length // frames)
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        self.of_row = first[clip] + number
        self.clip = np.repeat(np.arange(len(start)), count)
        self.frames = frames
        self.seen = np.zeros((2, len(self.clip)))
        self.failed = np.zeros((2, len(self.clip)))
        self._keep = np.exp([[-1.0 / memory], [-FASTER / memory]])

    def record(self, rows: Ids, failed: NDArray[np.bool_]) -> None:
        """Count one step of simulations at `rows (N,)`, of which some `failed (N,)`."""
        now, num = self.of_row[rows], len(self.clip)
        for total, bins in ((self.seen, now), (self.failed, now[failed])):
            total *= self._keep
            total += np.bincount(bins, minlength=num)

    def rates(self) -> Floats:
        """Chance `(2, B)` of failing within a bin: long memory, then short.

        A bin that few have been to takes after the mean of all.
        """
        mean = (self.failed.sum(axis=1) + 1.0) / (self.seen.sum(axis=1) + self.frames)
        each = self.failed + mean[:, None] * self.frames
        hazard = np.minimum(each / (self.seen + self.frames), 1.0)
        return 1.0 - (1.0 - hazard) ** self.frames

    def scores(self, draw: Draw) -> Floats:
        """How much a start in each bin `(B,)` may teach.

        By "failures" it is the mean failure rate of the bin and the two that follow it,
        by "progress" how far the rate of late differs from that over the long memory.
        """
        if draw == "uniform":
            return np.ones(len(self.clip))
        long, short = self.rates()
        own = long if draw == "failures" else np.abs(short - long)
        total, weights = np.zeros(len(own)), np.zeros(len(own))
        for ahead, weight in enumerate(BEFORE):
            same = weight * (self.clip[ahead:] == self.clip[: len(own) - ahead])
            total[: len(own) - ahead] += own[ahead:] * same
            weights[: len(own) - ahead] += same
        return total / weights

    def chances(self, rows: Ids, draw: Draw, uniform_share: float) -> Floats:
        """Probability of each of the possible starts `rows (M,)`; sums to 1."""
        score = self.scores(draw)[self.of_row[rows]]
        total = score.sum()
        even = 1.0 / len(rows)
        if total <= 0.0:
            return np.full(len(rows), even)
        return uniform_share * even + (1.0 - uniform_share) * score / total

    def state(self) -> dict[str, NDArray]:
        """Arrays that a checkpoint must keep."""
        return {"seen": self.seen, "failed": self.failed}

    def restore(self, state: dict[str, NDArray]) -> None:
        """Take up what `state` returned."""
        self.seen[:], self.failed[:] = state["seen"], state["failed"]
