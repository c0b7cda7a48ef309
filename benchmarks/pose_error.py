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


def rigid_motion(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Rotation `(3, 3)` and shift `(3,)` such that `a @ rotation + shift` meets `b`."""
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    rotation = _rotation(a - mean_a, b - mean_b)
    return rotation, mean_b - mean_a @ rotation


def world_error(found: Floats, true: Floats) -> float:
    """MPJPE of `(T, 14, 3)` after one rigid fit for the whole clip."""
    a, b = found.reshape(-1, 3), true.reshape(-1, 3)
    rotation, shift = rigid_motion(a, b)
    return _mean_distance(a @ rotation + shift, b)


def pelvis_error(found: Floats, true: Floats) -> float:
    """Mean distance of the mid-hips after one rigid fit of all joints of the clip."""
    rotation, shift = rigid_motion(found.reshape(-1, 3), true.reshape(-1, 3))
    moved = found[:, :2].mean(axis=1) @ rotation + shift
    return _mean_distance(moved, true[:, :2].mean(axis=1))


def root_error(found: Floats, true: Floats) -> float:
    """MPJPE about the mid-hip, after one rotation for the whole clip."""
    a = (found - found[:, :2].mean(axis=1, keepdims=True)).reshape(-1, 3)
    b = (true - true[:, :2].mean(axis=1, keepdims=True)).reshape(-1, 3)
    return _mean_distance(a @ _rotation(a, b), b)


def aligned_error(found: Floats, true: Floats) -> float:
    """PA-MPJPE: a similarity fit per frame."""
    errors = []
    for a, b in zip(found, true, strict=True):
        a0, b0 = a - a.mean(axis=0), b - b.mean(axis=0)
        turned = a0 @ _rotation(a0, b0)
        scale = (turned * b0).sum() / (turned**2).sum()
        errors.append(_mean_distance(scale * turned, b0))
    return float(np.mean(errors))


def _rotation(a: Floats, b: Floats) -> Floats:
    """The rotation that takes centred row vectors `a (N, 3)` nearest to `b`."""
    u, _, vt = np.linalg.svd(a.T @ b)
    return u * [1.0, 1.0, np.sign(np.linalg.det(u @ vt))] @ vt


def _mean_distance(a: Floats, b: Floats) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean())
