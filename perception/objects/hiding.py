"""Where the person hides things from the camera, drawn from their joints."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.camera import project, transform
from perception.contacts import palms
from perception.person.skeleton import (
    BONES,
    L_ELBOW,
    L_HIP,
    L_SHOULDER,
    L_WRIST,
    R_ELBOW,
    R_HIP,
    R_SHOULDER,
    R_WRIST,
)

Floats = NDArray[np.floating]

ARM_RADIUS_M = 0.05
BODY_RADIUS_M = 0.08
HEAD_RADIUS_M = 0.13
ARM_AROUND_M = 0.3
"""An arm may reach around what it holds: it hides though it is this much farther."""

_ARMS = ((L_ELBOW, L_WRIST), (R_ELBOW, R_WRIST), (L_WRIST, 14), (R_WRIST, 15))
_BODY = tuple(
    (int(a), int(b)) for a, b in BONES if (a, b) not in _ARMS and b not in _ARMS[0]
)
_TRUNK = (L_HIP, R_HIP, R_SHOULDER, L_SHOULDER)


def body_points(joints_w: Floats) -> Floats:
    """Joints `(T, 14, 3)` with both palms and the head after them, `(T, 17, 3)`."""
    shoulders = joints_w[:, [L_SHOULDER, R_SHOULDER]].mean(axis=1)
    hips = joints_w[:, [L_HIP, R_HIP]].mean(axis=1)
    head = shoulders + 0.45 * (shoulders - hips)
    return np.concatenate([joints_w, palms(joints_w), head[:, None]], axis=1)


def person_mask(
    points_w: Floats,
    K: Floats,
    T_world_to_cam: Floats,
    size: tuple[int, int],
    before_m: float = np.inf,
) -> NDArray[np.bool_]:
    """Pixels `(h, w)` of the person's `body_points (17, 3)` of one frame.

    What is farther from the camera than `before_m` is left out: it hides nothing.
    """
    points_c = transform(T_world_to_cam, points_w)
    depth = np.maximum(points_c[:, 2], 0.3)
    pixels = np.clip(project(K, points_c), -9999, 9999).round().astype(int)
    image = np.zeros(size, np.uint8)
    limbs = [(pair, ARM_RADIUS_M, ARM_AROUND_M) for pair in _ARMS]
    limbs += [(pair, BODY_RADIUS_M, 0.0) for pair in _BODY]
    for (a, b), radius, around in limbs:
        away = (depth[a] + depth[b]) / 2
        if away < before_m + around:
            thick = max(1, round(2 * radius * K[0, 0] / away))
            cv2.line(image, pixels[a].tolist(), pixels[b].tolist(), 1, thick)
    if depth[-1] < before_m:
        head = max(1, round(HEAD_RADIUS_M * K[0, 0] / depth[-1]))
        cv2.circle(image, pixels[-1].tolist(), head, 1, -1)
    if depth[list(_TRUNK)].mean() < before_m:
        cv2.fillConvexPoly(image, cv2.convexHull(pixels[list(_TRUNK)]), 1)
    return image.astype(bool)
