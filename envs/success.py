"""When a task counts as done: one criterion for evaluation, simulation and robot."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LIFT_HEIGHT = 0.25
LIFT_HOLD = 1.0
STANDING_HEIGHT = 0.55
STANDING_UPRIGHT = 0.8


def standing(root_height: ArrayLike, upright: ArrayLike) -> np.ndarray:
    """Whether a humanoid of the G1's size stands, `(...)` bool.

    `root_height (...)` [m] is the pelvis above the floor, `upright (...)` the cosine
    of its tilt (1 is vertical); a G1 stands at 0.76 m and kneels below 0.5 m.
    """
    tall = np.asarray(root_height) >= STANDING_HEIGHT
    return tall & (np.asarray(upright) >= STANDING_UPRIGHT)


def lift_success(
    object_height: ArrayLike,
    root_height: ArrayLike,
    upright: ArrayLike,
    dt: float,
) -> bool:
    """Whether the object was lifted and held by a robot that stands, then and last.

    `object_height (T,)` [m] is the object's centre, one row every `dt` [s], the first
    before it is touched. It must stay more than 0.25 m above its first value for 1 s
    while the robot stands, and the robot must still stand in the last row. A value
    that is not finite never counts.
    """
    height = np.asarray(object_height, dtype=float)
    if len(height) == 0:
        return False
    stands = standing(root_height, upright)
    held = (height - height[0] > LIFT_HEIGHT) & stands
    return bool(stands[-1]) and longest_run(held) * dt >= LIFT_HOLD - 1e-9


def longest_run(flags: ArrayLike) -> int:
    """Length of the longest unbroken run of true values in `flags (T,)`."""
    padded = np.concatenate([[False], np.asarray(flags, dtype=bool), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return int(np.max(edges[1::2] - edges[::2], initial=0))
