"""Figures as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

SPREAD = {"failures": "failed", "weakest_clips": "weakest"}
"""Figures that are shown a row each, and what stands before their names."""


def print_figures(title: str, figures: dict[str, dict[str, Any]]) -> None:
    """Print sections of figures, one row each."""
    table = Table(title=title, show_header=False)
    for section, values in figures.items():
        for name, value in values.items():
            table.add_row(section, name, show(value))
        table.add_section()
    Console().print(table)


def print_beside(title: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Print sections side by side, a column each; failures a row for each cause."""
    table = Table(title=title)
    table.add_column("")
    for section in figures:
        table.add_column(section)
    for name, *cells in beside(figures):
        table.add_row(name, *cells)
    Console().print(table)


def beside(figures: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Rows of (name, a cell for each section); empty where a section has none."""
    columns = [_rows(values) for values in figures.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    return [(n, *(column.get(n, "") for column in columns)) for n in names]


def _rows(values: Mapping[str, Any]) -> dict[str, str]:
    """Figures by name, as text; `SPREAD` a row for each of theirs."""
    rows: dict[str, str] = {}
    for name, value in values.items():
        if name in SPREAD:
            rows |= {f"{SPREAD[name]}: {what}": str(v) for what, v in value.items()}
        else:
            rows[name] = show(value)
    return rows


def show(value: Any) -> str:
    """A figure as text: a rate with its interval, counts, a float to four digits."""
    if isinstance(value, dict) and "rate" in value:
        low, high = value["interval95"]
        return (
            f"{value['rate']:.1%} of {value['trials']} (95 %: {low:.1%} to {high:.1%})"
        )
    if isinstance(value, dict):
        return ", ".join(f"{show(v)} {k}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(show(v) for v in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
