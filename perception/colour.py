"""Key frames of a clip, and how much each pixel's colour looks like the object."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from perception.video import Video

Floats = NDArray[np.float64]
Odds = NDArray[np.float32]

KEY_FPS = 15.0
KEY_SIDE = 640
MAX_KEYS = 450
BINS = 16
CLIP = 2.5


@dataclasses.dataclass(frozen=True)
class KeyFrames:
    """Some frames of a clip, held in memory at a size that tracking needs.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | index | (N,) | | which frame of the video |
    | codes | (N, h, w) | | colour bin of every pixel, below BINS³ |
    | K | (3, 3) | px | intrinsics at this size |
    """

    index: NDArray[np.intp]
    codes: NDArray[np.uint16]
    K: Floats

    @property
    def size(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.codes.shape[1], self.codes.shape[2]


def key_frames(video: Video, count: int, K: Floats) -> KeyFrames:
    """Sample `count` decoded frames at about `KEY_FPS`, as colour bins."""
    every = max(1, round(video.fps / KEY_FPS), -(-count // MAX_KEYS))
    shrink = min(1.0, KEY_SIDE / max(video.width, video.height))
    size = (round(video.width * shrink), round(video.height * shrink))
    codes, index = [], []
    for i, frame in enumerate(video.frames()):
        if i % every == 0 and i < count:
            codes.append(_bins(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)))
            index.append(i)
    K_small = K * np.array([[size[0] / video.width], [size[1] / video.height], [1.0]])
    return KeyFrames(np.array(index), np.stack(codes), K_small)


def log_odds(inside: Floats, outside: Floats) -> Odds:
    """Per colour bin, the log ratio of two histograms `(BINS³,)`, clipped to ±CLIP."""
    smooth = []
    for histogram in (inside, outside):
        cube = histogram.reshape(BINS, BINS, BINS)
        cube = gaussian_filter(cube.astype(float), 0.7, mode="nearest")
        smooth.append(cube.ravel() / max(cube.sum(), 1e-9))
    floor = 0.02 / BINS**2
    odds = np.log((smooth[0] + floor) / (smooth[1] + floor))
    return np.clip(odds, -CLIP, CLIP).astype(np.float32)


def histogram(codes: NDArray[np.uint16], weight: NDArray[np.floating]) -> Floats:
    """Weighted count `(BINS³,)` of the colour bins."""
    return np.bincount(codes.ravel(), weight.ravel(), BINS**3).astype(float)


def _bins(frame: NDArray[np.uint8]) -> NDArray[np.uint16]:
    lab = cv2.cvtColor(cv2.GaussianBlur(frame, (3, 3), 0), cv2.COLOR_BGR2LAB)
    lab = lab.astype(np.int32)
    light = lab[..., 0] * BINS // 256
    tint = np.clip((lab[..., 1:] - 128) * BINS // 128 + BINS // 2, 0, BINS - 1)
    return ((light * BINS + tint[..., 0]) * BINS + tint[..., 1]).astype(np.uint16)
