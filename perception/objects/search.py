"""Where to begin seeking an object: on the floor, where the person comes to it."""

from __future__ import annotations

import copy
import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import project, transform
from perception.objects.colour import KeyFrames, Odds, fine_codes, tinted
from perception.objects.contour import Patch, fit_outline
from perception.objects.hiding import person_mask
from perception.objects.looks import depth_inside
from perception.objects.shape import (
    hull_points,
)
from perception.objects.silhouette import Pose, Silhouette
from perception.person.skeleton import L_ANKLE, L_HIP, L_TOE, R_HIP

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

CHANGE = 12.0
"""Distance of two colours that differ."""
EARLY = 5
"""Key frames at either end of a clip that say what was there, what is there."""
STAYS = 0.25
"""An object is where it was while less than this share of it has changed."""
TOUCH_M = 0.25
RING = 1.35
"""Size of an outline and what lies around it, over the outline's."""
OFF_M = 0.06


class Search:
    """What is needed to try poses quickly, in small pictures.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | codes | (N, h, w) | | fine colour codes of the key frames |
    | bodies_w | (N, 17, 3) | m | `hiding.body_points` at the key frames |
    | first | (M,) | | the first few key frames; for a seat, those that show it best |
    | change | (h, w) | -1 to 1 | what is seen at first is gone at last; 0 unknown |
    """

    def __init__(
        self,
        keys: KeyFrames,
        view: Silhouette,
        spec: ObjectSpec,
        bodies_w: Floats,
        contacts: tuple[str, ...],
        lies: bool | None = None,
    ) -> None:
        self.view, self.spec, self.bodies_w = view, spec, bodies_w
        self.contacts, self.lies = contacts, lies
        self.codes = fine_codes(keys.small)
        self.size = (self.codes.shape[1], self.codes.shape[2])
        count = len(self.codes)
        self.first = self._apart() if self.may_stay else np.arange(min(EARLY, count))
        self.last = np.arange(max(count - EARLY, 0), count)

    def of(self, spec: ObjectSpec) -> Search:
        """The same search for an object of another size."""
        other = copy.copy(self)
        other.spec = spec
        other.view = dataclasses.replace(self.view, parts=hull_points(spec))
        return other

    @functools.cached_property
    def person(self) -> Bools:
        """Pixels `(N, h, w)` where the person is, near or far."""
        cameras = (self.view.K, self.view.T_world_to_cam, self.size)
        return np.stack([person_mask(b, *cameras) for b in self.bodies_w])

    @functools.cached_property
    def before(self) -> NDArray[np.float32]:
        """The scene `(h, w, 3)` at first."""
        return np.median(tinted(self.codes[self.first]), axis=0)

    @functools.cached_property
    def change(self) -> NDArray[np.float32]:
        """What was there at first and is gone at last, without the person."""
        after = np.median(tinted(self.codes[self.last]), axis=0)
        far = np.linalg.norm(after - self.before, axis=-1) > CHANGE
        ends = self.person[self.first].any(axis=0) | self.person[self.last].any(axis=0)
        return np.where(ends, 0.0, np.where(far, 1.0, -1.0)).astype(np.float32)

    @functools.cached_property
    def coarse(self) -> NDArray[np.intp]:
        """Few bins of colour `(h, w)` at first; -1 where the person is."""
        light, a, b = np.moveaxis(self.before, -1, 0)
        tints = [np.clip((t - 128) / 12 + 5.5, 0, 10) for t in (a, b)]
        bins = (light / 16).astype(int) * 121
        bins = bins + tints[0].astype(int) * 11 + tints[1].astype(int)
        return np.where(self.person[self.first].any(axis=0), -1, bins)

    def stands_out(self, pose: Pose) -> float:
        """How unlike the colours inside the outline are to those around, 0 to 1."""
        hulls = [hull for hull, _ in self.view.hulls(pose)]
        every = np.concatenate(hulls)
        middle = every.mean(axis=0)
        low = np.floor(middle + RING * (every - middle).min(axis=0)).astype(int)
        high = np.ceil(middle + RING * (every - middle).max(axis=0)).astype(int) + 1
        limit = np.array(self.size)[::-1]
        low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        image = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        if not image.size:
            return 0.0
        for value, scale in ((1, RING), (2, 1.0)):
            for hull in hulls:
                points = middle + scale * (hull - middle) - low - 0.5
                cv2.fillConvexPoly(image, points.round().astype(np.int32), value)
        bins = self.coarse[low[1] : high[1], low[0] : high[0]]
        shares = []
        for value in (1, 2):
            counts = np.bincount(bins[(image == value) & (bins >= 0)], minlength=1936)
            if counts.sum() < 10:
                return 0.0
            shares.append(counts / counts.sum())
        return 1.0 - float(np.minimum(*shares).sum())

    @property
    def may_stay(self) -> bool:
        """Whether it need not move at all: a seat."""
        return "pelvis" in self.contacts

    def _apart(self) -> NDArray[np.intp]:
        """Key frames in which the person is farthest from where they sit."""
        hips = self.bodies_w[:, [L_HIP, R_HIP]].mean(axis=1)
        seat = hips[int(np.argmin(hips[:, 2]))]
        spots = seat + np.array([[0, 0, dz] for dz in (-0.4, -0.2, 0.0, 0.3)])
        pixels = project(self.view.K, transform(self.view.T_world_to_cam, spots))
        size = 0.35 * self.view.K[0, 0] / max(self._depth(seat), 0.5)
        height, width = self.size
        left, top = np.clip(pixels.min(axis=0) - size, 0, [width, height]).astype(int)
        right, low = np.clip(pixels.max(axis=0) + size, 0, [width, height]).astype(int)
        covered = self.person[:, top:low, left:right].mean(axis=(1, 2))
        return np.sort(np.argsort(np.nan_to_num(covered), kind="stable")[:EARLY])

    def _depth(self, point_w: Floats) -> float:
        T = self.view.T_world_to_cam
        return float(T[2, :3] @ point_w + T[2, 3])

    def masks(self, pose: Pose, keys: NDArray[np.intp]) -> tuple[Bools, Bools]:
        """What the person hides at a pose, and all of the person, each `(M, h, w)`."""
        near = self._depth(pose.pos_w)
        cameras = (self.view.K, self.view.T_world_to_cam, self.size)
        hidden = [person_mask(self.bodies_w[k], *cameras, near) for k in keys]
        return np.stack(hidden), self.person[keys]

    def touching_points(self) -> Floats:
        """Points `(N, P, 3)` of the bodies that may touch the object."""
        b, found = self.bodies_w, []
        if any("hand" in name for name in self.contacts):
            found += [b[:, 14], b[:, 15]]
        if any("foot" in name for name in self.contacts):
            found += [b[:, i] for i in range(L_ANKLE, L_TOE + 2)]
        if "pelvis" in self.contacts:
            found.append(b[:, [L_HIP, R_HIP]].mean(axis=1))
        return np.stack(found, axis=1)

    def aloof(self, pose: Pose) -> float:
        """How far [m], beyond what is usual, the bodies keep from the pose."""
        away = self.touching_points() - pose.pos_w
        half = np.asarray(self.spec.half_size)
        beyond = np.abs(rotations.rotate_inverse(pose.quat_w, away)) - half
        gap = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1).min()
        return max(float(gap) - TOUCH_M, 0.0)

    def leaves(self, pose: Pose) -> int:
        """The last key frame in which the object still looks as it did there."""
        inside = depth_inside(self.view, pose, self.size) > 0.5
        if not inside.any():
            return len(self.codes) - 1
        now = tinted(self.codes[:, inside])
        changed = np.linalg.norm(now - self.before[inside], axis=-1) > CHANGE
        known = ~self.person[:, inside]
        share = (changed & known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        same = (share < STAYS) & (known.mean(axis=1) > 0.3)
        stays = np.flatnonzero(same)
        return int(stays[-1]) if len(stays) else len(self.first) - 1

    def moves_off(self, pose: Pose, odds_of: Odds, prior: Floats) -> int:
        """The last key frame before its outline leaves the pose, at least 3 long."""
        moved = np.zeros(len(self.codes), bool)
        for k in range(len(self.codes)):
            odds = odds_of[self.codes[k]]
            odds[self.masks(pose, np.array([k]))[0][0]] = 0.0
            patch = Patch(odds, np.zeros(2))
            fit = fit_outline(self.view, pose, patch, prior, 6.0, 2)
            away = np.linalg.norm(fit.pose.pos_w - pose.pos_w)
            moved[k] = away > OFF_M and fit.seen > 0.2
        lasting = moved[:-2] & moved[1:-1] & moved[2:]
        return int(np.argmax(lasting)) - 1 if lasting.any() else len(moved) - 1

    def clear(self, pose: Pose, leaves: int, count: int) -> NDArray[np.intp]:
        """Up to `count` key frames, until it leaves, in which little hides it."""
        inside = depth_inside(self.view, pose, self.size) > 0.5
        until = max(leaves - 1, 1)
        hidden = self.person[:until, inside].mean(axis=1)
        clear = np.flatnonzero(hidden <= np.quantile(hidden, 0.25) + 0.02)
        return clear[np.linspace(0, len(clear) - 1, count).round().astype(int)]
