"""When something other than the floor moves an object, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.changes import begins

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

MOVING_M_S, LIFTED_M = 0.06, 0.04
PAUSE_S, REST_S = 0.4, 0.3
MIN_MOVED_M = 0.03
LEAVING_M = (0.03, 0.2)
"""How far from its rest an object shows how it left it."""


def handled(
    spec: ObjectSpec, pos_w: Floats, quat_w: Floats, fps: float
) -> list[tuple[int, int]]:
    """Frames `[start, end)` in which something other than the floor moves the object.

    Both ends are drawn out to where the motion, slow at first, begins and ends.
    """
    speed = speed_of(pos_w, 0.05 * fps, fps) + _turning(quat_w, spec, fps)
    up = pos_w[:, 2] - np.percentile(pos_w[:, 2], 2) > LIFTED_M
    still_up = np.abs(rotations.to_matrix(quat_w)[:, 2, 2])
    up &= (still_up < 0.98) | (pos_w[:, 2] > spec.size[2] / 2 + LIFTED_M)
    busy = without_blips(speed > MOVING_M_S, frames_in(0.1, fps)) | up
    busy = _closed(busy, frames_in(PAUSE_S, fps))
    found = []
    for start, end in runs(busy):
        if _way(spec, pos_w, quat_w, start)[start:end].max() < MIN_MOVED_M:
            continue
        begin, finish = float(start), float(end)
        if start > 0:
            begin = _leaves(spec, pos_w, quat_w, start, end, fps)
        if end < len(busy):
            back = len(busy) - end, len(busy) - start
            finish = len(busy) - _leaves(spec, pos_w[::-1], quat_w[::-1], *back, fps)
        found.append((int(np.ceil(begin)), int(np.floor(finish))))
    return found


def _leaves(
    spec: ObjectSpec, pos_w: Floats, quat_w: Floats, start: int, end: int, fps: float
) -> float:
    """When [frames] the object, still before about `start`, set off."""
    still = max(start - frames_in(REST_S, fps), 0)
    way = _way(spec, pos_w, quat_w, still)
    return still + begins(way[still:end], *LEAVING_M)


def without_blips(labels: Bools, frames: int) -> Bools:
    """Labels `(T,)` or `(T, C)` without gaps, then runs, shorter than `frames`.

    What a clip begins or ends with goes on beyond it.
    """
    columns = labels.reshape(len(labels), -1)
    padded = np.pad(columns, ((frames, frames), (0, 0)), mode="edge")
    size = np.ones((frames, 1))
    clean = binary_opening(binary_closing(padded, size), size)
    return np.asarray(clean, bool)[frames:-frames].reshape(labels.shape)


def _way(spec: ObjectSpec, pos_w: Floats, quat_w: Floats, frame: int) -> Floats:
    """How far `(T,)` [m] the object is from where it was before `frame`."""
    turned = rotations.angle(quat_w, quat_w[frame])
    if spec.shape == "sphere":
        turned = 0.0 * turned
    away = np.linalg.norm(pos_w - pos_w[frame], axis=1)
    return away + turned * min(spec.half_size)


def _turning(quat_w: Floats, spec: ObjectSpec, fps: float) -> Floats:
    """Speed `(T,)` [m/s] at the object's skin from turning."""
    if len(quat_w) < 2 or spec.shape == "sphere":
        return np.zeros(len(quat_w))
    rate = rotations.angle(quat_w[1:], quat_w[:-1]) * fps
    rate = np.concatenate([rate[:1], rate])
    return 0.5 * gaussian_filter1d(rate, 0.05 * fps) * min(spec.half_size)


def _closed(busy: Bools, frames: int) -> Bools:
    """Runs whose gaps of up to `frames` are filled."""
    padded = np.pad(busy, frames)
    return np.asarray(binary_closing(padded, np.ones(frames)), bool)[frames:-frames]


def runs(values: Bools) -> list[tuple[int, int]]:
    """Where `values (T,)` are true, as `[start, end)`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def grow(seed: Bools, allowed: Bools) -> Bools:
    """Runs of `allowed` that hold some `seed`."""
    kept = np.zeros_like(allowed)
    for start, end in runs(allowed):
        kept[start:end] = seed[start:end].any()
    return kept


def speed_of(path: Floats, width: float, fps: float) -> Floats:
    """Speed `(T,)` [m/s] along a path `(T, 3)`, smoothed by `width` frames."""
    smooth = gaussian_filter1d(path, width, axis=0)
    return np.linalg.norm(np.gradient(smooth, 1.0 / fps, axis=0), axis=-1)


def frames_in(seconds: float, fps: float) -> int:
    """How many frames last so long, at least one."""
    return max(1, round(seconds * fps))
