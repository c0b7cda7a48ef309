"""Tells a second person in the picture from a mirror image or a passer-by."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from perception.person.pose import Landmarks, PoseEstimator
from perception.video import Frame

SAMPLES = 8
SIZE_RATIO = 0.55
"""A smaller second figure stands in the background, or in a mirror."""
OVERLAP = 0.3
CLEARLY_SEEN = 0.6
JUMP = 0.35
"""Share of their height by which nobody moves from one frame to the next."""


def sample_frames(frames: Iterable[Frame], count: int) -> list[Frame]:
    """`SAMPLES` frames spread evenly over a clip of `count` frames."""
    wanted = set(np.linspace(0, count - 1, SAMPLES).round().astype(int).tolist())
    return [frame for index, frame in enumerate(frames) if index in wanted]


def second_person(samples: list[Frame], estimator: PoseEstimator) -> str | None:
    """Say in how many samples two people of like size are seen, if in at least half."""
    pairs = 0
    for left, frame in zip(range(len(samples), 0, -1), samples, strict=True):
        if 2 * (pairs + left) < len(samples):
            return None
        pairs += _two_of_like_size(estimator.people(frame))
    if 2 * pairs < len(samples):
        return None
    return f"two people in {pairs} of {len(samples)} sampled frames; film one person"


def main_person(landmarks: Landmarks) -> NDArray[np.bool_]:
    """Frames `(T,)` that show the clip's main person, not somebody in the background.

    Where the figure jumps or changes its size at once, somebody else was followed;
    the main person is whoever is large for long.
    """
    frames = np.flatnonzero(landmarks.found)
    shown = np.zeros(len(landmarks.found), bool)
    if len(frames) == 0:
        return shown
    pixels = landmarks.pixels[frames]
    height = np.maximum(np.ptp(pixels[..., 1], axis=1), 1.0)
    middle = pixels[:, [23, 24, 11, 12]].mean(axis=1)
    moved = np.linalg.norm(np.diff(middle, axis=0), axis=1)
    jumped = moved > JUMP * np.maximum(height[1:], height[:-1]) * np.diff(frames)
    stretch = np.concatenate([[0], np.cumsum(jumped)])
    weight = np.bincount(stretch, height)
    size = weight / np.bincount(stretch)
    main = int(np.argmax(weight))
    kept = size >= SIZE_RATIO * size[main]
    shown[frames] = kept[stretch]
    return shown


def _two_of_like_size(people: list[Landmarks]) -> bool:
    boxes = [_box(person) for person in people if _clear(person)]
    boxes.sort(key=lambda box: box[3] - box[1], reverse=True)
    if len(boxes) < 2:
        return False
    tallest = boxes[0][3] - boxes[0][1]
    return any(
        box[3] - box[1] >= SIZE_RATIO * tallest and _overlap(boxes[0], box) < OVERLAP
        for box in boxes[1:]
    )


def _clear(person: Landmarks) -> bool:
    return bool(person.visibility[0].mean() >= CLEARLY_SEEN)


def _box(person: Landmarks) -> NDArray[np.floating]:
    pixels = person.pixels[0]
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


def _overlap(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    size = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = float(np.prod(np.maximum(size, 0.0)))
    areas = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]))
    return common / max(areas - common, 1e-9)
