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

MARGIN = 0.04
"""Share of the picture's width and height kept free at its edges."""
_FARTHEST = 9.0
_SWAY_HZ, _TREMOR_HZ = (0.15, 1.4), (5.0, 9.0)


@dataclasses.dataclass(frozen=True)
class Camera:
    """A camera on a tripod or in a hand.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | size | 2 | px | width, height |
    | K | (3, 3) | px | intrinsics; the image's corner is (0, 0) |
    | T_world_to_cam | (T, 4, 4) | m | OpenCV camera: x right, y down, z forward; one |
    | | | | row per video frame, or a single one for all |
    | field_of_view_deg | () | ° | horizontal |
    """

    size: tuple[int, int]
    K: Array
    T_world_to_cam: Array
    field_of_view_deg: float

    def project(self, points_w: Array) -> Array:
        """Pixels `(T, ..., 2)` of world points `(T, ..., 3)` [m], frame by frame."""
        between = (1,) * (points_w.ndim - 2)
        T = self.T_world_to_cam.reshape(-1, *between, 4, 4)
        points_c = (T[..., :3, :3] @ points_w[..., None])[..., 0] + T[..., :3, 3]
        pixels = points_c @ self.K.T
        return pixels[..., :2] / pixels[..., 2:]

    def pose(self, frame: float) -> tuple[Array, Array]:
        """Eye `(3,)` [m, world] and `quat_cam_to_world (4,)` at a time in frames."""
        last = len(self.T_world_to_cam) - 1
        first = min(int(frame), last)
        both = self.T_world_to_cam[[first, min(first + 1, last)]]
        turned = both[:, :3, :3].transpose(0, 2, 1)
        eyes = -(turned @ both[:, :3, 3:])[..., 0]
        quats = rotations.from_matrix(turned)
        share = frame - first if first < last else 0.0
        eye = eyes[0] + share * (eyes[1] - eyes[0])
        return eye, rotations.slerp(quats[0], quats[1], np.array(share))


def look_at(
    eye: Array,
    target: Array,
    field_of_view_deg: float,
    size: tuple[int, int],
    roll: float = 0.0,
) -> Camera:
    """A still camera at `eye` [m, world] with `target` in the middle of its picture.

    It is level but for `roll` [rad], clockwise as its holder sees it.
    """
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    right, down = (
        math.cos(roll) * right + math.sin(roll) * down,
        math.cos(roll) * down - math.sin(roll) * right,
    )
    transform = np.eye(4)
    transform[:3, :3] = rotation = np.stack([right, down, forward])
    transform[:3, 3] = -rotation @ eye
    focal = size[0] / 2 / math.tan(math.radians(field_of_view_deg) / 2)
    K = np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1]])
    return Camera(size, K, transform[None], field_of_view_deg)


def draw_camera(
    points_w: Array, size: tuple[int, int], walks: bool, rng: np.random.Generator
) -> Camera:
    """A still camera that sees all of `points_w (N, 3)`, from in front of the actor.

    Where the actor `walks` (along +x) it stands more to the side, for a wide picture.
    """
    low, high = points_w.min(axis=0), points_w.max(axis=0)
    target = 0.5 * (low + high)
    sides = (20.0, 55.0 if size[0] < size[1] else 95.0) if walks else (5.0, 70.0)
    turn = rng.uniform(*sides)
    azimuth = math.radians(rng.choice([-1.0, 1.0]) * turn)
    focal = max(size) / 2 / math.tan(math.radians(rng.uniform(54.0, 74.0)) / 2)
    field_of_view_deg = math.degrees(2 * math.atan(size[0] / 2 / focal))
    height, distance = rng.uniform(0.8, 2.0), rng.uniform(2.4, 3.4)
    roll = math.radians(rng.normal(0.0, 0.6))
    aim = target + rng.uniform(-0.1, 0.1, 3)
    while True:
        level = distance * np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
        eye = np.array([target[0], target[1], height]) + level
        camera = look_at(eye, aim, field_of_view_deg, size, roll)
        T = camera.T_world_to_cam[0]
        near = (points_w @ T[2, :3] + T[2, 3]).min()
        off_centre = abs(camera.project(points_w) / size - 0.5).max()
        if distance > _FARTHEST or (near > 0.8 and off_centre < 0.5 - MARGIN):
            return camera
        distance += 0.1


def hold(camera: Camera, frames: int, fps: float, rng: np.random.Generator) -> Camera:
    """The still camera taken in a hand: it sways by millimetres and tenths of 1°."""
    time = np.arange(frames) / fps
    far = rng.uniform(0.002, 0.008) * _sway(time, rng)
    turn = np.radians(rng.uniform(0.08, 0.3)) * _sway(time, rng)
    turn[:, 2] *= 0.6
    T = camera.T_world_to_cam[0]
    rotation = rotations.to_matrix(rotations.exp(turn)) @ T[:3, :3]
    eyes = -T[:3, :3].T @ T[:3, 3] + far
    moving = np.tile(np.eye(4), (frames, 1, 1))
    moving[:, :3, :3] = rotation
    moving[:, :3, 3] = -(rotation @ eyes[..., None])[..., 0]
    return dataclasses.replace(camera, T_world_to_cam=moving)


def aim(model: mujoco.MjModel, camera: Camera, frame: float = 0.0) -> None:
    """Give the model's camera `CAMERA` the view of `camera`, and its pose at a frame.

    Between two frames, in their time, it is between their poses.
    """
    eye, quat = camera.pose(frame)
    index = model.camera(CAMERA).id
    model.cam_pos[index] = eye
    model.cam_quat[index] = rotations.multiply(quat, np.array([0.0, 1.0, 0.0, 0.0]))
    half = math.atan(camera.size[1] / 2 / camera.K[1, 1])
    model.cam_fovy[index] = math.degrees(2 * half)


def _sway(time: Array, rng: np.random.Generator) -> Array:
    """Smooth noise `(T, 3)` of unit strength: slow sway and a little tremor."""
    hertz = np.concatenate([rng.uniform(*_SWAY_HZ, 5), rng.uniform(*_TREMOR_HZ, 2)])
    power = np.concatenate([(0.4 / hertz[:5]).clip(0.3, 1.0), [0.04, 0.04]])
    phase = rng.uniform(0.0, 2.0 * np.pi, (7, 3))
    waves = np.sin(2.0 * np.pi * time[:, None, None] * hertz[:, None] + phase)
    return (waves * (power * rng.uniform(0.5, 1.0, 7))[:, None]).sum(axis=1)
