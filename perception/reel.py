"""A video that is decoded once: every frame passes by, some stay in memory, small."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.video import Frame, Video

KEEP_FPS = 10.0
KEEP_SIDE = 480
MAX_KEPT = 300
"""Longer clips keep fewer frames a second: 300 frames of 480 × 360 are 156 MB."""


class Reel:
    """Passes a video's frames on, and keeps about `KEEP_FPS` of them, small.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | first | (height, width, 3) | BGR | the first frame in full, None before it |
    | kept | N × (h, w, 3) | BGR | frames at most `KEEP_SIDE` px long, sides even |
    | every | () | frames | kept frames are this far apart, from frame 0 on |
    | decoded | () | frames | how many have passed |
    | seconds | () | s | spent on decoding and shrinking |
    """

    def __init__(self, video: Video) -> None:
        self.video = video
        shrink = min(1.0, KEEP_SIDE / max(video.width, video.height))
        self.width, self.height = (
            max(2, int(side * shrink) // 2 * 2) for side in (video.width, video.height)
        )
        self._forget()

    @property
    def index(self) -> NDArray[np.intp]:
        """Which frames of the video were kept `(N,)`."""
        return np.arange(len(self.kept)) * self.every

    @property
    def kept_fps(self) -> float:
        """Kept frames a second."""
        return self.video.fps / self.every

    def frames(self) -> Iterator[Frame]:
        """Yield every frame `(height, width, 3)` BGR, once, as the video does."""
        self._forget()
        source = self.video.frames()
        while True:
            started = time.perf_counter()
            frame = next(source, None)
            if frame is not None:
                self._keep(frame)
            self.seconds += time.perf_counter() - started
            if frame is None:
                return
            yield frame

    def _keep(self, frame: Frame) -> None:
        if self.decoded == 0:
            self.first = frame.copy()
        if self.decoded % self.every == 0:
            if len(self.kept) == MAX_KEPT:
                self.kept = self.kept[::2]
                self.every *= 2
            if self.decoded % self.every == 0:
                self.kept.append(self._shrunk(frame))
        self.decoded += 1

    def _shrunk(self, frame: Frame) -> Frame:
        if frame.shape[:2] == (self.height, self.width):
            return frame
        size = (self.width, self.height)
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    def _forget(self) -> None:
        self.first: Frame | None = None
        self.kept: list[Frame] = []
        self.every = max(1, round(self.video.fps / KEEP_FPS))
        self.decoded = 0
        self.seconds = 0.0
