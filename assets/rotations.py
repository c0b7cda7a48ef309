"""Quaternion and rotation helpers in numpy, wxyz, batched over leading dimensions.

Every function takes arrays whose last axis (or last two, for matrices) holds the
rotation, broadcasts over the rest, and keeps the floating-point type of its input.
A quaternion `q_ab` rotates vectors from frame b into frame a.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]

IDENTITY: Array = np.array([1.0, 0.0, 0.0, 0.0])


def normalize(q: Array) -> Array:
    """Return `q (..., 4)` at unit norm; a zero quaternion becomes the identity."""
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    safe = np.where(norm > 0.0, norm, 1.0)
    unit = np.asarray(IDENTITY, q.dtype)
    return np.where(norm > 0.0, q / safe, unit)


def components(a: Array) -> tuple[Array, ...]:
    """Views `(...)` of the entries along the last axis of `a (..., K)`."""
    return tuple(a[..., i] for i in range(a.shape[-1]))


def assemble(*entries: Array) -> Array:
    """The inverse of `components`: arrays of one shape and type to `(..., K)`.

    Several times faster than `np.stack` on the small arrays of a control step.
    """
    out = np.empty((*entries[0].shape, len(entries)), entries[0].dtype)
    for index, entry in enumerate(entries):
        out[..., index] = entry
    return out


def _cross(u: Array, v: Array) -> Array:
    """Cross product `(..., 3)`, without the overhead of `np.cross`."""
    ux, uy, uz = components(u)
    vx, vy, vz = components(v)
    return assemble(uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)


def multiply(p: Array, q: Array) -> Array:
    """Hamilton product `p ⊗ q (..., 4)`: apply `q` first, then `p`."""
    pw, px, py, pz = components(p)
    qw, qx, qy, qz = components(q)
    return assemble(
        pw * qw - px * qx - py * qy - pz * qz,
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
    )


def conjugate(q: Array) -> Array:
    """Inverse of a unit quaternion `(..., 4)`: the vector part changes sign."""
    return q * np.array([1.0, -1.0, -1.0, -1.0], q.dtype)


def rotate(q: Array, v: Array) -> Array:
    """Rotate vectors `v (..., 3)` by unit quaternions `q (..., 4)`."""
    w, u = q[..., :1], q[..., 1:]
    t = 2.0 * _cross(u, v)
    return v + w * t + _cross(u, t)


def rotate_inverse(q: Array, v: Array) -> Array:
    """Rotate vectors `v (..., 3)` by the inverse of unit quaternions `q (..., 4)`."""
    return rotate(conjugate(q), v)


def to_matrix(q: Array) -> Array:
    """Rotation matrices `(..., 3, 3)` of unit quaternions `q (..., 4)`."""
    w, x, y, z = components(q)
    flat = assemble(
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    )
    return flat.reshape((*q.shape[:-1], 3, 3))


def from_matrix(m: ArrayLike) -> Array:
    """Unit quaternions `(..., 4)`, w ≥ 0, of rotation matrices `m (..., 3, 3)`.

    Picks the best conditioned of Shepperd's four cases per element.
    """
    m = np.asarray(m)
    trace = np.trace(m, axis1=-2, axis2=-1)
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = (
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    )
    xy = m[..., 0, 1] + m[..., 1, 0]
    xz = m[..., 0, 2] + m[..., 2, 0]
    yz = m[..., 1, 2] + m[..., 2, 1]
    cases = np.stack(
        [
            np.stack([1 + trace, a, b, c], -1),
            np.stack([a, 1 + m00 - m11 - m22, xy, xz], -1),
            np.stack([b, xy, 1 - m00 + m11 - m22, yz], -1),
            np.stack([c, xz, yz, 1 - m00 - m11 + m22], -1),
        ],
        axis=-2,
    )
    best = np.argmax(np.stack([trace, m00, m11, m22], -1), axis=-1)
    q = np.take_along_axis(cases, best[..., None, None], axis=-2)[..., 0, :]
    q = normalize(q)
    return np.where(q[..., :1] < 0, -q, q)


def exp(rotvec: Array) -> Array:
    """Unit quaternions `(..., 4)` of rotation vectors `(..., 3)` [rad]."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    scale = np.where(angle > 1e-8, np.sin(angle / 2) / np.maximum(angle, 1e-8), 0.5)
    return np.concatenate([np.cos(angle / 2), rotvec * scale], axis=-1)


def log(q: Array) -> Array:
    """Rotation vectors `(..., 3)` [rad], angle ≤ π, of unit quaternions `(..., 4)`."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    scale = np.where(sine > 1e-8, angle / np.maximum(sine, 1e-8), 2.0)
    return q[..., 1:] * scale


def difference(p: Array, q: Array) -> Array:
    """Rotation vector `(..., 3)` [rad] that takes `q` to `p`, in the outer frame."""
    return log(multiply(p, conjugate(q)))


def angle(p: Array, q: Array) -> Array:
    """Angle `(...)` [rad] in [0, π] between unit quaternions."""
    dot = np.abs(np.sum(p * q, axis=-1))
    return 2.0 * np.arccos(np.clip(dot, 0.0, 1.0))


def from_yaw(yaw: ArrayLike) -> Array:
    """Quaternions `(..., 4)` of rotations by `yaw` [rad] about world Z."""
    half = np.asarray(yaw, dtype=float) / 2.0
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], axis=-1)


def yaw(q: Array) -> Array:
    """Heading `(...)` [rad] about world Z of the frame's x axis."""
    w, x, y, z = components(q)
    return np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def slerp(p: Array, q: Array, t: ArrayLike) -> Array:
    """Interpolate from `p` (t = 0) to `q` (t = 1) along the shorter arc."""
    step = log(multiply(conjugate(p), q))
    return multiply(p, exp(step * np.asarray(t)[..., None]))


def to_6d(q: Array) -> Array:
    """First two columns of the rotation matrix, `(..., 6)`: x axis, then y axis.

    The continuous representation of Zhou et al., arXiv 1812.07035.
    """
    m = to_matrix(q)
    return np.concatenate([m[..., 0], m[..., 1]], axis=-1)


def continuous(q: Array) -> Array:
    """Flip signs along the first axis of `q (T, ..., 4)` so neighbours agree."""
    dots = np.sum(q[1:] * q[:-1], axis=-1, keepdims=True)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0).astype(q.dtype)
    return np.concatenate([q[:1], q[1:] * signs], axis=0)


def relative(
    pos_a: Array, quat_a: Array, pos_b: Array, quat_b: Array
) -> tuple[Array, Array]:
    """Pose of b in frame a, `(..., 3)` and `(..., 4)`, from both poses in one frame."""
    inverse = conjugate(quat_a)
    return rotate(inverse, pos_b - pos_a), multiply(inverse, quat_b)


def compose(
    pos_a: Array, quat_a: Array, pos_b: Array, quat_b: Array
) -> tuple[Array, Array]:
    """Pose of b in the outer frame, from a in the outer frame and b in a."""
    return pos_a + rotate(quat_a, pos_b), multiply(quat_a, quat_b)
