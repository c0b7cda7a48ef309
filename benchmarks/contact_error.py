"""How well contact labels agree with the truth, per body and frame."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

NEAR = 30
"""An onset farther off [frames] is another one, and the true one was missed."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Counts over bodies and frames, and what became of each true onset.

    | field | unit | meaning |
    |---|---|---|
    | hits, false, missed | | frames times bodies: both, only found, only true |
    | at_edges | | wrong ones within three frames of a true change |
    | onsets | frames | found less true, per true onset; NaN where there is none |
    """

    hits: int
    false: int
    missed: int
    at_edges: int
    onsets: tuple[float, ...]

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing touches."""
        total = 2 * self.hits + self.false + self.missed
        return 2 * self.hits / total if total else 1.0


def agreement(found: Bools, true: Bools) -> Agreement:
    """Compare labels `(T, C)`."""
    wrong = found != true
    edges = np.zeros_like(true)
    for frame, body in np.argwhere(true[1:] != true[:-1]):
        edges[max(frame - 2, 0) : frame + 4, body] = True
    onsets = [
        offset
        for body in range(true.shape[1])
        for offset in _offsets(_rises(found[:, body]), _rises(true[:, body]))
    ]
    return Agreement(
        int((found & true).sum()),
        int((found & ~true).sum()),
        int((~found & true).sum()),
        int((wrong & edges).sum()),
        tuple(onsets),
    )


def _rises(labels: Bools) -> NDArray[np.intp]:
    return np.flatnonzero(labels[1:] & ~labels[:-1]) + 1


def _offsets(found: NDArray[np.intp], true: NDArray[np.intp]) -> list[float]:
    offsets = []
    for onset in true:
        gap = found - onset
        near = gap[np.argmin(np.abs(gap))] if len(gap) else NEAR + 1
        offsets.append(float(near) if abs(near) <= NEAR else float("nan"))
    return offsets
