"""Turns of an object that nobody can see: a prior's value for them says nothing.

A video shows neither how a bottle is spun about its axis nor how a ball is turned, so
terms compare with the turn of the prior's object that is nearest among those alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import Shape

Floats = NDArray[np.floating]


def nearest_alike(shape: Shape, goal: Floats, quat: Floats) -> Floats:
    """Orientations `(N, 4)` wxyz that look as `goal (N, 4)` does, nearest to `quat`.

    A cylinder may spin about its own z, a sphere turn as it likes, nothing else at all.
    """
    if shape == "sphere":
        return quat
    if shape != "cylinder":
        return goal
    twist = rotations.multiply(rotations.conjugate(goal), quat)
    twist = twist * np.array([1.0, 0.0, 0.0, 1.0], twist.dtype)
    size = np.linalg.norm(twist, axis=-1, keepdims=True)
    still = np.array([1.0, 0.0, 0.0, 0.0], twist.dtype)
    spin = np.where(size > 1e-6, twist / np.maximum(size, 1e-6), still)
    return rotations.multiply(goal, spin)
