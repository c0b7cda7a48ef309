"""Where to bolt an arm down, so that its palm's whole path is in reach."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from perception.retargeting.arm_path import PalmPath

Floats = NDArray[np.float64]

NEAR, FAR = 0.35, 0.72
"""Distances [m] between shoulder and palm at which an arm of 0.855 m works well."""
CLEAR = 0.20
"""Room [m] between the base and what the object passes over."""
MAX_HEIGHT = 1.2
ANGLES, RADII = 24, (0.40, 0.48, 0.56, 0.64)
FACING = 0.05
"""Metres out of reach that it is worth to press away from the base."""


@dataclasses.dataclass(frozen=True)
class Base:
    """A place for the base: `pos (3,)` [m], heading [rad], and how far out of reach."""

    pos: Floats
    yaw: float
    cost: float


def place_base(path: PalmPath, obj: ObjectSpec, shoulder: float) -> list[Base]:
    """Places from the best on; `shoulder` [m] is how high it is over the base.

    Every palm should lie between `NEAR` and `FAR` of the shoulder, the base should keep
    off the object, and the palm should press away from the base.
    """
    low, high = path.pos_w.min(axis=0), path.pos_w.max(axis=0)
    middle = (low + high) / 2
    height = float(np.clip(middle[2] - shoulder, 0.0, MAX_HEIGHT))
    pressed = path.look_w[path.touching] if path.touching.any() else path.look_w
    press = pressed.mean(axis=0)[:2]
    room = float(np.hypot(*obj.half_size[:2])) + CLEAR
    bases = []
    for angle in np.linspace(-np.pi, np.pi, ANGLES, endpoint=False):
        ahead = np.array([np.cos(angle), np.sin(angle)])
        for radius in RADII:
            pos = np.array([*(middle[:2] - radius * ahead), height])
            reach = np.linalg.norm(path.pos_w - pos - [0.0, 0.0, shoulder], axis=1)
            gap = np.linalg.norm(path.object_pos_w[:, :2] - pos[:2], axis=1).min()
            worst = max(float(reach.max()) - FAR, NEAR - float(reach.min()), 0.0)
            cost = worst + max(room - gap, 0.0) - FACING * float(press @ ahead)
            bases.append(Base(pos, float(angle), cost))
    return sorted(bases, key=lambda base: base.cost)
