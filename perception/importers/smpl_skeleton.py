"""SMPL's joints by forward kinematics over mean bone offsets; no body model needed.

The offsets are those of the mean body, as printed in public code (EDGE,
Stanford-TML/EDGE `vis.py`), made symmetric and rounded to a millimetre. A person's
shape parameters are not used: what they mean for bones is in the model's weights,
which may not be passed on. One factor for the whole skeleton stands in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.track import JOINTS

Floats = NDArray[np.float64]

NUM_JOINTS = 22
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
MEAN_HEIGHT = 1.76
"""Stature [m] of that body: its joints' heights, 8 cm of heel and 17 cm of head."""

_MIDDLE = {
    0: (0.0, 0.0, 0.0),
    3: (0.0, 0.124, -0.038),
    6: (0.0, 0.138, 0.027),
    9: (0.0, 0.056, 0.003),
    12: (0.0, 0.212, -0.033),
    15: (0.0, 0.089, 0.050),
}
_LEFT = {
    1: (0.059, -0.086, -0.016),
    4: (0.043, -0.385, 0.002),
    7: (-0.017, -0.423, -0.036),
    10: (0.038, -0.061, 0.126),
    13: (0.077, 0.113, -0.021),
    16: (0.118, 0.046, -0.014),
    18: (0.258, -0.015, -0.027),
    20: (0.267, 0.010, -0.007),
}
_RIGHT = {index + 1: (-x, y, z) for index, (x, y, z) in _LEFT.items()}
_BY_INDEX = {**_MIDDLE, **_LEFT, **_RIGHT}
OFFSETS: Floats = np.array([_BY_INDEX[index] for index in range(NUM_JOINTS)])
"""Bones `(22, 3)` [m] in the parent's frame: x to the left, y up, z ahead."""

_OURS = (1, 2, 4, 5, 7, 8, 10, 11, 16, 17, 18, 19, 20, 21)
FEET = (10, 11)


def pose_joints(rotvecs: Floats) -> Floats:
    """Joints `(T, 22, 3)` [m] with the pelvis at 0, of rotations `(T, 22, 3)` [rad]."""
    pos = np.zeros((len(rotvecs), NUM_JOINTS, 3))
    turns = rotations.exp(rotvecs)
    quat = np.zeros_like(turns)
    quat[:, 0] = turns[:, 0]
    for index in range(1, NUM_JOINTS):
        above = quat[:, PARENTS[index]]
        step = rotations.rotate(above, np.tile(OFFSETS[index], (len(pos), 1)))
        pos[:, index] = pos[:, PARENTS[index]] + step
        quat[:, index] = rotations.multiply(above, turns[:, index])
    return pos


def ours(joints: Floats) -> Floats:
    """The 14 of `JOINTS` `(T, 14, 3)` among SMPL's `(T, 22 or more, 3)`."""
    assert len(_OURS) == len(JOINTS)
    return joints[:, list(_OURS)]


def stature(pose: Floats, trans: Floats) -> float:
    """Factor on the skeleton with which standing feet stand still, 0.8 to 1.2.

    `pose (T, 22, 3)` are joints with the pelvis at 0, `trans (T, 3)` the pelvis [m]:
    a foot's speed is d(trans) + factor · d(pose), which must vanish while it stands.
    Least squares, feet weighted by how still they are. 1 if nothing moves over a foot.
    """
    root = np.diff(trans, axis=0)[:, None]
    feet = np.diff(pose[:, list(FEET)], axis=0)
    factor = 1.0
    for _ in range(20):
        speed = np.linalg.norm(root + factor * feet, axis=-1)
        still = np.exp(-((speed / _STILL) ** 2))
        still *= speed <= speed.min(axis=1, keepdims=True)
        told = float(np.sum(still[..., None] * feet**2))
        if told < _TOLD:
            return 1.0
        factor = -float(np.sum(still[..., None] * root * feet)) / told
        factor = min(max(factor, 0.8), 1.2)
    return factor


_STILL = 0.004
"""Way [m] of a foot between two frames beyond which it counts as moving."""
_TOLD = 1e-3
"""Sum of squared ways [m²] that must be seen before a factor is believed."""
