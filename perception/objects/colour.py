"""Key frames of a clip, and how much each pixel's colour looks like the object."""

from __future__ import annotations

import dataclasses
import functools

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from perception.reel import Reel

Floats = NDArray[np.floating]
Codes = NDArray[np.uint16]
Odds = NDArray[np.float32]

KEY_FPS = 10.0
MAX_KEYS = 300
SHRINK = 4
"""Small pictures, for searching, are this much smaller than key frames."""
BINS = 16
CLIP = 2.5


@dataclasses.dataclass(frozen=True)
class KeyFrames:
    """Some frames of a clip, held in memory at a size that tracking needs.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | index | (N,) | | which frame of the video |
    | images | (N, h, w, 3) | | BGR |
    | K | (3, 3) | px | intrinsics at this size |
    """

    index: NDArray[np.intp]
    images: NDArray[np.uint8]
    K: Floats

    @functools.cached_property
    def small(self) -> NDArray[np.uint8]:
        """All pictures `(N, h / SHRINK, w / SHRINK, 3)`, averaged."""
        height, width = self.images.shape[1:3]
        size = (max(width // SHRINK, 1), max(height // SHRINK, 1))
        area = cv2.INTER_AREA
        return np.stack([cv2.resize(i, size, interpolation=area) for i in self.images])

    @property
    def k_small(self) -> Floats:
        """Intrinsics `(3, 3)` [px] of the small pictures."""
        ratio = np.array(self.small.shape[1:3]) / self.images.shape[1:3]
        return self.K * np.array([[ratio[1]], [ratio[0]], [1.0]])


def key_frames(reel: Reel, K: Floats) -> KeyFrames:
    """About `KEY_FPS` of the frames that a reel has kept.

    `K (3, 3)` [px] belongs to the frames that the reel passed on.
    """
    step = max(1, round(reel.kept_fps / KEY_FPS), -(-len(reel.kept) // MAX_KEYS))
    images = np.stack(reel.kept[::step])
    height, width = images.shape[1:3]
    scale = [[width / reel.video.width], [height / reel.video.height], [1.0]]
    return KeyFrames(reel.index[::step], images, K * np.array(scale))


def fine_codes(images: NDArray[np.uint8]) -> Codes:
    """Five bits of each channel, `(...)` below 2¹⁵, of BGR `(..., 3)`."""
    top = (images >> 3).astype(np.uint16)
    return np.asarray(top[..., 0] | top[..., 1] << 5 | top[..., 2] << 10, np.uint16)


@functools.cache
def _bin_of_fine() -> Codes:
    """Which of BINS³ bins, by lightness and two tints, each fine code falls into."""
    code = np.arange(1 << 15)
    channels = np.stack([code & 31, code >> 5 & 31, code >> 10], axis=-1) * 8 + 4
    lab = cv2.cvtColor(channels[None].astype(np.uint8), cv2.COLOR_BGR2LAB)[0]
    lab = lab.astype(np.int32)
    light = lab[:, 0] * BINS // 256
    tint = np.clip((lab[:, 1:] - 128) * BINS // 128 + BINS // 2, 0, BINS - 1)
    return ((light * BINS + tint[:, 0]) * BINS + tint[:, 1]).astype(np.uint16)


@functools.cache
def _lab_of_fine() -> NDArray[np.float32]:
    """Colours `(2¹⁵, 3)` in which distances count: half lightness, and two tints."""
    code = np.arange(1 << 15)
    channels = np.stack([code & 31, code >> 5 & 31, code >> 10], axis=-1) * 8 + 4
    lab = cv2.cvtColor(channels[None].astype(np.uint8), cv2.COLOR_BGR2LAB)[0]
    return lab.astype(np.float32) * np.array([0.5, 1.0, 1.0], np.float32)


def tinted(codes: Codes) -> NDArray[np.float32]:
    """Colours `(..., 3)` in which distances count, of fine codes `(...)`."""
    return _lab_of_fine()[codes]


def histogram(codes: Codes) -> Floats:
    """Count `(BINS³,)` of the colour bins among fine `codes`."""
    counts = np.bincount(_bin_of_fine()[codes].ravel(), minlength=BINS**3)
    return counts.astype(float)


def log_odds(
    inside: Floats, outside: Floats, light: float = 0.7, unseen: float = 1.0
) -> Odds:
    """Per fine code, the log ratio `(2¹⁵,)` of two histograms, clipped to ±CLIP.

    Bins spread to their neighbours, by `light` bins along lightness; `unseen` is the
    ratio of colours found in neither.
    """
    smooth = []
    for counts in (inside, outside):
        cube = counts.reshape(BINS, BINS, BINS)
        cube = gaussian_filter(cube, (light, 0.7, 0.7), mode="nearest")
        smooth.append(cube.ravel() / max(cube.sum(), 1e-9))
    floor = 0.02 / BINS**2
    odds = np.log((smooth[0] + unseen * floor) / (smooth[1] + floor))
    return np.clip(odds, -CLIP, CLIP).astype(np.float32)[_bin_of_fine()]
