"""Contact labels: a hand near the object's surface, and the object going with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.person.skeleton import L_ELBOW, L_WRIST, PALM_M, R_ELBOW, R_WRIST
from perception.prior import CONTACT_NAMES

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

TOUCH_M = 0.10
NEAR_M = 0.18
MOVING_M_S = 0.06
MIN_SECONDS = 0.15


def palms(joints_w: Floats) -> Floats:
    """Middles of the left and right palm `(T, 2, 3)` [m] of joints `(T, 14, 3)`."""
    wrist = joints_w[:, [L_WRIST, R_WRIST]]
    forearm = wrist - joints_w[:, [L_ELBOW, R_ELBOW]]
    length = np.linalg.norm(forearm, axis=-1, keepdims=True)
    return wrist + forearm / np.maximum(length, 1e-6) * PALM_M


def surface_distance(
    points_w: Floats, spec: ObjectSpec, pos_w: Floats, quat_w: Floats
) -> Floats:
    """Distance `(T, P)` [m] from points `(T, P, 3)` to the object; negative inside.

    Every shape counts as its bounding box, a sphere as itself.
    """
    points_o = rotations.rotate_inverse(quat_w[:, None], points_w - pos_w[:, None])
    half = np.asarray(spec.half_size)
    if spec.shape == "sphere":
        return np.linalg.norm(points_o, axis=-1) - half[0]
    beyond = np.abs(points_o) - half
    outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1)
    return outside + np.minimum(beyond.max(axis=-1), 0.0)


def label_contacts(
    joints_w: Floats, spec: ObjectSpec, pos_w: Floats, quat_w: Floats, fps: float
) -> Bools:
    """Labels `(T, C)` in `CONTACT_NAMES` order; feet and pelvis stay untouched.

    A hand touches where it is at the surface and the object goes with it. A contact
    reaches back to when that hand came to rest at the object before it moved.
    """
    hands = palms(joints_w)
    gap = surface_distance(hands, spec, pos_w, quat_w)
    width = 0.05 * fps
    speed = _speed(pos_w, width, fps)
    moving = without_blips(speed > MOVING_M_S, _frames(0.1, fps))
    labels = np.zeros((len(joints_w), len(CONTACT_NAMES)), bool)
    for hand in range(2):
        offset = rotations.rotate_inverse(quat_w, hands[:, hand] - pos_w)
        slip = _speed(offset, width, fps)
        with_it = moving & (gap[:, hand] < NEAR_M)
        resting = (gap[:, hand] < TOUCH_M) & (slip < 0.15)
        labels[:, hand] = _grow(with_it, resting | with_it)
    return without_blips(labels, _frames(MIN_SECONDS, fps))


def without_blips(labels: Bools, frames: int) -> Bools:
    """Labels `(T,)` or `(T, C)` without gaps, then runs, shorter than `frames`.

    What a clip begins or ends with goes on beyond it.
    """
    columns = labels.reshape(len(labels), -1)
    padded = np.pad(columns, ((frames, frames), (0, 0)), mode="edge")
    size = np.ones((frames, 1))
    clean = binary_opening(binary_closing(padded, size), size)
    return np.asarray(clean, bool)[frames:-frames].reshape(labels.shape)


def _grow(seed: Bools, allowed: Bools) -> Bools:
    """Runs of `allowed` that hold some `seed`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], allowed, [False]])))
    kept = np.zeros_like(allowed)
    for start, end in edges.reshape(-1, 2):
        kept[start:end] = seed[start:end].any()
    return kept


def _speed(path: Floats, width: float, fps: float) -> Floats:
    smooth = gaussian_filter1d(path, width, axis=0)
    return np.linalg.norm(np.gradient(smooth, 1.0 / fps, axis=0), axis=-1)


def _frames(seconds: float, fps: float) -> int:
    return max(1, round(seconds * fps))
