"""How a cylinder that lies is stood up: it turns about the rim of either end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.shape import resting_height
from perception.objects.silhouette import Pose

Floats = NDArray[np.floating]

ANGLES = np.linspace(0.0, np.pi / 2, 9)[1:]
"""Angles [rad] of a cylinder from lying to standing."""
UP = np.array([0.0, 0.0, 1.0])


def tipped(spec: ObjectSpec, rest: Pose, top: float) -> list[Pose]:
    """Poses from lying at `rest` to standing, at `ANGLES`, on one end.

    `top`, 1 or −1, is the end of the cylinder's own z axis that comes to be above.
    """
    away = top * rotations.rotate(rest.quat_w, UP)
    level = np.cross(away, UP)
    level = level / max(float(np.linalg.norm(level)), 1e-9)
    foot = rest.pos_w - spec.half_size[2] * away
    found = []
    for angle in ANGLES:
        turn = rotations.exp(level * angle)
        pos = foot + rotations.rotate(turn, rest.pos_w - foot)
        quat = rotations.normalize(rotations.multiply(turn, rest.quat_w))
        found.append(Pose(np.array([*pos[:2], resting_height(spec, quat)]), quat))
    return found
