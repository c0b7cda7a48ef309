"""Key frames of a clip, and how much each pixel's colour looks like the object."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from perception.video import Video

Floats = NDArray[np.floating]
Odds = NDArray[np.float32]

KEY_FPS = 15.0
KEY_SIDE = 640
MAX_KEYS = 450
BINS = 16
CLIP = 2.5
CHANGE = 14.0
"""Distance of two colours that differ, in steps of 256 for light, 128 for tint."""
CHANGED_SHARE = 0.3


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
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            codes.append(_bins(np.asarray(small, np.uint8)))
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


def histogram(codes: NDArray[np.uint16]) -> Floats:
    """Count `(BINS³,)` of the colour bins among `codes`."""
    return np.bincount(codes.ravel(), minlength=BINS**3).astype(float)


def changed(
    keys: KeyFrames, before: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Pixels `(h, w)` whose colour often differs in `after` from that `before`.

    Lightness counts half, so that a shadow alone changes little.
    """
    old = np.median(_lab(keys.codes[before]), axis=0)
    far = np.linalg.norm(_lab(keys.codes[after]) - old, axis=-1) > CHANGE
    return far.mean(axis=0) > CHANGED_SHARE


def _lab(codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Rough colours `(..., 3)` of the bins: half lightness, and the two tints."""
    whole = codes.astype(np.int32)
    bins = np.stack([whole // BINS**2, whole // BINS % BINS, whole % BINS], axis=-1)
    return bins.astype(np.float32) * np.array([8.0, 8.0, 8.0], np.float32)


def _bins(frame: NDArray[np.uint8]) -> NDArray[np.uint16]:
    lab = cv2.cvtColor(frame, cv2.COLOR_BGR2LAB)
    lab = lab.astype(np.int32)
    light = lab[..., 0] * BINS // 256
    tint = np.clip((lab[..., 1:] - 128) * BINS // 128 + BINS // 2, 0, BINS - 1)
    return ((light * BINS + tint[..., 0]) * BINS + tint[..., 1]).astype(np.uint16)
