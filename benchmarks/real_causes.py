"""Where the error on a real clip comes from: which joints, which way, and why.

A body is its bones' directions times their lengths. Some of either are put right, as
the markers have them, the rest is left as found; what is left of the error then says
what the others cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pose_error import aligned_error, at_times, rigid_motion, root_error
from perception.person.skeleton import (
    BONES,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_TOE,
    L_WRIST,
    assemble,
)
from perception.track import Track

Floats = NDArray[np.floating]

MM = 1e3
MOST_LATE_S, LATE_STEP_S = 0.15, 0.01
"""How far the clocks of a video and of its markers are believed to be apart."""
JOINT_NAMES = "hip knee ankle toe shoulder elbow wrist".split()
_LIMBS = {
    "arms": (L_ELBOW, L_WRIST),
    "legs": (L_KNEE, L_ANKLE, L_TOE),
    "trunk": (L_HIP, L_SHOULDER),
}
"""Left joints; a bone is of the limb whose joint it ends in, on either side."""

CAUSES = {
    "across_mm": "joints about the pelvis, across the line of sight [mm]",
    "along_mm": "the same along the line of sight [mm]",
    "constant_mm": "of the error, what stays the same all clip [mm]",
    "changing_mm": "of the error, what changes [mm]",
    "longer_percent": "bones longer than the markers' [%]",
    "bones_mm": "bone lengths [mm]",
    "tilt_deg": "direction of gravity [°]",
    "late_s": "markers' clock behind the video's, where they fit best [s]",
}
LEFT = {
    "none": "as found",
    "clock": "were the clocks set as they fit best",
    "lengths": "were all bone lengths right",
    "arms": "were the arms' directions right",
    "legs": "were the legs' directions right",
    "trunk": "were the directions of pelvis, trunk and shoulders right",
    "directions": "were all directions right",
}
"""What would be left of the root-relative and the PA error."""


def real_causes(found: Track, times: Floats, joints: Floats) -> dict[str, Any]:
    """The error by cause, by what is put right, and by joint.

    `joints (N, 14, 3)` [m] are the markers' at `times (N,)` [s] of the video.
    """
    clock = np.arange(found.num_frames) / found.fps
    true = _turned(found.joints_w, at_times(times, joints, clock))
    a = _centred(found.joints_w)
    error, sight = a - true, _sight(found)
    along = (error * sight).sum(axis=-1)
    across = np.linalg.norm(error - along[..., None] * sight, axis=-1)
    constant = np.linalg.norm(error.mean(axis=0), axis=-1)
    lengths = [np.linalg.norm(bone_vectors(x), axis=-1).mean(axis=0) for x in (a, true)]
    late = best_clock(found.joints_w, clock, times, joints)
    causes = {
        "across_mm": MM * across.mean(),
        "along_mm": MM * np.abs(along).mean(),
        "constant_mm": MM * constant.mean(),
        "changing_mm": MM * _size(error - error.mean(axis=0)).mean(),
        "longer_percent": 100.0 * (lengths[0].sum() / lengths[1].sum() - 1.0),
        "bones_mm": MM * np.abs(lengths[0] - lengths[1]).mean(),
        "tilt_deg": _tilt(found.joints_w, at_times(times, joints, clock)),
        "late_s": late,
    }
    left = put_right(a, true) | {
        "clock": _both(a, at_times(times, joints, clock + late))
    }
    by_joint = {
        name: [
            MM * float(part[..., 2 * k : 2 * k + 2].mean())
            for part in (_size(error), across, np.abs(along), constant)
        ]
        for k, name in enumerate(JOINT_NAMES)
    }
    plain = {key: float(value) for key, value in causes.items()}
    return {"causes": plain, "left": left, "by_joint": by_joint}


def bone_vectors(joints: Floats) -> Floats:
    """Bones `(T, B, 3)` [m] of joints `(T, 14, 3)`, in the order of `BONES`."""
    return joints[:, BONES[:, 1]] - joints[:, BONES[:, 0]]


def put_right(found: Floats, true: Floats) -> dict[str, tuple[float, float]]:
    """Root-relative and PA error [mm] with parts of `found` as in `true`.

    Both `(T, 14, 3)` [m], turned alike.
    """
    vectors = [bone_vectors(x) for x in (found, true)]
    lengths = [np.maximum(_size(v)[..., None], 1e-6) for v in vectors]
    ways = [v / size for v, size in zip(vectors, lengths, strict=True)]
    limb = {
        name: np.isin(BONES[:, 1] - BONES[:, 1] % 2, ends)
        for name, ends in _LIMBS.items()
    }
    limb["directions"] = np.ones(len(BONES), bool)
    left = {
        name: _both(
            assemble(np.where(mine[:, None], ways[1], ways[0]) * lengths[0]), true
        )
        for name, mine in limb.items()
    }
    left["lengths"] = _both(assemble(ways[0] * lengths[1]), true)
    return left | {"none": _both(found, true)}


def best_clock(found: Floats, clock: Floats, times: Floats, joints: Floats) -> float:
    """How much later [s] than the video's the markers' clock fits best."""
    shifts = np.arange(-MOST_LATE_S, MOST_LATE_S + 1e-9, LATE_STEP_S)
    errors = [root_error(found, at_times(times, joints, clock + s)) for s in shifts]
    return float(shifts[int(np.argmin(errors))])


def _both(found: Floats, true: Floats) -> tuple[float, float]:
    return MM * root_error(found, true), MM * aligned_error(found, true)


def _centred(joints: Floats) -> Floats:
    return joints - joints[:, :2].mean(axis=1, keepdims=True)


def _turned(found: Floats, true: Floats) -> Floats:
    """The markers' joints about the mid-hip, turned once to those found."""
    a, b = _centred(true), _centred(found)
    return a @ _rotation(a, b)


def _rotation(a: Floats, b: Floats) -> Floats:
    return rigid_motion(_both_ways(a), _both_ways(b))[0]


def _both_ways(points: Floats) -> Floats:
    """Points `(2 N, 3)` and their opposites: a fit of these turns about the origin."""
    flat = points.reshape(-1, 3)
    return np.concatenate([flat, -flat])


def _tilt(found: Floats, true: Floats) -> float:
    up = _rotation(_centred(true), _centred(found))[2]
    return float(np.degrees(np.arccos(np.clip(up[2], -1.0, 1.0))))


def _sight(track: Track) -> Floats:
    """Unit vectors `(T, 14, 3)` from the camera to the joints, in the world."""
    T = track.T_world_to_cam
    camera = -np.einsum("tji,tj->ti", T[:, :3, :3], T[:, :3, 3])
    ray = track.joints_w - camera[:, None]
    return ray / np.maximum(_size(ray)[..., None], 1e-6)


def _size(vectors: Floats) -> Floats:
    return np.linalg.norm(vectors, axis=-1)
