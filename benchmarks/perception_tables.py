"""The tables of `make bench-perception`: on the terminal and in docs/perception.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import causes, real_causes

PAGE = Path(__file__).parents[1] / "docs" / "perception.md"
WIDTH = 130
"""Columns of the terminal that the tables need at least."""
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

Parts = dict[str, Any]
Rows = list[list[str]]

_TASK_COLUMNS = (
    ("raw", "root_raw", 0, ""),
    ("joints", "root", 0, "≤ 90"),
    ("ratio", "ratio", 2, "≤ 0.6"),
    ("PA", "pa", 0, ""),
    ("position", "position", 0, "≤ 80"),
    ("object", "object", 0, "≤ 30"),
    ("object °", "object_deg", 1, "≤ 8"),
    ("F1", "f1", 3, "≥ 0.95"),
    ("onset", "onset", 1, "≤ 2"),
)
_PRIOR_COLUMNS = (
    ("outside limits [rad]", "joint_limit_violation_rad", 4, "0"),
    ("penetration [mm]", "penetration_max_m", 1, "≤ 10"),
    ("stance foot [mm/s]", "foot_speed_max_m_s", 0, "≤ 20"),
    ("hand to object [mm]", "contact_gap_mean_m", 1, "≤ 20"),
    ("residual [N]", "residual_mean_n", 2, "≤ 5"),
)
"""Heading, figure, digits, and what we want to reach."""


def tables(parts: Parts) -> list[tuple[str, Rows]]:
    """Title and rows of each table that `parts` has figures for; a head row first."""
    made = []
    if "rendered" in parts:
        tasks = parts["rendered"]["tasks"] | {"all": parts["rendered"]["overall"]}
        made += [
            ("Rendered clips nobody tuned on (errors in mm)", _task_rows(tasks)),
            ("Their priors: mean over the kept ones (worst)", _prior_rows(tasks)),
            ("Where the error comes from", _cause_rows(tasks)),
        ]
    if parts.get("real", {}).get("clips"):
        made.append(("Real clips against mocap [mm]", _real_rows(parts["real"])))
        made += _real_causes(parts["real"]["clips"])
    for name, title in (("speed", "Speed"), ("mutated", "Damaged videos")):
        if name in parts:
            made.append((title, _plain_rows(parts[name])))
    return made


def show(parts: Parts) -> None:
    """Print the tables."""
    console = Console(width=max(WIDTH, Console().width))
    for title, rows in tables(parts):
        table = Table(title=escape(title), padding=(0, 0))
        for index, column in enumerate(rows[0]):
            table.add_column(escape(column), justify="right" if index else "left")
        for row in rows[1:]:
            table.add_row(*map(escape, row))
        console.print(table)
    for clip, reason in parts.get("rendered", {}).get("not_kept", {}).items():
        console.print(f"{clip}: {reason}", markup=False, highlight=False)


def write(parts: Parts) -> None:
    """Put the tables into the page, between its two markers."""
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{markdown(parts)}{END}{tail}", encoding="utf-8")


def markdown(parts: Parts) -> str:
    """The tables as Markdown, and what they were measured on."""
    lines = []
    for title, rows in tables(parts):
        lines += [f"### {title}", ""]
        head, body = rows[0], rows[1:]
        rule = ["---", *["---:"] * (len(head) - 1)]
        lines += [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
        lines.append("")
    for name, part in parts.items():
        if "measured" in part:
            lines.append(f"- {name}: {_measured(part['measured'])}")
    return "\n".join([*lines, ""])


def number(figure: Any, digits: int, interval: bool = False) -> str:
    """A figure as text, with its interval where wanted; a dash where there is none."""
    value = figure["value"] if isinstance(figure, dict) else figure
    if value is None or value != value:
        return "–"
    text = f"{value:.{digits}f}"
    return f"{text} ({_range(figure, digits)})" if interval else text


def _range(figure: Any, digits: int) -> str:
    if figure is None or figure["low"] is None or figure["high"] is None:
        return "–"
    return f"{figure['low']:.{digits}f} to {figure['high']:.{digits}f}"


def _task_rows(tasks: Parts) -> Rows:
    rows = [["task", "kept", "found", *(title for title, *_ in _TASK_COLUMNS)]]
    for name, figures in tasks.items():
        cells = [number(figures[key], n) for _, key, n, _ in _TASK_COLUMNS]
        kept = f"{figures['kept']} of {figures['clips']}"
        rows.append([name, kept, str(figures["objects_found"]), *cells])
    spread = [_range(tasks["all"][key], n) for _, key, n, _ in _TASK_COLUMNS]
    rows.append(["all, 95 %", "", "", *spread])
    rows.append(["reach", "", "", *(reach for *_, reach in _TASK_COLUMNS)])
    return rows


def _prior_rows(tasks: Parts) -> Rows:
    rows = [["task", *(title for title, *_ in _PRIOR_COLUMNS)]]
    for name, figures in tasks.items():
        cells = []
        for _, key, digits, _ in _PRIOR_COLUMNS:
            mean = number(figures[f"prior_{key}"], digits)
            worst = number(figures["worst"][f"prior_{key}"], digits)
            cells.append(f"{mean} ({worst})")
        rows.append([name, *cells])
    rows.append(["reach", *(reach for *_, reach in _PRIOR_COLUMNS)])
    return rows


def _cause_rows(tasks: Parts) -> Rows:
    rows = [["mean of", *tasks]]
    for key, meaning in causes.MEANINGS.items():
        digits = 0 if key.endswith(("mm", "px")) else 2
        cells = [number(figures["causes"][key], digits) for figures in tasks.values()]
        rows.append([meaning, *cells])
    for key in ("false", "missed", "wrong_near_a_change"):
        counts = [figures["labels"] for figures in tasks.values()]
        truly = [max(c["hits"] + c["missed"], 1) for c in counts]
        cells = [f"{100 * c[key] / n:.1f}" for c, n in zip(counts, truly, strict=True)]
        rows.append([f"labels {key.replace('_', ' ')}, % of true ones", *cells])
    return rows


def _real_rows(real: Parts) -> Rows:
    keys = ("root_raw", "root", "pa", "world")
    head = ["clip", "raw", "joints", "PA", "world"]
    clips = real["clips"]
    return [head, *([c["clip"], *(number(c[key], 0) for key in keys)] for c in clips)]


def _real_causes(clips: list[Parts]) -> list[tuple[str, Rows]]:
    """Why the real clips are off; none for figures of before that was asked."""
    if not all("causes" in clip for clip in clips):
        return []
    names = [clip["clip"] for clip in clips]
    why = [["mean of", *names]]
    for key, meaning in real_causes.CAUSES.items():
        digits = 0 if key.endswith("mm") else 2
        why.append([meaning, *(number(c["causes"][key], digits) for c in clips)])
    left = [["joints / PA left", *names]]
    for key, meaning in real_causes.LEFT.items():
        pairs = [[number(value, 0) for value in c["left"][key]] for c in clips]
        left.append([meaning, *(" / ".join(pair) for pair in pairs)])
    where = [["all / across / along sight / constant", *names]]
    for joint in real_causes.JOINT_NAMES:
        parts = [[number(value, 0) for value in c["by_joint"][joint]] for c in clips]
        where.append([joint, *(" / ".join(part) for part in parts)])
    return [
        ("Real clips: where the error comes from", why),
        ("Real clips: what would be left [mm]", left),
        ("Real clips: which joints are off, about the pelvis [mm]", where),
    ]


def _plain_rows(part: Parts) -> Rows:
    values = {k: v for k, v in part.items() if isinstance(v, int | float | str)}
    rows = [["what", "figure"]]
    for key, value in values.items():
        text = f"{value:.2f}" if isinstance(value, float) else str(value)
        rows.append([key.replace("_", " "), text])
    return rows


def _measured(on: Parts) -> str:
    changed = f", {on['changed_files']} files changed since" * bool(on["changed_files"])
    machine = on["machine"]
    where = f"{machine['processor']}, {machine['cores']} cores"
    return f"{on['date'][:10]}, commit {on['commit'][:7]}{changed}, {where}"
