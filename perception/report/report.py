"""`Report`: one HTML file that holds its pictures, plots and videos within itself."""

from __future__ import annotations

import dataclasses
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from perception.files import write_text
from perception.report.charts import NOTHING, Markup
from perception.report.inline import Picture, encode, inline, jpeg, poster_of, recolour
from perception.report.page import MAX_LINKS, PAGE
from perception.report.style import SCRIPT, STYLE

LONG_WORDS = 28
"""Longer words in a table's cell may break over lines."""


@dataclasses.dataclass(frozen=True)
class _Cell:
    text: str
    kind: str = ""
    link: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True)
class _Block:
    title: str = ""
    paragraphs: Sequence[str] = ()
    header: Sequence[_Cell] = ()
    rows: Sequence[Sequence[_Cell]] = ()
    tiles: Sequence[_Cell] = ()
    markup: Markup = NOTHING
    key: Sequence[tuple[str, str]] = ()
    image: str = ""
    video: str = ""
    poster: str = ""
    caption: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True)
class _Section:
    title: str
    anchor: str
    badge: str = ""
    kind: str = ""
    score: float | None = None
    lead: str = ""
    blocks: list[_Block] = dataclasses.field(default_factory=list)


class Report:
    """Collects blocks under headings; `write` makes the page.

    Every `add_` method appends to the section opened last and escapes its text.
    `wide` gives a block the page's whole width; others stand side by side.
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title, self.subtitle = title, subtitle
        self._sections = [_Section("", "top")]

    def add_section(
        self,
        title: str,
        *,
        badge: str = "",
        kind: str = "",
        score: float | None = None,
        lead: str = "",
    ) -> None:
        """Open a section with a heading; short reports link to it at the top.

        Beside the heading stand `badge`, coloured by `kind` ("good", "aside", "bad"),
        and a `score` from 0 to 1; `lead` is a sentence under it.
        """
        anchor = f"part-{len(self._sections)}"
        self._sections.append(_Section(title, anchor, badge, kind, score, lead))

    def add_tiles(self, tiles: Mapping[str, tuple[Any, str]]) -> None:
        """Large figures in a row: per label a value and a note under it."""
        cells = [_Cell(_text(v), label, note=n) for label, (v, n) in tiles.items()]
        self._add(_Block(tiles=cells, wide=True))

    def add_chart(
        self,
        title: str,
        chart: Markup,
        caption: str | Sequence[tuple[str, str]] = "",
        *,
        wide: bool = False,
    ) -> None:
        """A chart of `perception.report.charts`; the caption may be a key to colours.

        `chart` goes into the page as it is.
        """
        key = () if isinstance(caption, str) else caption
        words = caption if isinstance(caption, str) else ""
        self._add(_Block(title, markup=chart, key=key, caption=words, wide=wide))

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
        link: str = "",
    ) -> None:
        """One row per mapping; columns in the order in which keys first appear.

        Words in the column `link` lead to the section of that title.
        """
        names = list(dict.fromkeys(key for row in rows for key in row))
        numeric = {
            name: all(_is_number(row[name]) for row in rows if name in row)
            for name in names
        }
        kinds = {name: "number" if numeric[name] else "" for name in names}
        body = [
            [_cell(r.get(name), kinds[name], linked=name == link) for name in names]
            for r in rows
        ]
        header = [_Cell(name, kinds[name]) for name in names]
        self._add(_Block(title, header=header, rows=body, caption=caption, wide=wide))

    def add_figure(
        self, title: str, figure: Figure, caption: str = "", *, wide: bool = False
    ) -> None:
        """A matplotlib figure, its frame and text recoloured for light and dark."""
        recolour(figure)
        buffer = io.BytesIO()
        options: dict[str, Any] = {"bbox_inches": "tight", "transparent": True}
        with matplotlib.rc_context({"svg.hashsalt": "report"}):
            figure.savefig(buffer, format="svg", metadata={"Date": None}, **options)
        image = inline("image/svg+xml", buffer.getvalue())
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
            source = inline(kind, image)
        else:
            source = jpeg(image)
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
            data, poster = frames.read_bytes(), poster_of(frames)
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "video.mp4"
                encode(path, frames, fps)
                data, poster = path.read_bytes(), poster_of(path)
        video = inline("video/mp4", data)
        self._add(_Block(title, video=video, poster=poster, caption=caption, wide=wide))

    def write(self, path: Path) -> None:
        """Write the page to `path` in one step."""
        environment = jinja2.Environment(autoescape=True, trim_blocks=True)
        sections = [s for s in self._sections if s.title or s.blocks]
        anchors = {s.title: s.anchor for s in reversed(sections)}
        page = environment.from_string(PAGE).render(
            title=self.title,
            subtitle=self.subtitle,
            sections=sections,
            anchors=anchors,
            max_links=MAX_LINKS,
            style=Markup(STYLE),
            script=Markup(SCRIPT),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page)

    def _add(self, block: _Block) -> None:
        self._sections[-1].blocks.append(block)


def _is_number(value: object) -> bool:
    numbers = int | float | np.integer | np.floating
    return value is None or (isinstance(value, numbers) and not isinstance(value, bool))


def _cell(value: object, kind: str, *, linked: bool) -> _Cell:
    text = _text(value)
    if not kind and len(text) > LONG_WORDS:
        kind = "words"
    return _Cell(text, kind, link=text if linked else "")


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
