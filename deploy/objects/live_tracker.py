"""Where an object of known shape is, image by image, by colour and outline alone.

The live sibling of `perception.objects.follow`: the colours are learned once, inside
and outside the outline at a pose that the user vouches for; from then on the outline
is sought near where it was. It knows no hands, so it loses what is hidden, and says so.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.colour import CLIP, fine_codes, histogram, log_odds
from perception.objects.contour import Patch, fit_outline
from perception.objects.shape import hull_points
from perception.objects.silhouette import Pose, Silhouette

Floats = NDArray[np.floating]

SIDE = 480
"""Longest side [px] at which images are looked at."""
SIGMA = np.array([0.05, 0.05, 0.05, 0.15, 0.15, 0.15])
"""How far [m, rad] the object goes from one image to the next, more or less."""
RADIUS_PX = 16.0
SEEN = 0.25
"""Score below which the object is lost."""


class LiveTracker:
    """Follows one object from `start (6,)` in the anchor frame, z up.

    `start` is x, y, z [m], yaw, pitch, roll [rad]. `K (3, 3)` [px] belongs to images
    of `size` (width, height); `T_anchor_to_cam` is (4, 4).
    """

    def __init__(
        self,
        spec: ObjectSpec,
        K: Floats,
        size: tuple[int, int],
        T_anchor_to_cam: Floats,
        start: Floats,
    ) -> None:
        shrink = min(1.0, SIDE / max(size))
        self._size = (round(size[0] * shrink), round(size[1] * shrink))
        scale = np.array([self._size[0] / size[0], self._size[1] / size[1], 1.0])
        self._view = Silhouette(hull_points(spec), K * scale[:, None], T_anchor_to_cam)
        self._given = size
        self._pose = _pose(np.asarray(start, float))
        self._prior = np.diag(1.0 / SIGMA**2)
        self._odds_of: NDArray[np.float32] | None = None
        self.score = 0.0
        """-1 to 1: how well the last image fits."""

    def update(self, image: NDArray[np.uint8]) -> tuple[Floats, Floats] | None:
        """Position `(3,)` [m] and orientation `(4,)` wxyz, or None while it is lost.

        `image (h, w, 3)` is BGR and of the size given. Raises ValueError if it is not.
        """
        if image.shape != (self._given[1], self._given[0], 3):
            msg = f"image of shape {image.shape}, expected {self._given[::-1]} and 3"
            raise ValueError(msg)
        small = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        codes = fine_codes(np.asarray(small, np.uint8))
        if self._odds_of is None:
            self._odds_of = self._learn(codes)
        odds = self._odds_of[codes]
        patch = Patch(odds, np.zeros(2))
        found = fit_outline(self._view, self._pose, patch, self._prior, RADIUS_PX)
        self.score = self._view.score(found.pose, odds) / CLIP
        if self.score < SEEN:
            return None
        self._pose = found.pose
        return found.pose.pos_w.copy(), found.pose.quat_w.copy()

    def _learn(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]:
        height, width = codes.shape
        inside = self._view.mask(self._pose, (height, width)) > 0
        if not inside.any() or inside.all():
            msg = "the object's first pose is not in the image; check camera and start"
            raise ValueError(msg)
        return log_odds(histogram(codes[inside]), histogram(codes[~inside]))


def _pose(values: Floats) -> Pose:
    """Position, then yaw about z, pitch about y and roll about x, in this order."""
    yaw, pitch, roll = values[3:]
    turn = rotations.from_yaw(np.asarray(yaw))
    turn = rotations.multiply(turn, rotations.exp(np.array([0.0, pitch, 0.0])))
    turn = rotations.multiply(turn, rotations.exp(np.array([roll, 0.0, 0.0])))
    return Pose(values[:3].copy(), turn)
