"""Figures as a table on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_figures(title: str, figures: dict[str, dict[str, Any]]) -> None:
    """Print sections of figures, one row each."""
    table = Table(title=title, show_header=False)
    for section, values in figures.items():
        for name, value in values.items():
            table.add_row(section, name, show(value))
        table.add_section()
    Console().print(table)


def show(value: Any) -> str:
    """A figure as text: a rate with its interval, a float to four digits."""
    if isinstance(value, dict) and "rate" in value:
        low, high = value["interval95"]
        return (
            f"{value['rate']:.1%} of {value['trials']} (95 %: {low:.1%} to {high:.1%})"
        )
    return f"{value:.4g}" if isinstance(value, float) else str(value)
