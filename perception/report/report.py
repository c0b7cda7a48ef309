"""`Report`: one HTML file that holds its pictures, plots and videos within itself."""

from __future__ import annotations

import base64
import dataclasses
import io
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import jinja2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from perception.encode import write_video
from perception.report.page import PAGE, STYLE

Picture = NDArray[np.uint8]

_GREY = "#8891a0"
"""Text and axes of plots: readable on the light page and on the dark one."""


@dataclasses.dataclass(frozen=True)
class _Cell:
    text: str
    kind: str


@dataclasses.dataclass(frozen=True)
class _Block:
    title: str = ""
    paragraphs: Sequence[str] = ()
    header: Sequence[_Cell] = ()
    rows: Sequence[Sequence[_Cell]] = ()
    image: str = ""
    video: str = ""
    poster: str = ""
    caption: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True)
class _Section:
    title: str
    anchor: str
    blocks: list[_Block] = dataclasses.field(default_factory=list)


class Report:
    """Collects blocks under headings; `write` makes the page.

    Every `add_` method appends to the section opened last and escapes its text.
    `wide` gives a block the page's whole width; others stand side by side.
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title, self.subtitle = title, subtitle
        self._sections = [_Section("", "top")]

    def add_section(self, title: str) -> None:
        """Open a section with a heading; long reports link to it at the top."""
        self._sections.append(_Section(title, f"part-{len(self._sections)}"))

    def add_text(self, title: str, text: str) -> None:
        """Paragraphs, parted by empty lines."""
        paragraphs = [" ".join(p.split()) for p in text.split("\n\n") if p.strip()]
        self._add(_Block(title, paragraphs=paragraphs, wide=True))

    def add_table(
        self,
        title: str,
        rows: Sequence[Mapping[str, Any]],
        caption: str = "",
        *,
        wide: bool = True,
    ) -> None:
        """One row per mapping; columns in the order in which keys first appear."""
        names = list(dict.fromkeys(key for row in rows for key in row))
        numeric = {
            name: all(_is_number(row[name]) for row in rows if name in row)
            for name in names
        }
        kinds = {name: "number" if numeric[name] else "" for name in names}
        body = [
            [_Cell(_text(r.get(name)), kinds[name]) for name in names] for r in rows
        ]
        header = [_Cell(name, kinds[name]) for name in names]
        self._add(_Block(title, header=header, rows=body, caption=caption, wide=wide))

    def add_figure(
        self, title: str, figure: Figure, caption: str = "", *, wide: bool = False
    ) -> None:
        """A matplotlib figure, its frame and text recoloured for light and dark."""
        _recolour(figure)
        buffer = io.BytesIO()
        options: dict[str, Any] = {"bbox_inches": "tight", "transparent": True}
        with matplotlib.rc_context({"svg.hashsalt": "report"}):
            figure.savefig(buffer, format="svg", metadata={"Date": None}, **options)
        image = _inline("image/svg+xml", buffer.getvalue())
        self._add(_Block(title, image=image, caption=caption, wide=wide))

    def add_image(
        self,
        title: str,
        image: Picture | bytes,
        caption: str = "",
        *,
        wide: bool = False,
    ) -> None:
        """A picture: RGB `(height, width, 3)`, or the bytes of a PNG or JPEG."""
        if isinstance(image, bytes):
            kind = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
            source = _inline(kind, image)
        else:
            source = _jpeg(image)
        self._add(_Block(title, image=source, caption=caption, wide=wide))

    def add_video(
        self,
        title: str,
        frames: Iterable[Picture] | Path,
        fps: float = 15.0,
        caption: str = "",
        *,
        wide: bool = False,
    ) -> None:
        """A video: an .mp4 as it is, or RGB pictures of one size to be encoded."""
        if isinstance(frames, Path):
            data, poster = frames.read_bytes(), _poster(frames)
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "video.mp4"
                _encode(path, frames, fps)
                data, poster = path.read_bytes(), _poster(path)
        video = _inline("video/mp4", data)
        self._add(_Block(title, video=video, poster=poster, caption=caption, wide=wide))

    def write(self, path: Path) -> None:
        """Write the page to `path` in one step."""
        environment = jinja2.Environment(autoescape=True, trim_blocks=True)
        sections = [s for s in self._sections if s.title or s.blocks]
        page = environment.from_string(PAGE).render(
            title=self.title,
            subtitle=self.subtitle,
            sections=sections,
            style=jinja2.utils.markupsafe.Markup(STYLE),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(page, encoding="utf-8")
        os.replace(partial, path)

    def _add(self, block: _Block) -> None:
        self._sections[-1].blocks.append(block)


def _inline(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _jpeg(picture: Picture) -> str:
    good, data = cv2.imencode(
        ".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82]
    )
    assert good
    return _inline("image/jpeg", data.tobytes())


def _poster(path: Path) -> str:
    """The frame at a third of the video, for players that show nothing before play."""
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_POS_FRAMES, capture.get(cv2.CAP_PROP_FRAME_COUNT) // 3)
    good, frame = capture.read()
    capture.release()
    return _jpeg(np.asarray(frame[:, :, ::-1], np.uint8)) if good else "data:,"


def _encode(path: Path, frames: Iterable[Picture], fps: float) -> None:
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


def _is_number(value: object) -> bool:
    numbers = int | float | np.integer | np.floating
    return value is None or (isinstance(value, numbers) and not isinstance(value, bool))


def _text(value: object) -> str:
    """A cell's words: three significant digits, yes and no, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return str(value)


def _recolour(figure: Figure) -> None:
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.grid(visible=True, color=_GREY, alpha=0.2, linewidth=0.6)
        axes.tick_params(colors=_GREY, which="both")
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(_GREY)
        for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
            label.set_color(_GREY)
        legend = axes.get_legend()
        if legend is not None:
            legend.get_frame().set_alpha(0.0)
            for text in legend.get_texts():
                text.set_color(_GREY)
