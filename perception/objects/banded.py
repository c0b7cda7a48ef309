"""Least squares over a path whose poses are tied to their neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Floats = NDArray[np.floating]


class Banded:
    """Least squares in `(N, 6)` unknowns that tie at most three neighbours."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.bands = np.zeros((18, 6 * count))
        self.right = np.zeros(6 * count)

    def add(self, k: int, information: Floats, target: Floats) -> None:
        """Change `k` is `target (6,)`, as sure as `information (6, 6)` says."""
        for i in range(6):
            for j in range(i, 6):
                self.bands[17 - (j - i), 6 * k + j] += information[i, j]
        self.right[6 * k : 6 * k + 6] += information @ target

    def tie(
        self, keys: list[int], factors: list[float], target: Floats, weight: Floats
    ) -> None:
        """`factors` times the changes of `keys` sum to `target (6,)`."""
        own = np.arange(6)
        for a, p in zip(keys, factors, strict=True):
            self.right[6 * a + own] += p * weight * target
            for b, q in zip(keys, factors, strict=True):
                if b >= a:
                    self.bands[17 - 6 * (b - a), 6 * b + own] += p * q * weight

    def solve(self) -> Floats:
        """The changes `(N, 6)`."""
        self.bands[17] += 1e-6
        return solveh_banded(self.bands, self.right).reshape(self.count, 6)
