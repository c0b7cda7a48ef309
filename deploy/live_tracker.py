"""Where an object of known shape is, image by image, by colour and outline alone.

The live sibling of `perception.objects.follow`: the colours are learned once, inside
and outside the outline at a pose that the user vouches for; from then on the outline
is sought near where it was. It knows no hands, so it loses what is hidden, and says so.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from perception.objects.colour import BINS, CLIP, histogram, log_odds
from perception.objects.silhouette import Silhouette, outline_points

Floats = NDArray[np.floating]

SIDE = 320
"""Longest side [px] at which images are looked at."""
SIGMA = np.array([0.03, 0.03, 0.03, 0.1, 0.06, 0.06])
FREE = [0, 1, 2, 3]
STRENGTH = 60.0
SEEN = 0.25
"""Score below which the object is lost."""


class LiveTracker:
    """Follows one object from `start (6,)` in the anchor frame, z up.

    `K (3, 3)` [px] belongs to images of `size` (width, height); `T_anchor_to_cam`
    is (4, 4). A pose is (x, y, z, yaw, pitch, roll), as in `Silhouette`.
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
        shape = Silhouette(outline_points(spec), K * scale[:, None], T_anchor_to_cam)
        self._shape, self._given = shape, size
        self._pose = np.asarray(start, float)
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
        codes = _colours(np.asarray(small, np.uint8))
        if self._odds_of is None:
            self._odds_of = self._learn(codes)
        odds = self._odds_of[codes]
        pose, found = self._shape.fit(odds, self._pose, SIGMA, FREE, STRENGTH)
        self.score = found / CLIP
        if self.score < SEEN:
            return None
        self._pose = pose
        return pose[:3].copy(), np.asarray(self._shape.quat(pose), float)

    def _learn(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]:
        height, width = codes.shape
        inside = self._shape.mask(self._pose, (height, width)) > 0
        if not inside.any() or inside.all():
            msg = "the object's first pose is not in the image; check camera and start"
            raise ValueError(msg)
        return log_odds(histogram(codes[inside]), histogram(codes[~inside]))


def _colours(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Colour bin of every pixel: lightness and two tints, `BINS` steps each."""
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.int32) * BINS // 256
    return ((lab[..., 0] * BINS + lab[..., 1]) * BINS + lab[..., 2]).astype(np.uint16)
