"""Draws a track over its video: skeleton, object outline, contact; small H.264."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import project, transform
from perception.encode import write_video
from perception.files import atomic
from perception.person.skeleton import BONES, L_WRIST, R_WRIST
from perception.reel import Reel
from perception.track import JOINTS, Track
from perception.video import Frame

Floats = NDArray[np.floating]

QUALITY = 30
LEFT, RIGHT, OBJECT, TOUCH = (60, 160, 255), (255, 160, 60), (80, 220, 80), (0, 0, 255)
EDGES = [(a, b) for a in range(8) for b in range(a) if (a ^ b) in (1, 2, 4)]


def write_overlay(
    path: Path, reel: Reel, track: Track, spec: ObjectSpec | None
) -> None:
    """Write `path` (.mp4), atomically; without `spec` only the person is drawn."""
    pictures = drawn_frames(reel, track, spec)
    size, fps = (reel.width, reel.height), reel.kept_fps
    encode = functools.partial(write_video, preset="veryfast", order="bgr")
    atomic(path, lambda partial: encode(partial, pictures, size, fps, QUALITY))


def drawn_frames(reel: Reel, track: Track, spec: ObjectSpec | None) -> Iterator[Frame]:
    """The frames that `reel` has kept, BGR, with the track drawn in."""
    whole = np.array([reel.video.width, reel.video.height]) / reel.video.scale
    shrink = [[reel.width / whole[0]], [reel.height / whole[1]], [1.0]]
    K = track.K * np.array(shrink)
    for index, frame in zip(reel.index.tolist(), reel.kept, strict=True):
        if index < track.num_frames:
            yield _draw(frame.copy(), index, K, track, spec)


def corners(spec: ObjectSpec, pos_w: Floats, quat_w: Floats) -> Floats:
    """The eight corners `(8, 3)` [m] of the object's bounding box."""
    bits = np.array([[(i >> k) & 1 for k in range(3)] for i in range(8)])
    return pos_w + rotations.rotate(quat_w, (bits - 0.5) * np.asarray(spec.size))


def _draw(
    frame: Frame, index: int, K: Floats, track: Track, spec: ObjectSpec | None
) -> Frame:
    pose = track.T_world_to_cam[index]
    thick = max(2, round(max(frame.shape) / 320))
    if spec is not None:
        box = corners(spec, track.object_pos_w[index], track.object_quat_w[index])
        outline = _pixels(K, transform(pose, box))
        for a, b in EDGES:
            cv2.line(frame, outline[a], outline[b], OBJECT, thick, cv2.LINE_AA)
    joints = _pixels(K, transform(pose, track.joints_w[index]))
    for parent, child in BONES:
        colour = LEFT if JOINTS[child].startswith("l") else RIGHT
        cv2.line(frame, joints[parent], joints[child], colour, thick, cv2.LINE_AA)
    for hand, wrist in enumerate((L_WRIST, R_WRIST)):
        if track.contact[index, hand]:
            cv2.circle(frame, joints[wrist], 3 * thick, TOUCH, -1, cv2.LINE_AA)
    return frame


def _pixels(K: Floats, points_c: Floats) -> list[tuple[int, int]]:
    """Whole pixels, kept within what OpenCV can draw."""
    flat = np.clip(project(K, points_c), -10000, 10000).round().astype(int)
    return [(int(x), int(y)) for x, y in flat]
