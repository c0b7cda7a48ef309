"""A camera as computer vision writes it, and how MuJoCo is told to look through it."""

from __future__ import annotations

import dataclasses
import math

import mujoco
import numpy as np

from assets import rotations
from assets.rotations import Array

CAMERA = "studio"
"""Name of the model's camera that `aim` moves."""


@dataclasses.dataclass(frozen=True)
class Camera:
    """A still camera.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | size | 2 | px | width, height |
    | K | (3, 3) | px | intrinsics; the image's corner is (0, 0) |
    | T_world_to_cam | (4, 4) | m | OpenCV camera: x right, y down, z forward |
    | field_of_view_deg | () | ° | horizontal |
    """

    size: tuple[int, int]
    K: Array
    T_world_to_cam: Array
    field_of_view_deg: float

    def project(self, points_w: Array) -> Array:
        """Pixels `(..., 2)` of world points `(..., 3)` [m]."""
        points_c = points_w @ self.T_world_to_cam[:3, :3].T + self.T_world_to_cam[:3, 3]
        pixels = points_c @ self.K.T
        return pixels[..., :2] / pixels[..., 2:]


def look_at(
    eye: Array, target: Array, field_of_view_deg: float, size: tuple[int, int]
) -> Camera:
    """A level camera at `eye` [m, world] with `target` in the middle of its picture."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation, -rotation @ eye
    focal = size[0] / 2 / math.tan(math.radians(field_of_view_deg) / 2)
    K = np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1]])
    return Camera(size, K, transform, field_of_view_deg)


def aim(model: mujoco.MjModel, camera: Camera) -> None:
    """Give the model's camera `CAMERA` the pose and view of `camera`."""
    rotation, shift = camera.T_world_to_cam[:3, :3], camera.T_world_to_cam[:3, 3]
    index = model.camera(CAMERA).id
    model.cam_pos[index] = -rotation.T @ shift
    axes = rotation.T * np.array([1.0, -1.0, -1.0])
    model.cam_quat[index] = rotations.from_matrix(axes)
    half = math.atan(camera.size[1] / 2 / camera.K[1, 1])
    model.cam_fovy[index] = math.degrees(2 * half)
