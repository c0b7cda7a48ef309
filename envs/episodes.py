"""The books of running episodes: where each began, what it earned, how it ended."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ids = NDArray[np.integer]

COMPLETE = "complete"
"""How an episode ends that came to its clip's end."""


class Episodes:
    """Return, first frame and kind of start of each of `num_envs` simulations.

    | array | shape | meaning |
    |---|---|---|
    | begun | (N,) | frame of its clip at which the episode began |
    | earned | (N,) | sum of its rewards so far |
    """

    def __init__(self, num_envs: int, causes: list[str]) -> None:
        self.begun = np.zeros(num_envs, np.int64)
        self.earned = np.zeros(num_envs)
        self._causes = causes

    def begin(self, ids: Ids, time: Ids) -> None:
        """Simulations `ids` start anew, at frames `time`."""
        self.begun[ids], self.earned[ids] = time, 0.0

    def report(
        self, i: int, cause: int, time: int, length: int, object_error: float
    ) -> dict[str, Any]:
        """What a finished episode's info says; `cause` −1 is its clip's end.

        `time` is the frame it came to of the `length` that its clip has,
        `object_error` the object's distance [m] from the prior's there.
        """
        return {
            "r": float(self.earned[i]),
            "l": int(time - self.begun[i]),
            "cause": COMPLETE if cause < 0 else self._causes[cause],
            "from_start": bool(self.begun[i] == 0),
            "reached": float(time / (length - 1)),
            "object_error": object_error,
        }
