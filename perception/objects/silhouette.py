"""How well an object's outline, at a pose, fits the pixels that look like it."""

from __future__ import annotations

import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import project, transform

Floats = NDArray[np.floating]
SUBPIXEL = 4
BRIM = 0.7


def outline_points(spec: ObjectSpec) -> Floats:
    """Points `(N, 3)` [m] in the object's frame whose convex hull is its shape."""
    half = np.asarray(spec.half_size)
    if spec.shape in ("box", "chair"):
        bits = np.array([[(i >> k) & 1 for k in range(3)] for i in range(8)])
        return (2 * bits - 1) * half
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    levels = [-1.0, 1.0] if spec.shape == "cylinder" else np.linspace(-1, 1, 9)
    rings = []
    for level in levels:
        radius = 1.0 if spec.shape == "cylinder" else np.sqrt(1 - level**2)
        rings.append(np.column_stack([radius * ring, np.full(len(ring), level)]))
    return np.concatenate(rings) * half


@dataclasses.dataclass(frozen=True)
class Silhouette:
    """The outline of `points_o (N, 3)` [m] seen by one camera.

    A pose is `(x, y, z, yaw, pitch, roll)` in the world, metres and radians: turned
    about world Z, then tilted about the camera's level right and forward axes.
    """

    points_o: Floats
    K: Floats
    T_world_to_cam: Floats

    @functools.cached_property
    def level_axes(self) -> tuple[Floats, Floats]:
        """The camera's right and forward axes in the world, made level."""
        right = self.T_world_to_cam[0, :3] * [1.0, 1.0, 0.0]
        right = right / np.linalg.norm(right)
        return right, np.cross([0.0, 0.0, 1.0], right)

    def quat(self, pose: Floats) -> Floats:
        """The object's orientation `(..., 4)` in the world at poses `(..., 6)`."""
        right, forward = self.level_axes
        tilt = pose[..., 4:5] * right + pose[..., 5:6] * forward
        return rotations.multiply(rotations.exp(tilt), rotations.from_yaw(pose[..., 3]))

    def hull(self, pose: Floats) -> Floats:
        """Corners `(M, 2)` [px] of the outline at this pose."""
        turned = self.points_o @ rotations.to_matrix(self.quat(pose)).T
        pixels = project(self.K, transform(self.T_world_to_cam, turned + pose[:3]))
        return cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(float)

    def mask(self, pose: Floats, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The outline filled with 255 in an image of this height and width."""
        image = np.zeros(size, np.uint8)
        _fill(image, self.hull(pose))
        return image

    def score(self, pose: Floats, odds: NDArray[np.float32]) -> float:
        """Sum of the log odds `(h, w)` inside the outline."""
        hull = self.hull(pose)
        height, width = odds.shape
        low = np.clip(np.floor(hull.min(axis=0)).astype(int) - 1, 0, [width, height])
        high = np.clip(np.ceil(hull.max(axis=0)).astype(int) + 2, 0, [width, height])
        if (high <= low).any():
            return 0.0
        image = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        _fill(image, hull - low)
        part = odds[low[1] : high[1], low[0] : high[0]]
        return float(np.einsum("ij,ij->", image.astype(np.float32), part)) / 255.0

    def area(self, pose: Floats) -> float:
        """Area [px²] of the outline."""
        return float(cv2.contourArea(self.hull(pose).astype(np.float32)))

    def fit(
        self,
        odds: NDArray[np.float32],
        guess: Floats,
        sigma: Floats,
        free: list[int],
        strength: float,
    ) -> tuple[Floats, float]:
        """The pose near `guess` that gathers most log odds, and its mean log odds.

        `sigma (6,)` says how far from the guess each part of the pose may go; only
        the parts in `free` move. `strength` weighs the image against the guess.
        """
        area = max(self.area(guess), 1.0)

        def energy(change: Floats) -> float:
            pose = guess.copy()
            pose[free] += change * sigma[free]
            held = 0.5 * float(change @ change)
            return held - strength * self.score(pose, odds) / area

        simplex = np.vstack([np.zeros(len(free)), 0.5 * np.eye(len(free))])
        options = {"initial_simplex": simplex, "xatol": 0.01, "fatol": 1e-3}
        found = minimize(
            energy,
            np.zeros(len(free)),
            method="Nelder-Mead",
            options={**options, "maxfev": 50 * len(free)},
        )
        pose = guess.copy()
        pose[free] += found.x * sigma[free]
        return pose, self.score(pose, odds) / max(self.area(pose), 1.0)


def _fill(image: NDArray[np.uint8], hull: Floats) -> None:
    """Fill the hull, whose pixel (0, 0) spans 0 to 1, with its true area.

    OpenCV counts from pixels' centres, and draws `BRIM` more than the area all round.
    """
    middle = hull.mean(axis=0)
    area = cv2.contourArea(hull.astype(np.float32))
    inner = middle + (hull - middle) * (1.0 - 2 * BRIM / max(np.sqrt(area), 3.0))
    points = ((inner - 0.5) * (1 << SUBPIXEL)).round().astype(np.int32)
    cv2.fillConvexPoly(image, points, 255, cv2.LINE_AA, SUBPIXEL)
