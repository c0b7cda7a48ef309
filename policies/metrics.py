"""Honest rates: a share with its interval."""

from __future__ import annotations

import math
from typing import Any


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    scale = 1.0 / (1.0 + z**2 / trials)
    centre = (share + z**2 / (2 * trials)) * scale
    half = z * scale * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def rate(successes: int, trials: int) -> dict[str, Any]:
    """A share with count, trials and 95 % interval, for metrics.json."""
    low, high = wilson(successes, trials)
    return {
        "rate": successes / max(trials, 1),
        "successes": successes,
        "trials": trials,
        "interval95": [round(low, 4), round(high, 4)],
    }
