"""How an object of parts looks to one camera: pixels it covers, edges it shows."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.camera import project, transform

Floats = NDArray[np.floating]
SUBPIXEL = 4
BRIM = 0.7


class Pose(NamedTuple):
    """Where an object is: `pos_w (3,)` [m], `quat_w (4,)` wxyz."""

    pos_w: Floats
    quat_w: Floats

    def moved(self, change: Floats) -> Pose:
        """Shifted by `change[:3]` [m], turned by `change[3:]` [rad], world axes."""
        quat = rotations.multiply(rotations.exp(change[3:]), self.quat_w)
        return Pose(self.pos_w + change[:3], rotations.normalize(quat))

    def to(self, other: Pose) -> Floats:
        """The change `(6,)` that takes this pose to `other`."""
        turn = rotations.difference(other.quat_w, self.quat_w)
        return np.concatenate([other.pos_w - self.pos_w, turn])


class Edge(NamedTuple):
    """Points on an outline: where they are in space, in the image, and which way out.

    `lever_w (N, 3)` [m] from the object's centre, `pixels (N, 2)`, unit `normals`.
    """

    lever_w: Floats
    pixels: Floats
    normals: Floats


@dataclasses.dataclass(frozen=True)
class Silhouette:
    """The outline of an object's `parts`, each `(N, 3)` [m], seen by one camera."""

    parts: list[Floats]
    K: Floats
    T_world_to_cam: Floats

    def with_camera(self, K: Floats) -> Silhouette:
        """The same from a camera of other intrinsics `(3, 3)` [px]."""
        return dataclasses.replace(self, K=K)

    def hulls(self, pose: Pose) -> list[tuple[Floats, Floats]]:
        """Per part, its outline's corners in order, `(M, 2)` [px], `(M, 3)` [m].

        The second are the points behind them, as levers in the world.
        """
        matrix = rotations.to_matrix(pose.quat_w).T
        levers = np.concatenate(self.parts) @ matrix
        pixels = project(self.K, transform(self.T_world_to_cam, levers + pose.pos_w))
        pixels = np.clip(pixels, -1e5, 1e5).astype(np.float32)
        found, start = [], 0
        for part in self.parts:
            here = slice(start, start + len(part))
            start += len(part)
            order = np.asarray(cv2.convexHull(pixels[here], returnPoints=False), int)[
                :, 0
            ]
            found.append((pixels[here][order].astype(float), levers[here][order]))
        return found

    def mask(self, pose: Pose, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The outline filled with 255 in an image of this height and width."""
        image = np.zeros(size, np.uint8)
        for hull, _ in self.hulls(pose):
            _fill(image, hull)
        return image

    def box(self, pose: Pose, size: tuple[int, int], margin: float) -> Floats:
        """Left, top, right, bottom [px] of the outline and a margin, in the image."""
        hull = np.concatenate([hull for hull, _ in self.hulls(pose)])
        low = np.floor(hull.min(axis=0) - margin)
        high = np.ceil(hull.max(axis=0) + margin) + 1
        limit = np.array([size[1], size[0]])
        return np.concatenate([np.clip(low, 0, limit), np.clip(high, 0, limit)])

    def score(self, pose: Pose, odds: NDArray[np.float32]) -> float:
        """Mean of the log odds `(h, w)` inside the outline; 0 out of sight."""
        height, width = odds.shape
        hulls = [hull for hull, _ in self.hulls(pose)]
        every = np.concatenate(hulls)
        left, top = np.clip(np.floor(every.min(0)).astype(int), 0, [width, height])
        right, low = np.clip(np.ceil(every.max(0)).astype(int) + 1, 0, [width, height])
        if right <= left or low <= top:
            return 0.0
        image = np.zeros((low - top, right - left), np.uint8)
        for hull in hulls:
            _fill(image, hull - [left, top])
        part = odds[top:low, left:right]
        inside = np.einsum("ij,ij->", image.astype(np.float32), part)
        return float(inside) / max(255.0 * _area(hulls), 255.0)

    def area(self, pose: Pose) -> float:
        """Area [px²] of the outline, parts behind each other counted once or so."""
        return _area([hull for hull, _ in self.hulls(pose)])

    def edge(self, pose: Pose, spacing: float) -> Edge:
        """The outline, sampled every `spacing` pixels, without what lies inside."""
        hulls = self.hulls(pose)
        levers, pixels, normals = [], [], []
        for index, (hull, lever) in enumerate(hulls):
            along, start = _sample(hull, spacing)
            after = (start + 1) % len(hull)
            pixel = hull[start] + along[:, None] * (hull[after] - hull[start])
            side = hull[after] - hull[start]
            normal = _outward(side, hull)
            keep = np.ones(len(along), bool)
            for other, (covering, _) in enumerate(hulls):
                if other != index:
                    keep &= ~_within(pixel, covering)
            depth = self._depth(lever + pose.pos_w)
            share = along * depth[start]
            share = share / (share + (1.0 - along) * depth[after])
            lever = lever[start] + share[:, None] * (lever[after] - lever[start])
            levers.append(lever[keep])
            pixels.append(pixel[keep])
            normals.append(normal[keep])
        return Edge(*(np.concatenate(each) for each in (levers, pixels, normals)))

    def _depth(self, points_w: Floats) -> Floats:
        """Depth `(N,)` [m] before the camera of `points_w (N, 3)`."""
        T = self.T_world_to_cam
        return np.maximum(points_w @ T[2, :3] + T[2, 3], 0.1)


def _area(hulls: list[Floats]) -> float:
    """Area [px²] that hulls cover together."""
    if len(hulls) == 1:
        return float(cv2.contourArea(hulls[0].astype(np.float32)))
    every = np.concatenate(hulls)
    low = np.floor(np.clip(every.min(axis=0), -2000, 4000)).astype(int)
    high = np.ceil(np.clip(every.max(axis=0), -2000, 4000)).astype(int)
    image = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    for hull in hulls:
        _fill(image, hull - low)
    return float(image.sum()) / 255.0


def _sample(hull: Floats, spacing: float) -> tuple[Floats, NDArray[np.intp]]:
    """Where along which side the samples lie, spread evenly around the hull."""
    sides = np.linalg.norm(np.roll(hull, -1, axis=0) - hull, axis=1)
    ends = np.cumsum(sides)
    count = int(np.clip(ends[-1] / spacing, 4, 200))
    at = (np.arange(count) + 0.5) * ends[-1] / count
    side = np.minimum(np.searchsorted(ends, at, side="right"), len(hull) - 1)
    begin = ends[side] - sides[side]
    return (at - begin) / np.maximum(sides[side], 1e-9), side


def _outward(side: Floats, hull: Floats) -> Floats:
    """Unit normals `(N, 2)` of sides `(N, 2)` that point out of the hull."""
    x, y = hull.T
    clockwise = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0
    normal = side[:, ::-1] * ([1.0, -1.0] if clockwise else [-1.0, 1.0])
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


def _within(pixels: Floats, hull: Floats) -> NDArray[np.bool_]:
    """Which of the pixels `(N, 2)` lie inside the hull, more than a pixel deep."""
    side = np.roll(hull, -1, axis=0) - hull
    normal = _outward(side, hull)
    depth = np.einsum("nsk,sk->ns", hull[None] - pixels[:, None], normal)
    return (depth > 1.0).all(axis=1)


def _fill(image: NDArray[np.uint8], hull: Floats) -> None:
    """Fill the hull, whose pixel (0, 0) spans 0 to 1, with its true area.

    OpenCV counts from pixels' centres, and draws `BRIM` more than the area all round.
    """
    middle = hull.mean(axis=0)
    area = cv2.contourArea(hull.astype(np.float32))
    inner = middle + (hull - middle) * (1.0 - 2 * BRIM / max(np.sqrt(area), 3.0))
    points = ((inner - 0.5) * (1 << SUBPIXEL)).round().astype(np.int32)
    cv2.fillConvexPoly(image, points, 255, cv2.LINE_AA, SUBPIXEL)
