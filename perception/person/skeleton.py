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

_KINDS: dict[str, tuple[float, float, float]] = {
    "pelvis": (0.115, 0.008, 0.004),
    "thigh": (0.245, 0.008, 0.004),
    "shank": (0.242, 0.008, 0.004),
    "foot": (0.092, 0.010, 0.006),
    "shoulders": (0.220, 0.012, 0.012),
    "upper arm": (0.178, 0.008, 0.004),
    "forearm": (0.150, 0.008, 0.004),
    "trunk": (0.292, 0.012, 0.015),
    "across": (0.333, 0.012, 0.024),
}
"""Length, its spread over people, and its give, as fractions of a person's height.

After Drillis and Contini (1966); the trunk gives way because spines bend.
"""

_BONES: dict[tuple[int, int], str] = {
    (L_HIP, R_HIP): "pelvis",
    (L_HIP, L_KNEE): "thigh",
    (R_HIP, R_KNEE): "thigh",
    (L_KNEE, L_ANKLE): "shank",
    (R_KNEE, R_ANKLE): "shank",
    (L_ANKLE, L_TOE): "foot",
    (R_ANKLE, R_TOE): "foot",
    (L_SHOULDER, R_SHOULDER): "shoulders",
    (L_SHOULDER, L_ELBOW): "upper arm",
    (R_SHOULDER, R_ELBOW): "upper arm",
    (L_ELBOW, L_WRIST): "forearm",
    (R_ELBOW, R_WRIST): "forearm",
    (L_HIP, L_SHOULDER): "trunk",
    (R_HIP, R_SHOULDER): "trunk",
}
_BRACES = {(L_HIP, R_SHOULDER): "across", (R_HIP, L_SHOULDER): "across"}

BONES = np.array(list(_BONES))
"""`(B, 2)` joint indices, the parent first."""
RODS = np.array([*_BONES, *_BRACES])
"""`(B + 2, 2)`: bones, and what keeps the trunk from shearing."""
KIND = np.array([list(_KINDS).index(k) for k in (_BONES | _BRACES).values()])
"""`(B + 2,)` which rods are as long as each other, left as right."""
KINDS = len(_KINDS)

_LANDMARK_OFFSETS = {
    **dict.fromkeys([(L_ELBOW, L_SHOULDER), (R_ELBOW, R_SHOULDER)], 0.07),
    **dict.fromkeys([(L_ANKLE, L_KNEE), (R_ANKLE, R_KNEE)], 0.04),
    **dict.fromkeys([(L_SHOULDER, R_SHOULDER), (R_SHOULDER, L_SHOULDER)], 0.04),
}
"""Where MediaPipe's landmarks lie off the joints, as shares of the way to another."""


def kind_lengths(height_m: float) -> tuple[Floats, Floats, Floats]:
    """Lengths, their spread over people and their give `(KINDS,)` [m]."""
    length, spread, give = (np.array(list(_KINDS.values())) * height_m).T
    return length, spread, give


def bone_lengths(height_m: float) -> tuple[Floats, Floats]:
    """Expected lengths and their spread `(B,)` [m] for a person of this height."""
    length, spread, _ = kind_lengths(height_m)
    kind = KIND[: len(BONES)]
    return length[kind], spread[kind]


def landmark_matrix() -> Floats:
    """`(14, 14)`: what MediaPipe marks, as mixtures of true joints (rows sum to 1)."""
    matrix = np.eye(len(JOINTS))
    for (joint, towards), share in _LANDMARK_OFFSETS.items():
        matrix[joint, joint] -= share
        matrix[joint, towards] += share
    return matrix


def chain(directions: Floats, lengths: Floats) -> Floats:
    """Joints `(T, 14, 3)` [m] about the mid-hip from bone directions `(T, B, 3)`.

    Directions need not be unit length; the trunk follows both of its sides.
    """
    norm = np.linalg.norm(directions, axis=-1, keepdims=True)
    return assemble(directions / np.maximum(norm, 1e-6) * lengths[:, None])


def assemble(vectors: Floats) -> Floats:
    """Joints `(T, 14, 3)` [m] about the mid-hip from bones `(T, B, 3)` [m].

    The trunk follows both of its sides.
    """
    by_bone = {tuple(bone): vectors[:, i] for i, bone in enumerate(BONES)}
    joints = np.zeros((len(vectors), len(JOINTS), 3))
    joints[:, R_HIP] = by_bone[L_HIP, R_HIP] / 2
    joints[:, L_HIP] = -joints[:, R_HIP]
    trunk = (by_bone[L_HIP, L_SHOULDER] + by_bone[R_HIP, R_SHOULDER]) / 2
    joints[:, R_SHOULDER] = trunk + by_bone[L_SHOULDER, R_SHOULDER] / 2
    joints[:, L_SHOULDER] = trunk - by_bone[L_SHOULDER, R_SHOULDER] / 2
    for parent, child in BONES:
        if child not in (R_HIP, L_SHOULDER, R_SHOULDER):
            joints[:, child] = joints[:, parent] + by_bone[parent, child]
    return joints
