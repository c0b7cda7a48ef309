"""Joint errors between an estimated and a true human motion, in metres."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

MOCAP_BODIES = (
    "femur_l femur_r tibia_l tibia_r talus_l talus_r toes_l toes_r "
    "humerus_l humerus_r ulna_l ulna_r hand_l hand_r"
).split()
"""OpenCap's bodies whose origins match `perception.track.JOINTS`, in that order."""


def load_mocap(path: Path) -> tuple[Floats, Floats]:
    """Times `(N,)` [s] and joints `(N, 14, 3)` [m] turned from Y up to Z up."""
    data = json.loads(path.read_text())
    bodies = [data["bodies"][name]["translation"] for name in MOCAP_BODIES]
    points = np.stack([np.asarray(body, float) for body in bodies], axis=1)
    return np.asarray(data["time"], float), points[..., [2, 0, 1]]


def at_times(times: Floats, points: Floats, wanted: Floats) -> Floats:
    """Interpolate `points (N, 14, 3)` at the `wanted` times, held at the ends."""
    flat = points.reshape(len(times), -1)
    columns = [np.interp(wanted, times, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(wanted), *points.shape[1:])


def rigid_fit(a: Floats, b: Floats, *, scale: bool = False) -> Floats:
    """Points `a (N, 3)` moved onto `b` by one rotation and shift (and scale)."""
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    u, sizes, vt = np.linalg.svd((a - mean_a).T @ (b - mean_b))
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * signs @ vt
    factor = (sizes * signs).sum() / ((a - mean_a) ** 2).sum() if scale else 1.0
    return (a - mean_a) @ rotation * factor + mean_b


def world_error(found: Floats, true: Floats) -> float:
    """MPJPE of `(T, 14, 3)` after one rigid fit for the whole clip."""
    fitted = rigid_fit(found.reshape(-1, 3), true.reshape(-1, 3))
    return _mean_distance(fitted, true.reshape(-1, 3))


def root_error(found: Floats, true: Floats) -> float:
    """MPJPE about the mid-hip, after one rotation for the whole clip."""
    a = (found - found[:, :2].mean(axis=1, keepdims=True)).reshape(-1, 3)
    b = (true - true[:, :2].mean(axis=1, keepdims=True)).reshape(-1, 3)
    u, _, vt = np.linalg.svd(a.T @ b)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return _mean_distance(a @ (u * signs @ vt), b)


def aligned_error(found: Floats, true: Floats) -> float:
    """PA-MPJPE: a similarity fit per frame."""
    errors = [
        _mean_distance(rigid_fit(a, b, scale=True), b)
        for a, b in zip(found, true, strict=True)
    ]
    return float(np.mean(errors))


def _mean_distance(a: Floats, b: Floats) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean())
