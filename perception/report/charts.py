"""Small charts as inline SVG: they take the page's colours and stay sharp on a phone.

Charts over time share one axis, so that they line up under each other; a `playhead`
in each follows the section's video.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from jinja2.utils import markupsafe
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Markup = markupsafe.Markup

WIDTH, LEFT, RIGHT = 440.0, 84.0, 12.0
PLOT = WIDTH - LEFT - RIGHT
ROW, PANEL = 17.0, 62.0
MAX_POINTS = 160
NOTHING = Markup("")


@dataclasses.dataclass(frozen=True)
class Time:
    """The axis that charts of one clip share, in seconds of its video."""

    start: float
    end: float

    def x(self, seconds: float) -> float:
        """Where a time lies in the drawing."""
        share = (seconds - self.start) / max(self.end - self.start, 1e-6)
        return LEFT + PLOT * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Round times, at most six."""
        return _ticks(self.start, self.end, 6)


@dataclasses.dataclass(frozen=True)
class Line:
    """A curve: times `(N,)` [s], values `(N,)`, a class that gives its colour."""

    label: str
    times: Floats
    values: Floats
    kind: str = "seen"


Rows = Sequence[tuple[str, Sequence[tuple[str, Sequence[tuple[float, float]]]]]]
"""Per row a label, and per kind of bar its spans (start, end) [s]."""


def span_chart(title: str, rows: Rows, time: Time) -> Markup:
    """Bars over time, a row each; bars of several kinds share a row's height."""
    body = NOTHING
    top = 18.0
    for label, kinds in rows:
        body += _text(LEFT - 8, top + 0.68 * ROW, label, "label end")
        body += _rect(LEFT, top + 1, PLOT, ROW - 2, "rail")
        height = (ROW - 4) / max(len(kinds), 1)
        for number, (kind, spans) in enumerate(kinds):
            for start, end in spans:
                x = time.x(start)
                width = max(time.x(end) - x, 1.0)
                y = top + 2 + number * height
                body += _rect(x, y, width, height - 0.5, f"fill {kind}")
        top += ROW
    return _frame(title, body, top + 4, time)


def line_chart(
    title: str,
    lines: Sequence[Line],
    time: Time,
    *,
    low: float = 0.0,
    high: float | None = None,
    limit: float | None = None,
    last: bool = False,
    unit: str = "s",
) -> Markup:
    """Curves over time between `low` and `high`, with a dashed `limit`.

    The `last` chart of a clip has the axis' times, in `unit`, under it.
    """
    values = [np.asarray(line.values, float) for line in lines]
    found = max((float(v.max()) for v in values if len(v)), default=1.0)
    top = high if high is not None else max(found, limit or 0.0, low + 1e-6) * 1.08
    base, height = 18.0 + PANEL, PANEL - 6

    def y(value: float) -> float:
        share = (value - low) / max(top - low, 1e-9)
        return base - height * min(max(share, 0.0), 1.0)

    body = NOTHING
    for tick in _ticks(low, top, 3):
        body += _line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "grid")
        body += _text(LEFT - 8, y(tick) + 4, f"{tick:g}", "label end")
    if limit is not None and low < limit < top:
        body += _line(LEFT, y(limit), WIDTH - RIGHT, y(limit), "limit")
    for line, curve in zip(lines, values, strict=True):
        keep = _thin(curve)
        points = " ".join(
            f"{time.x(float(line.times[i])):.1f},{y(float(curve[i])):.1f}" for i in keep
        )
        body += Markup('<polyline class="stroke {}" points="{}"/>').format(
            line.kind, points
        )
    if last:
        for tick in time.ticks():
            body += _text(time.x(tick), base + 15, f"{tick:g} {unit}", "label middle")
    return _frame(title, body, base + (20 if last else 6), time)


def bar_chart(values: Mapping[str, float], unit: str) -> Markup:
    """Horizontal bars from zero, each with its value."""
    high = max([*values.values(), 1e-9])
    body, top = NOTHING, 2.0
    left, room = 122.0, WIDTH - 122.0 - 60.0
    for label, value in values.items():
        width = max(room * max(value, 0.0) / high, 1.0)
        body += _text(left - 8, top + 0.72 * ROW, label, "label end")
        body += _rect(left, top + 2, room, ROW - 4, "rail")
        body += _rect(left, top + 2, width, ROW - 4, "fill seen")
        words = f"{value:.0f} {unit}"
        body += _text(left + room + 8, top + 0.72 * ROW, words, "label")
        top += ROW + 2
    return _svg(body, top + 2)


def histogram(scores: Sequence[float], gate: float, bins: int = 20) -> Markup:
    """How many priors have which score, from 0 to 1, and where the gate stands."""
    counts, edges = np.histogram(scores, bins=bins, range=(0.0, 1.0))
    high, base, height = max(int(counts.max()), 1), 112.0, 94.0
    left, room = 30.0, WIDTH - 30.0 - RIGHT
    body = NOTHING
    for tick in {int(t) for t in _ticks(0.0, high, 3)}:
        y = base - height * tick / high
        body += _line(left, y, WIDTH - RIGHT, y, "grid")
        body += _text(left - 6, y + 4, str(tick), "label end")
    for count, start in zip(counts, edges[:-1], strict=True):
        if count:
            tall = height * count / high
            kind = "seen" if start + 1e-9 >= gate else "aside"
            x = left + room * start
            body += _rect(x + 1, base - tall, room / bins - 2, tall, f"fill {kind}")
    x = left + room * gate
    body += _line(x, base - height - 4, x, base, "limit")
    body += _text(x + 5, 12, f"gate {gate:g}", "label")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        place = left + room * tick
        body += _text(place, base + 15, f"{tick:g}", "label middle")
    return _svg(body, base + 20)


def share_bar(parts: Mapping[str, float]) -> Markup:
    """One bar cut in shares, in the order given, with a key under it."""
    total = max(sum(parts.values()), 1e-9)
    cuts, keys = NOTHING, NOTHING
    for number, (label, value) in enumerate(parts.items()):
        share = 100.0 * value / total
        cuts += Markup('<i class="c{}" style="width:{:.2f}%"></i>').format(
            number % 8, share
        )
        keys += Markup('<span><i class="c{}"></i>{} {:.0f} %</span>').format(
            number % 8, label, share
        )
    return Markup('<div class="shares">{}</div><div class="keys">{}</div>').format(
        cuts, keys
    )


def _frame(title: str, body: Markup, height: float, time: Time) -> Markup:
    """A chart over time: its title above, and the playhead over it."""
    head = _text(LEFT, 11, title, "title")
    play = Markup('<line class="playhead" y1="16" y2="{:.0f}"/>').format(height - 4)
    data = Markup(' class="time" data-start="{:.3f}" data-span="{:.3f}"').format(
        time.start, time.end - time.start
    )
    return _svg(head + body + play, height, data)


def _svg(body: Markup, height: float, data: Markup = NOTHING) -> Markup:
    return Markup('<svg viewBox="0 0 {:.0f} {:.0f}"{}>{}</svg>').format(
        WIDTH, height, data, body
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
    ).format(kind, x, y, width, height)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup(
        '<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>'
    ).format(kind, x1, y1, x2, y2)


def _text(x: float, y: float, words: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
        kind, x, y, words
    )


def _thin(values: Floats) -> list[int]:
    """Indices of at most about `MAX_POINTS` values: of each stretch, its extremes."""
    if len(values) <= MAX_POINTS:
        return list(range(len(values)))
    keep = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), MAX_POINTS // 2):
        keep |= {int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])}
    return sorted(keep)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most`."""
    span = max(high - low, 1e-9)
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(m for m in (1, 2, 5, 10) if span / (m * step) <= most)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]
