"""Bones of the fourteen tracked joints and how long they are in most people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.track import JOINTS

Floats = NDArray[np.floating]

DEFAULT_HEIGHT_M = 1.70

L_HIP, R_HIP, L_KNEE, R_KNEE, L_ANKLE, R_ANKLE, L_TOE, R_TOE = range(8)
L_SHOULDER, R_SHOULDER, L_ELBOW, R_ELBOW, L_WRIST, R_WRIST = range(8, 14)
FEET = (L_ANKLE, R_ANKLE, L_TOE, R_TOE)
REST_HEIGHT_M = {L_ANKLE: 0.085, R_ANKLE: 0.085, L_TOE: 0.03, R_TOE: 0.03}
"""Heights of the ankle's and the toe's joints over the floor of a shod flat foot."""

PALM_M = 0.08
"""From the wrist to the middle of the palm, along the forearm."""

_BONES: dict[tuple[int, int], tuple[float, float]] = {
    (L_HIP, R_HIP): (0.115, 0.006),
    (L_HIP, L_KNEE): (0.245, 0.008),
    (R_HIP, R_KNEE): (0.245, 0.008),
    (L_KNEE, L_ANKLE): (0.242, 0.008),
    (R_KNEE, R_ANKLE): (0.242, 0.008),
    (L_ANKLE, L_TOE): (0.090, 0.010),
    (R_ANKLE, R_TOE): (0.090, 0.010),
    (L_SHOULDER, R_SHOULDER): (0.220, 0.015),
    (L_SHOULDER, L_ELBOW): (0.178, 0.008),
    (R_SHOULDER, R_ELBOW): (0.178, 0.008),
    (L_ELBOW, L_WRIST): (0.150, 0.008),
    (R_ELBOW, R_WRIST): (0.150, 0.008),
    (L_HIP, L_SHOULDER): (0.300, 0.025),
    (R_HIP, R_SHOULDER): (0.300, 0.025),
}
"""Length and how firmly it holds, both as fractions of a person's height.

Limbs after Drillis and Contini (1966); the trunk gives way because spines bend.
"""

BONES = np.array(list(_BONES))
"""`(B, 2)` joint indices, the parent first."""


def bone_lengths(height_m: float) -> tuple[Floats, Floats]:
    """Expected lengths and their looseness `(B,)` [m] for a person of this height."""
    table = np.array(list(_BONES.values())) * height_m
    return table[:, 0], table[:, 1]


def chain(directions: Floats, lengths: Floats) -> Floats:
    """Joints `(T, 14, 3)` [m] about the mid-hip from bone directions `(T, B, 3)`.

    Directions need not be unit length; the trunk follows both of its sides.
    """
    norm = np.linalg.norm(directions, axis=-1, keepdims=True)
    vectors = directions / np.maximum(norm, 1e-6) * lengths[:, None]
    by_bone = {tuple(bone): vectors[:, i] for i, bone in enumerate(BONES)}
    joints = np.zeros((len(directions), len(JOINTS), 3))
    joints[:, R_HIP] = by_bone[L_HIP, R_HIP] / 2
    joints[:, L_HIP] = -joints[:, R_HIP]
    trunk = (by_bone[L_HIP, L_SHOULDER] + by_bone[R_HIP, R_SHOULDER]) / 2
    joints[:, R_SHOULDER] = trunk + by_bone[L_SHOULDER, R_SHOULDER] / 2
    joints[:, L_SHOULDER] = trunk - by_bone[L_SHOULDER, R_SHOULDER] / 2
    for parent, child in BONES:
        if child not in (R_HIP, L_SHOULDER, R_SHOULDER):
            joints[:, child] = joints[:, parent] + by_bone[parent, child]
    return joints
