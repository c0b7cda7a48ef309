"""How far two solids are apart at least, told without looking for their nearest points.

Along any line, what lies between two solids' shadows is no more than their distance.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

SLACK = 1e-6
"""Rounding [m] by which a bound may be too high."""


def may_be_near(
    model: mujoco.MjModel, pairs: Ints, pos: Floats, mat: Floats, within: Floats
) -> tuple[Ints, Ints]:
    """Which `frame (N,)` and `pair (N,)` may have geoms closer than `within (P,)` [m].

    `pairs (P, 2)` are geoms, `pos (T, G, 3)` and `mat (T, G, 3, 3)` where they are.
    None that is closer is left out.
    """
    first, second = pairs.T
    way = pos[:, second] - pos[:, first]
    reach = model.geom_rbound[first] + model.geom_rbound[second] + within
    frame, pair = np.nonzero(np.einsum("tpi,tpi->tp", way, way) < reach**2)
    for lines_of in (_way, _axes):  # few are left for the second, dearer look
        a, b = first[pair], second[pair]
        ways, turned = way[frame, pair], (mat[frame, a], mat[frame, b])
        gap = apart(model, a, b, ways, *turned, lines_of(ways, *turned))
        near = gap < within[pair] + SLACK
        frame, pair = frame[near], pair[near]
    return frame, pair


def apart(
    model: mujoco.MjModel,
    a: Ints,
    b: Ints,
    way: Floats,
    mat_a: Floats,
    mat_b: Floats,
    lines: Floats,
) -> Floats:
    """At least so far [m] apart `(N,)` are geoms `a` and `b`; may be negative.

    Seen along unit `lines (N, 3, K)`; `way (N, 3)` goes from a to b.
    """
    between = np.abs((way[:, None] @ lines)[:, 0])
    between -= extent(model, a, mat_a, lines) + extent(model, b, mat_b, lines)
    return between.max(axis=1, initial=-np.inf)


def _way(way: Floats, _a: Floats, _b: Floats) -> Floats:
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    return (way / length)[:, :, None]


def _axes(_: Floats, mat_a: Floats, mat_b: Floats) -> Floats:
    return np.concatenate([mat_a, mat_b], axis=2)


def extent(model: mujoco.MjModel, geoms: Ints, mat: Floats, lines: Floats) -> Floats:
    """How far `(N, K)` [m] geoms reach from their middles along `lines (N, 3, K)`."""
    along = np.abs(np.swapaxes(mat, 1, 2) @ lines)
    kind, size = model.geom_type[geoms, None], model.geom_size[geoms, :, None]
    ball, high = size[:, 0], size[:, 1] * along[:, 2]
    flat = np.sqrt(np.maximum(1.0 - along[:, 2] ** 2, 0.0))
    shapes = {
        mujoco.mjtGeom.mjGEOM_SPHERE: ball + 0.0 * high,
        mujoco.mjtGeom.mjGEOM_CAPSULE: ball + high,
        mujoco.mjtGeom.mjGEOM_CYLINDER: ball * flat + high,
        mujoco.mjtGeom.mjGEOM_BOX: (size * along).sum(axis=1),
    }
    around = model.geom_rbound[geoms, None] + 0.0 * high
    return np.select([kind == int(k) for k in shapes], [*shapes.values()], around)
