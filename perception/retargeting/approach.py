"""The walk to the object: from where the person began to where the robot acts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.retargeting.demonstration import Demonstration
from perception.retargeting.footsteps import Move, blend_way

Floats = NDArray[np.float64]

STEP = 0.12
"""How far [m] a standing person's feet may seem to move."""
IDLE = 10
"""Frames for which the robot stands before it walks."""


def approach(demo: Demonstration, place: Floats) -> tuple[list[Move], int]:
    """Standing and walking until the robot is at `place (3,)`.

    Also the video's frame at which the person has arrived. The robot begins as far
    from the object as the person; a person who only stood gives no move.
    """
    leaves, arrives = demo.walk_between(0, demo.start, STEP)
    begin = demo.place[:5].mean(axis=0)
    far = float(np.linalg.norm(begin[:2] - place[:2]))
    if arrives <= leaves or far < 3.0 * STEP:
        return [], 0
    way = blend_way(demo.way(leaves, arrives), begin, place)
    return [
        Move((0, leaves), begin[None], max(leaves, IDLE)),
        Move((leaves, arrives), way),
    ], arrives
