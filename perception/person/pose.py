"""Frames → one person's landmarks: a small protocol, and MediaPipe behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.video import Frame

LANDMARKS = 33
MEDIAPIPE_INDEX = (23, 24, 25, 26, 27, 28, 31, 32, 11, 12, 13, 14, 15, 16)
"""Where `track.JOINTS` stand among MediaPipe's 33 landmarks."""

SIDES = np.array(
    [
        0,
        4,
        5,
        6,
        1,
        2,
        3,
        8,
        7,
        10,
        9,
        *(i + 1 if i % 2 else i - 1 for i in range(11, 33)),
    ]
)
"""Each landmark's other side."""
MIRROR_FPS = 24.0
"""Videos of fewer frames a second are not watched by turns."""
MAX_LOST = 150
"""Frames kept while nobody is found, to look at again from where somebody is."""

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Landmarks:
    """One person's landmarks over a clip; rows without a person are zero.

    | field | shape | unit | frame |
    |---|---|---|---|
    | found | (T,) | bool | |
    | pixels | (T, 33, 2) | px | image |
    | points_c | (T, 33, 3) | m | about the hips, camera's axes (x right, y down) |
    | visibility | (T, 33) | 0 to 1 | |
    """

    found: NDArray[np.bool_]
    pixels: Floats
    points_c: Floats
    visibility: Floats


class PoseEstimator(Protocol):
    """What turns frames into landmarks."""

    name: str

    def estimate(self, frames: Iterable[Frame], fps: float) -> Landmarks:
        """Follow the clip's main person through BGR `frames`."""
        ...

    def people(self, frame: Frame) -> list[Landmarks]:
        """Everyone seen in one frame, as clips of one row."""
        ...


class MediaPipePose:
    """MediaPipe's pose landmarker, about 31 ms a frame on one core.

    With `mirrored`, every other frame is looked at in a mirror: what the model gets
    wrong of the left it gets right of the right, so the errors of neighbours cancel.
    The one that looks for everybody stays open from its first use until `close`.
    """

    name = "mediapipe-pose-landmarker-full"

    def __init__(self, model: Path, *, mirrored: bool = False) -> None:
        self.model = model
        self.mirrored = mirrored
        self._everybody: Any = None
        self._open = ExitStack()

    def close(self) -> None:
        """Close what is open; the estimator can go on being used."""
        self._everybody = None
        self._open.close()

    def estimate(self, frames: Iterable[Frame], fps: float) -> Landmarks:
        """Follow the clip's main person through BGR `frames`."""
        from mediapipe.tasks.python.vision import RunningMode

        turns = 2 if self.mirrored and fps >= MIRROR_FPS else 1
        rows: list[Row | None] = []
        lost: list[Frame] = []
        with ExitStack() as stack:
            watching = [
                stack.enter_context(self._landmarker(RunningMode.VIDEO, 1))
                for _ in range(turns)
            ]
            for index, frame in enumerate(frames):
                stamp, turned = round(index * 1000.0 / fps), index % turns == 1
                image = _image(cv2.flip(frame, 1) if turned else frame)
                result = watching[index % turns].detect_for_video(image, stamp)
                row = next(_people(result, frame), None)
                rows.append(_mirror(row, frame.shape[1]) if row and turned else row)
                if row is None:
                    lost = [*lost[1 - MAX_LOST :], frame]
                    continue
                if len(lost) > turns:
                    self._look_back([*lost, frame], fps, rows)
                lost = []
        return _stack(rows)

    def _look_back(self, frames: list[Any], fps: float, rows: list[Row | None]) -> None:
        """Follow who was found in the last of `frames` back into those before it.

        Somebody small or half hidden is followed more easily than found.
        """
        from mediapipe.tasks.python.vision import RunningMode

        with self._landmarker(RunningMode.VIDEO, 1) as landmarker:
            for step, frame in enumerate(reversed(frames)):
                stamp = round(step * 1000.0 / fps)
                result = landmarker.detect_for_video(_image(frame), stamp)
                row = next(_people(result, frame), None)
                if row is None:
                    return
                rows[-1 - step] = row

    def people(self, frame: Frame) -> list[Landmarks]:
        """Everyone seen in one frame, at most four, as clips of one row."""
        from mediapipe.tasks.python.vision import RunningMode

        if self._everybody is None:
            opened = self._landmarker(RunningMode.IMAGE, 4)
            self._everybody = self._open.enter_context(opened)
        result = self._everybody.detect(_image(frame))
        return [_stack([row]) for row in _people(result, frame)]

    @contextmanager
    def _landmarker(self, mode: Any, people: int) -> Iterator[Any]:
        """Open a landmarker and close it, which its finaliser does too late."""
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self.model)),
            running_mode=mode,
            num_poses=people,
        )
        landmarker = vision.PoseLandmarker.create_from_options(options)
        try:
            yield landmarker
        finally:
            landmarker.close()


Row = tuple[Floats, Floats, Floats]


def _image(frame: Any) -> Any:
    import mediapipe

    rgb = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)


def _people(result: Any, frame: Frame) -> Iterator[Row]:
    size = np.array([frame.shape[1], frame.shape[0]], float)
    both = zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
    for image, world in both:
        pixels = np.array([(p.x, p.y) for p in image]) * size
        points = np.array([(p.x, p.y, p.z) for p in world])
        yield pixels, points, np.array([p.visibility for p in image])


def _mirror(row: Row, width: int) -> Row:
    """What a mirrored picture of this width shows, in the true one."""
    pixels, points, visibility = (values[SIDES].copy() for values in row)
    pixels[:, 0] = width - pixels[:, 0]
    points[:, 0] *= -1.0
    return pixels, points, visibility


def _stack(rows: list[Row | None]) -> Landmarks:
    count = len(rows)
    clip = Landmarks(
        np.zeros(count, bool),
        np.zeros((count, LANDMARKS, 2)),
        np.zeros((count, LANDMARKS, 3)),
        np.zeros((count, LANDMARKS)),
    )
    for index, row in enumerate(rows):
        if row is not None:
            clip.found[index] = True
            clip.pixels[index], clip.points_c[index], clip.visibility[index] = row
    return clip
