"""How far an object is off, in the camera's frame and up to its shape's symmetry."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import transform
from perception.track import Track

Floats = NDArray[np.floating]

SAME_SIDE = 0.02
"""Sides of a box whose lengths differ by less, as a share, look alike."""


def object_in_camera(track: Track) -> tuple[Floats, Floats]:
    """Position `(T, 3)` [m] and quaternion `(T, 4)` in each frame's camera."""
    T = track.T_world_to_cam
    pos = np.stack(
        [transform(a, p) for a, p in zip(T, track.object_pos_w, strict=True)]
    )
    turn = rotations.from_matrix(T[:, :3, :3])
    return pos, rotations.multiply(turn, track.object_quat_w)


def turned_by(found: Floats, true: Floats, item: ObjectSpec) -> Floats | None:
    """Angles `(T,)` [rad] between orientations `(T, 4)`; None for a ball.

    One symmetry of the object is taken for the whole clip, whichever is best; a
    cylinder's spin about its axis is left out in every frame.
    """
    if item.shape == "sphere":
        return None
    if item.shape == "cylinder":
        axes = [rotations.rotate(q, np.array([0.0, 0.0, 1.0])) for q in (found, true)]
        cosine = np.clip((axes[0] * axes[1]).sum(axis=-1), -1.0, 1.0)
        angle = np.arccos(cosine)
        return min(angle, np.pi - angle, key=lambda a: float(a.mean()))
    angles = [
        rotations.angle(rotations.multiply(found, q), true) for q in symmetries(item)
    ]
    return min(angles, key=lambda a: float(a.mean()))


def symmetries(item: ObjectSpec) -> Floats:
    """Quaternions `(S, 4)` that turn the object into itself, as far as size tells.

    Half turns of any box; quarter turns too about an axis across equal sides.
    """
    if item.shape != "box":
        return rotations.IDENTITY[None]
    size = np.asarray(item.size)
    found = []
    for order in itertools.permutations(range(3)):
        if np.abs(size[list(order)] / size - 1.0).max() > SAME_SIDE:
            continue
        for signs in itertools.product((1.0, -1.0), repeat=3):
            turn = np.eye(3)[list(order)] * np.array(signs)[:, None]
            if np.linalg.det(turn) > 0.0:
                found.append(turn)
    return rotations.from_matrix(np.array(found))
