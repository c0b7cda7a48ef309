"""When a motion begins, told from how it goes on: between frames, without thresholds.

What people move, and people themselves, leave a place and arrive at one smoothly:
the way from there grows like a power of time. What is struck moves off at once and is
slowed down evenly. Either law, fitted to the part that stands out of the noise, says
when the way was nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

SMOOTH = 3.0
"""Power of time with which the smoothest motion between two places begins."""
BRAKED = 2.5
"""The same between even acceleration, 2, and the smoothest."""
SLIDES = (0.12, 0.9)
"""Shares of the whole way between which what was struck slides freely."""


def begins(way: Floats, low: float, high: float, power: float = SMOOTH) -> float:
    """The time [frames] at which `way (T,)` [m] left 0, as `power` has it.

    Fitted from where it first exceeds `low` until it exceeds `high` or turns back.
    """
    way = np.asarray(way, float)
    above = way > min(low, 0.5 * float(way.max()))
    first = int(np.argmax(above))
    if not above.any() or first == 0:
        return float(first)
    last = first + 1
    while last < len(way) and way[last - 1] < high and way[last] > way[last - 1]:
        last += 1
    first = min(first, max(last - 2, 0))
    frames = np.arange(first, last)
    if len(frames) < 2:
        return float(first)
    root = np.maximum(way[first:last], 1e-6) ** (1.0 / power)
    slope, offset = np.polyfit(frames, root, 1)
    if slope <= 0.0:
        return float(first)
    return float(np.clip(-offset / slope, 0.0, first))


def struck(way: Floats) -> float:
    """The time [frames] at which `way (T,)` [m] left 0 at once, to slow down evenly."""
    way = np.asarray(way, float)
    low, high = np.array(SLIDES) * float(way.max())
    first = int(np.argmax(way > low))
    last = first + int(np.argmax(way[first:] >= high)) + 1
    last = min(max(last, first + 3), len(way))
    time = np.arange(last - first)
    if len(time) < 3:
        return float(first)
    bend, speed, gone = np.polyfit(time, way[first:last], 2)
    if bend > -1e-6:
        speed, gone = np.polyfit(time, way[first:last], 1)
        before = gone / max(speed, 1e-6)
    else:
        root = np.sqrt(max(speed**2 - 4.0 * bend * gone, 0.0))
        before = (speed - root) / (2.0 * bend)
    return float(np.clip(first - before, 0.0, first))
