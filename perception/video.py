"""Reads a video frame by frame, downscaled and upright, or says why it cannot."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# OpenCV reads these when it is first imported: corrupt input is our line to write.
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm")
MAX_SIDE = 960
MIN_SECONDS = 1.0
MAX_SECONDS = 300.0

Frame = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Video:
    """What a video's header says, and the scale at which its frames are given.

    | field | unit | meaning |
    |---|---|---|
    | fps | 1/s | |
    | width, height | px | of the frames that `frames` yields, upright |
    | scale | – | yielded pixels per pixel of the file |
    | announced | frames | what the header promises; players' edit lists may hide some |
    """

    path: Path
    fps: float
    width: int
    height: int
    scale: float
    announced: int

    def frames(self) -> Iterator[Frame]:
        """Yield BGR frames `(height, width, 3)` until the file ends or breaks off."""
        limit = math.ceil(MAX_SECONDS * self.fps)
        capture = _open(self.path)
        try:
            for _ in range(limit):
                read, frame = capture.read()
                if not read:
                    return
                yield _shrink(np.asarray(frame, np.uint8), self.width, self.height)
        finally:
            capture.release()
        msg = f"{self.path.name}: longer than {MAX_SECONDS:g} s; cut it into clips"
        raise ValueError(msg)

    def check_length(self, decoded: int) -> str | None:
        """Refuse a clip of less than a second; note one that broke off early."""
        seconds = decoded / self.fps
        if seconds < MIN_SECONDS:
            msg = (
                f"{self.path.name}: {decoded} frames ({seconds:.1f} s) could be "
                f"decoded, expected at least {MIN_SECONDS:g} s"
            )
            raise ValueError(msg)
        if decoded < 0.95 * self.announced:
            return f"decoded {decoded} of {self.announced} announced frames"
        return None


def open_video(path: Path, max_side: int = MAX_SIDE) -> Video:
    """Read a video's header and first frame; ValueError names what is wrong with it."""
    if not path.is_file():
        msg = f"{path}: no such file"
        raise ValueError(msg)
    if path.stat().st_size == 0:
        msg = f"{path.name}: the file is empty"
        raise ValueError(msg)
    capture = _open(path)
    try:
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        announced = int(max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0))
        read, frame = capture.read()
    finally:
        capture.release()
    if not read:
        msg = f"{path.name}: no frame could be decoded; is it complete, with a picture?"
        raise ValueError(msg)
    if not 1.0 <= fps <= 1000.0:
        msg = f"{path.name}: {fps:g} frames/s, expected 1 to 1000; encode it again"
        raise ValueError(msg)
    height, width = frame.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return Video(path, fps, *size, scale, announced)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_videos(folder: Path) -> list[Path]:
    """Every video in `folder`, by name, not looking into folders below."""
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise ValueError(msg)
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )


def _open(path: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        msg = f"{path.name}: not a video with a picture that can be decoded"
        raise ValueError(msg)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _shrink(frame: Frame, width: int, height: int) -> Frame:
    if frame.shape[:2] == (height, width):
        return frame
    return np.asarray(
        cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8
    )
