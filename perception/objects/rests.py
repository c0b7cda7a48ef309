"""When an object leaves its rest, and when what was lifted is set down again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

CLEAR_M, NEAR_M, WOBBLES = 0.08, 0.02, 4
"""Farther than the first from where it rested it has left, but not yet within the
second, or while it wobbles by as much for so many key frames."""
LIFTED_M, SET_M, SINKS_M_S = 0.15, 0.06, 0.2
"""What was higher than the first is set down below the second, where it sinks no
faster than the third."""
MIN_REST_S, DRIFT_M = 0.35, 0.25


def last_at_rest(start: int, away: Floats) -> int:
    """The last key frame at rest, at or after `start`, before it leaves for good.

    `away (N, 3)` [m] is its way from where it rested. What hides it in part makes it
    seem to move by as much as it does not yet.
    """
    gone = np.linalg.norm(away, axis=1)
    far = gone > CLEAR_M
    lasting = np.flatnonzero(far & np.append(far[1:], True))
    lasting = lasting[lasting > start]
    if len(lasting) == 0:
        return start
    before = gone[start + 1 : lasting[0]]
    if len(before) < WOBBLES:
        return start
    near = before <= max(NEAR_M, 1.5 * float(np.median(before)))
    return start + 1 + int(np.flatnonzero(near)[-1])


def set_down(start: int, high: Floats, away: Floats, time: Floats) -> Bools:
    """Key frames, to the clip's end, in which what was lifted lies on the floor.

    Nobody slides what they set down: it lies still from where it sinks no more.
    `high (N,)` [m] is its height over the floor, `away (N, 3)` [m] its way from where
    it rested, `time (N,)` [s].
    """
    count = len(high)
    down = np.zeros(count, bool)
    if count < 2 or high[start:].max() < LIFTED_M:
        return down
    low = (high < SET_M) & (np.arange(count) > start)
    until = np.logical_and.accumulate(low[::-1])[::-1]
    steps = np.diff(time, append=2 * time[-1] - time[-2])
    sinks = -np.diff(high, append=high[-1:]) / steps
    for k in np.flatnonzero(until & (sinks < SINKS_M_S)):
        drift = np.linalg.norm(away[k:] - np.median(away[k:], axis=0), axis=1)
        if (count - k) * steps[-1] >= MIN_REST_S and drift.max() < DRIFT_M:
            down[k:] = True
            break
    return down
