"""Which way is up, from the upright lines of a room: doors, windows, cupboards.

Lines that are upright in space meet, in the picture, where the plumb line through the
camera does. Builders and furnishers provide them; who stands or sits does not tell
gravity's direction half as well.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

LINE_SIGMA, EDGE_PX = np.radians(0.5), 0.5
"""How far upright things are off the vertical, and a segment's ends off its edge."""
SHORTEST, STEEPEST = 0.04, 0.5
"""A segment's least share of the picture's long side, and its most slope sideways."""
MOST_LINES = 300
ROLL, PITCH, STEP = np.radians([12.0, 32.0, 0.5])
"""Cameras searched: rolled and pitched so far either way, in such steps."""
ROUNDS = 5
FEWEST = 3
SURE = np.radians(1.5)
"""Lines that leave more doubt than this, in either direction, say nothing."""


def find_up(image: NDArray[np.uint8], K: Floats, person: Floats) -> Floats | None:
    """The unit vector `(3,)` that points up in the camera's frame, or None.

    `image` is BGR, `K` belongs to its pixels, and `person (4,)` [px], left, top, right
    and bottom, is left out. Small pictures do not tell well enough.
    """
    return up_from_lines(_segments(image, person), K)


def up_from_lines(segments: Floats, K: Floats) -> Floats | None:
    """Up `(3,)` in the camera's frame from segments `(N, 4)` [px]: x, y, x, y."""
    ends = segments.reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    steep = np.abs(along[:, 0]) < STEEPEST * np.abs(along[:, 1])
    longest = np.argsort(-np.linalg.norm(along[steep], axis=1))[:MOST_LINES]
    ends = ends[steep][longest]
    if len(ends) < FEWEST:
        return None
    rays = np.concatenate([ends, np.ones_like(ends[..., :1])], axis=-1)
    rays = rays @ np.linalg.inv(K).T
    planes = np.cross(rays[:, 0], rays[:, 1])
    planes /= np.linalg.norm(planes, axis=1, keepdims=True)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return _agreed(planes, length)


def _agreed(planes: Floats, length: Floats) -> Floats | None:
    """Up, that most of the lines' planes through the camera `(N, 3)` hold."""
    sigma = np.hypot(LINE_SIGMA, np.sqrt(2.0) * EDGE_PX / length)
    cameras = _candidates()
    up = cameras[np.argmax(length @ _fits(planes, cameras.T, sigma[:, None]))]
    matrix = np.zeros((3, 3))
    for _ in range(ROUNDS):
        weight = _fits(planes, up, sigma) / sigma
        matrix = (planes * weight[:, None] ** 2).T @ planes
        up = np.linalg.eigh(matrix)[1][:, 0]
        up = -up * np.sign(up[1])
    holds = _fits(planes, up, sigma) > 0.3
    doubt = np.linalg.eigvalsh(matrix)[1] ** -0.5
    most = length[holds].sum() > 0.5 * length.sum()
    return up if most and holds.sum() >= FEWEST and doubt < SURE else None


def _fits(planes: Floats, up: Floats, sigma: Floats) -> Floats:
    return np.exp(-0.5 * (planes @ up / sigma) ** 2)


def _candidates() -> Floats:
    """Directions `(M, 3)` that may be up for a camera held more or less level."""
    roll, pitch = np.meshgrid(
        np.arange(-ROLL, ROLL + STEP / 2, STEP),
        np.arange(-PITCH, PITCH + STEP / 2, STEP),
    )
    up = [np.sin(roll), -np.cos(roll), np.tan(pitch)]
    up = np.stack(up, axis=-1).reshape(-1, 3)
    return up / np.linalg.norm(up, axis=1, keepdims=True)


def _segments(image: NDArray[np.uint8], person: Floats) -> Floats:
    """Straight edges `(N, 4)` [px] that do not lie on the person."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    if found is None:
        return np.zeros((0, 4))
    segments = np.asarray(found, float).reshape(-1, 4)
    middle = (segments[:, :2] + segments[:, 2:]) / 2
    on = np.all((middle > person[:2]) & (middle < person[2:]), axis=1)
    size = np.linalg.norm(segments[:, 2:] - segments[:, :2], axis=1)
    return segments[~on & (size > SHORTEST * max(grey.shape))]
