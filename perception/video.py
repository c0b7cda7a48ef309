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
MIN_SIDE = 64
MAX_PIXELS = 8192 * 4320
MIN_FPS, FULL_FPS, MAX_FPS = 5.0, 45.0, 1000.0
"""What is filmed at more than twice `FULL_FPS` is thinned to no less than it."""
MIN_SECONDS = 1.0
MAX_SECONDS = 600.0

Frame = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Video:
    """What a video's header says, and the scale at which its frames are given.

    | field | unit | meaning |
    |---|---|---|
    | fps | 1/s | of the frames that `frames` yields |
    | width, height | px | of the frames that `frames` yields, upright |
    | scale | – | yielded pixels per pixel of the file |
    | announced | frames | what the header promises; players' edit lists may hide some |
    | every | frames | of the file for one that `frames` yields |
    """

    path: Path
    fps: float
    width: int
    height: int
    scale: float
    announced: int
    every: int = 1

    def frames(self) -> Iterator[Frame]:
        """Yield BGR frames `(height, width, 3)` until the file ends or breaks off."""
        limit = math.ceil(MAX_SECONDS * self.fps) + 1
        capture = _open(self.path)
        try:
            for _ in range(limit):
                frame = _read(capture, self.path)
                if frame is None:
                    return
                yield _shrink(frame, self.width, self.height)
                for _ in range(self.every - 1):
                    capture.grab()
        finally:
            capture.release()
        raise _too_long(self.path, MAX_SECONDS)

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
        _check_header(capture, path, fps, announced)
        frame = _read(capture, path)
    finally:
        capture.release()
    if frame is None:
        msg = f"{path.name}: no frame could be decoded; is it complete, with a picture?"
        raise ValueError(msg)
    height, width = frame.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    every = max(1, int(fps / FULL_FPS))
    return Video(path, fps / every, *size, scale, announced // every, every)


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


def _check_header(
    capture: cv2.VideoCapture, path: Path, fps: float, announced: int
) -> None:
    """Refuse what need not be decoded to be refused."""
    if not MIN_FPS <= fps <= MAX_FPS:
        msg = (
            f"{path.name}: {fps:g} frames/s, expected {MIN_FPS:g} to {MAX_FPS:g}; "
            "film or encode it again"
        )
        raise ValueError(msg)
    width, height = (
        int(capture.get(side))
        for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    if min(width, height) < MIN_SIDE or width * height > MAX_PIXELS:
        msg = (
            f"{path.name}: {width} × {height} pixels, expected sides of at least "
            f"{MIN_SIDE} and at most {MAX_PIXELS // 1_000_000} million in all"
        )
        raise ValueError(msg)
    if announced > (MAX_SECONDS + 1.0) * fps:
        raise _too_long(path, announced / fps)


def _too_long(path: Path, seconds: float) -> ValueError:
    msg = (
        f"{path.name}: {seconds:.0f} s or more, expected at most {MAX_SECONDS:g} s; "
        "cut it into clips of one task each"
    )
    return ValueError(msg)


def _read(capture: cv2.VideoCapture, path: Path) -> Frame | None:
    try:
        read, frame = capture.read()
    except cv2.error as error:
        msg = f"{path.name}: the decoder gave up ({' '.join(error.err.split())})"
        raise ValueError(msg) from error
    return np.asarray(frame, np.uint8) if read else None


def _open(path: Path) -> cv2.VideoCapture:
    one_thread = [cv2.CAP_PROP_N_THREADS, 1]
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, one_thread)
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
