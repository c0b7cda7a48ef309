"""When something other than the floor moves an object, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

MOVING_M_S, LIFTED_M = 0.06, 0.04
PAUSE_S = 0.4
MIN_MOVED_M, NEAR_REST_M, FROM_REST_M = 0.03, 0.03, 0.09


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
    for start, end in _runs(busy):
        way = _way(spec, pos_w, quat_w, start)
        if way[start:end].max() < MIN_MOVED_M:
            continue
        begin = _begin(way, start, end)
        finish = end
        if end < len(busy):
            back = _way(spec, pos_w, quat_w, end)[::-1]
            last = len(busy) - 1
            finish = last - _begin(back, last - end, last - start) + 1
        found.append((max(begin, 0), min(finish, len(busy))))
    return found


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
    frame = min(max(frame, 0), len(pos_w) - 1)
    turned = rotations.angle(quat_w, quat_w[frame])
    if spec.shape == "sphere":
        turned = 0.0 * turned
    away = np.linalg.norm(pos_w - pos_w[frame], axis=1)
    return away + turned * min(spec.half_size)


def _begin(way: Floats, start: int, end: int) -> int:
    """The frame at which a motion, slow at first, began.

    It grows like a cube of time: two crossings tell when it was nothing.
    """
    part = way[start:end]
    crossed = []
    for level in (NEAR_REST_M, FROM_REST_M):
        above = part > min(level, 0.9 * part.max())
        i = int(np.argmax(above))
        low = part[i - 1] if i else 0.0
        crossed.append(start + i - (part[i] - level) / max(part[i] - low, 1e-6))
    ratio = (FROM_REST_M / NEAR_REST_M) ** (1 / 3)
    begin = crossed[0] - (crossed[1] - crossed[0]) / (ratio - 1.0)
    return int(np.clip(np.ceil(begin), start - 30, crossed[0]))


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


def _runs(values: Bools) -> list[tuple[int, int]]:
    """Where `values (T,)` are true, as `[start, end)`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def grow(seed: Bools, allowed: Bools) -> Bools:
    """Runs of `allowed` that hold some `seed`."""
    kept = np.zeros_like(allowed)
    for start, end in _runs(allowed):
        kept[start:end] = seed[start:end].any()
    return kept


def speed_of(path: Floats, width: float, fps: float) -> Floats:
    """Speed `(T,)` [m/s] along a path `(T, 3)`, smoothed by `width` frames."""
    smooth = gaussian_filter1d(path, width, axis=0)
    return np.linalg.norm(np.gradient(smooth, 1.0 / fps, axis=0), axis=-1)


def frames_in(seconds: float, fps: float) -> int:
    """How many frames last so long, at least one."""
    return max(1, round(seconds * fps))
