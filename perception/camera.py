"""The camera: intrinsics from a field of view, level and height from the floor."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

ASSUMED_FIELD_OF_VIEW_DEG = 67.0
"""Of an image's long side, where nobody says: a phone's main lens while filming."""


@dataclasses.dataclass(frozen=True)
class Floor:
    """The floor as the camera sees it: `height(x) = up_c · x + camera_height`.

    | field | shape | unit | frame |
    |---|---|---|---|
    | up_c | (3,) | | camera (OpenCV: x right, y down, z forward) |
    | camera_height | () | m | of the camera's centre above the floor |
    """

    up_c: Floats
    camera_height: float

    def height(self, points_c: Floats) -> Floats:
        """Heights `(...)` [m] above the floor of `points_c (..., 3)`."""
        return points_c @ self.up_c + self.camera_height


def intrinsics(
    width: int, height: int, field_of_view_deg: float | None
) -> tuple[Floats, str]:
    """K `(3, 3)` [px] from a horizontal field of view, and where it comes from."""
    if field_of_view_deg is None:
        half = math.radians(ASSUMED_FIELD_OF_VIEW_DEG) / 2
        focal = max(width, height) / 2 / math.tan(half)
        source = f"assumed {ASSUMED_FIELD_OF_VIEW_DEG:g}° along the long side"
    else:
        focal = width / 2 / math.tan(math.radians(field_of_view_deg) / 2)
        source = f"given {field_of_view_deg:g}° horizontal"
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], float)
    return K, source


def project(K: Floats, points_c: Floats) -> Floats:
    """Pixels `(..., 2)` of camera-frame points `(..., 3)` [m] in front of the lens."""
    depth = np.maximum(points_c[..., 2:], 1e-3)
    focal = np.array([K[0, 0], K[1, 1]])
    return points_c[..., :2] / depth * focal + K[:2, 2]


def transform(T_a_to_b: Floats, points_a: Floats) -> Floats:
    """Points `(..., 3)` in frame b from points in frame a."""
    return points_a @ T_a_to_b[:3, :3].T + T_a_to_b[:3, 3]


def invert(T_a_to_b: Floats) -> Floats:
    """The rigid transform `(4, 4)` from b to a."""
    rotation = T_a_to_b[:3, :3].T
    inverse = np.eye(4)
    inverse[:3, :3] = rotation
    inverse[:3, 3] = -rotation @ T_a_to_b[:3, 3]
    return inverse


def world_from_floor(floor: Floor, origin_c: Floats, forward_c: Floats) -> Floats:
    """`T_world_to_cam (4, 4)`: Z up from the floor, origin under `origin_c`.

    World x points along `forward_c` made level.
    """
    z = floor.up_c / np.linalg.norm(floor.up_c)
    x = forward_c - z * (forward_c @ z)
    if np.linalg.norm(x) < 1e-6:
        x = np.cross([1.0, 0.0, 0.0], z)
    x = x / np.linalg.norm(x)
    T_world_to_cam = np.eye(4)
    T_world_to_cam[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    T_world_to_cam[:3, 3] = origin_c - z * floor.height(origin_c)
    return T_world_to_cam
