"""Pictures, videos and plots as text inside a page."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from perception.encode import write_video

Picture = NDArray[np.uint8]

JPEG_QUALITY = 72
GREY = "#8891a0"
"""Text and axes of plots: readable on the light page and on the dark one."""


def inline(kind: str, data: bytes) -> str:
    """A data URI of this media type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def jpeg(picture: Picture) -> str:
    """An RGB picture as a data URI."""
    good, data = cv2.imencode(
        ".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    assert good
    return inline("image/jpeg", data.tobytes())


def poster_of(path: Path) -> str:
    """The frame at a third of the video, for players that show nothing before play."""
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_POS_FRAMES, capture.get(cv2.CAP_PROP_FRAME_COUNT) // 3)
    good, frame = capture.read()
    capture.release()
    return jpeg(np.asarray(frame[:, :, ::-1], np.uint8)) if good else "data:,"


def encode(path: Path, frames: Iterable[Picture], fps: float) -> None:
    """Encode pictures cut to even sides, as H.264 wants them."""
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        msg = f"{path.name}: no pictures to make a video of"
        raise ValueError(msg)
    height, width = (side // 2 * 2 for side in first.shape[:2])

    def even() -> Iterable[Picture]:
        yield first[:height, :width]
        for picture in pictures:
            yield picture[:height, :width]

    write_video(path, even(), (width, height), fps, quality=28)


def recolour(figure: Figure) -> None:
    """Give a plot's frame and text a grey that reads on light and dark pages."""
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.grid(visible=True, color=GREY, alpha=0.2, linewidth=0.6)
        axes.tick_params(colors=GREY, which="both")
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(GREY)
        for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
            label.set_color(GREY)
        legend = axes.get_legend()
        if legend is not None:
            legend.get_frame().set_alpha(0.0)
            for text in legend.get_texts():
                text.set_color(GREY)
