"""Where the person hides things from the camera, drawn from their joints."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.camera import project, transform
from perception.contacts import palms
from perception.objects.silhouette import Silhouette
from perception.person.skeleton import BONES, L_ELBOW, L_WRIST, R_ELBOW, R_WRIST

Floats = NDArray[np.floating]

FOREARM_RADIUS_M = 0.05
BODY_RADIUS_M = 0.08


def arms_mask(joints_w: Floats, view: Silhouette) -> NDArray[np.bool_]:
    """Pixels `(h, w)` of forearms and hands, from joints `(14, 3)` [m] of one frame."""
    tips = palms(joints_w[None])[0]
    points_w = np.concatenate([joints_w[[L_ELBOW, R_ELBOW, L_WRIST, R_WRIST]], tips])
    pairs = np.array([[0, 2], [1, 3], [2, 4], [3, 5]])
    return _draw(points_w, pairs, FOREARM_RADIUS_M, view)


def person_mask(joints_w: Floats, view: Silhouette) -> NDArray[np.bool_]:
    """Pixels `(h, w)` of the whole person, roughly, from joints `(14, 3)` [m]."""
    return _draw(joints_w, BONES, BODY_RADIUS_M, view)


def _draw(
    points_w: Floats, pairs: NDArray[np.intp], radius: float, view: Silhouette
) -> NDArray[np.bool_]:
    """Pixels `(h, w)` of thick lines between pairs of points."""
    size = (round(2 * view.K[1, 2]), round(2 * view.K[0, 2]))
    points_c = transform(view.T_world_to_cam, points_w)
    pixels = np.clip(project(view.K, points_c), -9999, 9999).round().astype(int)
    image = np.zeros(size, np.uint8)
    for a, b in pairs:
        depth = max(float(points_c[[a, b], 2].mean()), 0.3)
        thick = max(1, round(2 * radius * view.K[0, 0] / depth))
        cv2.line(image, pixels[a].tolist(), pixels[b].tolist(), 1, thick)
    return image.astype(bool)
