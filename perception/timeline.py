"""Frame rates: checked, and brought to the prior's 50 Hz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.prior import RATE

Floats = NDArray[np.float64]

SLOWEST, FASTEST = 5.0, 1000.0
MAX_SECONDS = 3600.0


def check_fps(fps: float, frames: int) -> float:
    """`fps` as it came, if it and the length make sense; else ValueError."""
    if not np.isfinite(fps) or not SLOWEST <= fps <= FASTEST:
        msg = f"{fps:g} frames/s, expected {SLOWEST:g} to {FASTEST:g}"
        raise ValueError(msg)
    if frames < 2:
        msg = f"{frames} frames, expected at least 2"
        raise ValueError(msg)
    if frames / fps > MAX_SECONDS:
        msg = f"{frames / fps:.0f} s long, expected at most {MAX_SECONDS:.0f} s"
        raise ValueError(msg)
    return float(fps)


def resample(values: Floats, fps: float) -> Floats:
    """`values (T, ...)` at 50 Hz by linear interpolation; 50 Hz stays as it is."""
    if fps == RATE:
        return values
    left, part = _places(len(values), fps)
    part = part.reshape(-1, *[1] * (values.ndim - 1))
    return values[left] * (1.0 - part) + values[left + 1] * part


def resample_quat(quats: Floats, fps: float) -> Floats:
    """Unit quaternions `(T, 4)` at 50 Hz along the shorter arcs."""
    if fps == RATE:
        return quats
    left, part = _places(len(quats), fps)
    near = rotations.slerp(quats[left], quats[left + 1], part)
    return np.asarray(rotations.normalize(near), dtype=np.float64)


def resample_labels(labels: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """Labels `(T, C)` at 50 Hz, each from the nearest frame."""
    if fps == RATE:
        return labels
    left, part = _places(len(labels), fps)
    return labels[left + (part >= 0.5)]


def _places(frames: int, fps: float) -> tuple[NDArray[np.int_], Floats]:
    """Frame before each 50 Hz instant `(N,)`, and the way `(N,)` to the next."""
    count = int(np.floor((frames - 1) / fps * RATE + 1e-6)) + 1
    at = np.arange(count) * (fps / RATE)
    left = np.clip(np.floor(at).astype(int), 0, frames - 2)
    return left, np.asarray(np.clip(at - left, 0.0, 1.0), dtype=np.float64)
