"""Writes videos that every browser plays, with the encoder imageio-ffmpeg brings."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Preset = Literal["medium", "veryfast"]


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    size: tuple[int, int],
    fps: float,
    quality: int = 26,
    *,
    preset: Preset = "medium",
    order: Literal["rgb", "bgr"] = "rgb",
) -> None:
    """Encode pictures of `size` (width, height) as H.264; `quality` is the CRF.

    One encoder thread and no dates inside, so the same pictures give the same file.
    """
    command = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", f"{order}24", "-s", f"{size[0]}x{size[1]}"),
        *("-r", f"{fps:g}", "-i", "-", "-an", "-c:v", "libx264", "-threads", "1"),
        *("-preset", preset),
        *("-crf", str(quality), "-pix_fmt", "yuv420p", "-fflags", "+bitexact"),
        *("-flags:v", "+bitexact", "-movflags", "+faststart", str(path)),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as encoder:
        assert encoder.stdin is not None and encoder.stderr is not None
        try:
            for frame in frames:
                encoder.stdin.write(frame.tobytes())
            encoder.stdin.close()
            fault = encoder.stderr.read().decode(errors="replace").strip()
        except BrokenPipeError:
            fault = encoder.stderr.read().decode(errors="replace").strip()
    if encoder.returncode:
        msg = f"{path}: encoding failed ({' '.join(fault.split())})"
        raise RuntimeError(msg)
