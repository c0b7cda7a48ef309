"""Who carries a box: where two hands take it, and how it turns with them.

Its outline hardly tells half a turn from none, and nothing where it leaves the
picture or is hidden. But two hands hold it fast: it turns as hips and shoulders do,
goes where the palms go, and lies where they put it down.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.contour import Fit
from perception.objects.settle import Manner
from perception.objects.shape import same_looks
from perception.objects.silhouette import Pose
from perception.person.skeleton import L_HIP, L_SHOULDER, R_HIP, R_SHOULDER

Floats = NDArray[np.floating]

_LEFT, _RIGHT, _PALMS = [L_HIP, L_SHOULDER], [R_HIP, R_SHOULDER], slice(14, 16)
LIFTED_M = 0.1
"""So high over where it rested, it is in both hands."""
STAYS = 0.1**-2.0
"""How well [1/m²] is known that what nobody sees or carries stays."""
SMOOTH_KEYS, AROUND = 1.5, 3
DOUBT_RAD, CLEARLY = 0.3, 1.1
"""Turned by more than this with the person, it may be that only they were seen so."""


@dataclasses.dataclass
class Carrier:
    """The person of a clip as one who may carry its object.

    `rest_pose` is the object's before, `bodies_w (N, 17, 3)` [m] the person's points
    at the key frames, `facing` [rad] their heading as they take it.
    """

    spec: ObjectSpec
    manner: Manner
    rest_pose: Pose
    bodies_w: Floats
    facing: float = 0.0

    @property
    def may(self) -> bool:
        """Whether it is a box that hands may take off the floor."""
        tied = self.manner.tips or self.manner.on_floor or not self.manner.moves
        return self.spec.shape == "box" and not tied

    def takes(self, start: int) -> None:
        """They take it after key frame `start`."""
        around = slice(max(start - AROUND + 1, 0), start + AROUND)
        self.facing = float(np.median(self.headings[around]))

    @functools.cached_property
    def headings(self) -> Floats:
        """Which way `(N,)` [rad] hips and shoulders face, up to a constant."""
        left, right = (self.bodies_w[:, i].sum(axis=1) for i in (_LEFT, _RIGHT))
        x, y = (left - right)[:, :2].T
        return gaussian_filter1d(np.unwrap(np.arctan2(y, x)), SMOOTH_KEYS)

    def carries(self, pose: Pose) -> bool:
        """Whether two hands hold it there: well off the floor."""
        high = bool(pose.pos_w[2] > self.rest_pose.pos_w[2] + LIFTED_M)
        return self.may and high

    def turned(self, k: int, pose: Pose) -> Floats:
        """How it is turned in key frame `k`, after `pose` in the one before."""
        if not self.carries(pose):
            return pose.quat_w
        turn = rotations.from_yaw(self.headings[k] - self.facing)
        quat = rotations.multiply(turn, self.rest_pose.quat_w)
        alike = rotations.multiply(quat, same_looks(self.spec))
        return alike[int(np.argmin(rotations.angle(alike, pose.quat_w)))]

    def unseen(self, k: int, pose: Pose) -> Fit:
        """Where it is in key frame `k` if nothing shows it, after `pose` before."""
        known = np.zeros((6, 6))
        if self.carries(pose):
            went = (self.bodies_w[k] - self.bodies_w[k - 1])[_PALMS].mean(axis=0)
            pose = Pose(pose.pos_w + went, self.turned(k, pose))
        if self.may and not self.carries(pose):
            on_floor = np.array([*pose.pos_w[:2], self.rest_pose.pos_w[2]])
            pose, known = Pose(on_floor, pose.quat_w), STAYS * np.eye(6)
        return Fit(pose, known, 0.0, 0.0)


def sharper(turned: Fit, stayed: Fit) -> Fit:
    """Of two fits, that turned with the person, unless the other is clearly better."""
    return stayed if _sharp(stayed) > CLEARLY * _sharp(turned) else turned


def _sharp(fit: Fit) -> float:
    """How much of the outline was found, and how close to it."""
    return fit.seen / (fit.off + 0.3)
