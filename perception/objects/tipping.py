"""How a cylinder that lies is stood up: it turns about the rim of either end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.shape import resting_height
from perception.objects.silhouette import Pose

Floats = NDArray[np.floating]

STEP = 0.35
"""Angle [rad] by which it is raised at a time."""
UP = np.array([0.0, 0.0, 1.0])


def tipped(spec: ObjectSpec, pose: Pose) -> list[Pose]:
    """Poses in which one end of the cylinder is higher than now, the other stays.

    Each end is raised by `STEP` and all the way.
    """
    axis_w = rotations.rotate(pose.quat_w, UP)
    found = []
    for side in (1.0, -1.0):
        away = side * axis_w
        rest = float(np.arccos(np.clip(away[2], -1.0, 1.0)))
        level = np.cross(away, UP)
        length = float(np.linalg.norm(level))
        if length < 1e-3 or rest > 0.75 * np.pi:
            continue
        for angle in (min(STEP, rest), rest):
            found.append(_raised(spec, pose, away, level / length * angle))
    return found


def _raised(spec: ObjectSpec, pose: Pose, away: Floats, turn: Floats) -> Pose:
    """The pose turned by `turn (3,)` [rad] about the end that `away (3,)` leaves."""
    low = pose.pos_w - spec.half_size[2] * away
    rotation = rotations.exp(turn)
    pos = low + rotations.rotate(rotation, pose.pos_w - low)
    quat = rotations.normalize(rotations.multiply(rotation, pose.quat_w))
    under = resting_height(spec, pose.quat_w) - pose.pos_w[2]
    return Pose(np.array([*pos[:2], resting_height(spec, quat) - under]), quat)
