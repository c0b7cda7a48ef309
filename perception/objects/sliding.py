"""Friction of what slides: a box let go of slows down as its friction says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.gravity import GRAVITY
from perception.track import Track

Floats = NDArray[np.floating]

LEAST_WAY_M, LEAST_FRAMES = 0.3, 8
"""A slide that tells something is at least as long."""
BEGUN, DONE = 0.85, 0.08
"""Shares of the way that are left where the fit begins and where it ends."""
MAX_MISFIT = 0.02
"""Of the square root of the way left [√m]."""
MAX_RISE_M = 0.05
POSSIBLE = (0.05, 1.5)


def slide_friction(track: Track) -> float | None:
    """Sliding friction of an object that comes to rest by itself; None if none does.

    Evenly slowed by μg, the way left d is half of μg times the time left squared, so
    √d falls on a line whose slope is √(μg/2).
    """
    touched = np.flatnonzero(track.contact.any(axis=1))
    if not len(touched) or track.num_frames - touched[-1] < LEAST_FRAMES:
        return None
    pos = track.object_pos_w[touched[-1] :]
    goal = np.median(pos[-5:], axis=0)
    way = goal[:2] - track.object_pos_w[touched[0], :2]
    length = float(np.linalg.norm(way))
    if length < LEAST_WAY_M or np.abs(pos[:, 2] - goal[2]).max() > MAX_RISE_M:
        return None
    left = (goal[:2] - pos[:, :2]) @ (way / length)
    sliding = _run(left, length)
    if sliding.stop - sliding.start < LEAST_FRAMES:
        return None
    return _fit(left[sliding], track.fps)


def _run(left: Floats, length: float) -> slice:
    """The frames from the first with less than `BEGUN` to the first below `DONE`."""
    start = int(np.argmax(left < BEGUN * length))
    below = left[start:] < DONE * length
    return slice(start, start + int(np.argmax(below)) if below.any() else start)


def _fit(left: Floats, fps: float) -> float | None:
    """Friction from ways left `(K,)` [m] while sliding; None where they do not fit."""
    t, root = np.arange(len(left)) / fps, np.sqrt(np.maximum(left, 0.0))
    slope, at_first = np.polyfit(t, root, 1)
    friction = float(2.0 * slope**2 / GRAVITY)
    misfit = float(np.std(root - at_first - slope * t))
    possible = slope < 0.0 and POSSIBLE[0] <= friction <= POSSIBLE[1]
    return friction if possible and misfit <= MAX_MISFIT else None
