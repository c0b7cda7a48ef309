"""Learning curves of two runs, one figure: `python -m benchmarks.learning_curves`.

Name the run with feed-forward and the one trained with `--no-feedforward`; rows that a
resumed run wrote again are left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tyro
from matplotlib.figure import Figure

from benchmarks.result import FOLDER
from policies.run_dir import RunDir

PICTURE = Path(__file__).parents[1] / "docs" / "learning_curve.png"
KEYS = ("steps", "completion", "reached", "return")


def main(with_feedforward: Path, without_feedforward: Path) -> None:
    """Write the curves as JSON and as a picture."""
    runs = {"with": RunDir(with_feedforward), "without": RunDir(without_feedforward)}
    curves = {name: _rows(run) for name, run in runs.items()}
    configs = {name: run.read_config() for name, run in runs.items()}
    values = {
        "name": "feedforward",
        "seeds": [config["settings"]["seed"] for config in configs.values()],
        "provenance": {name: c["provenance"] for name, c in configs.items()},
        "figures": {name: rows[::4] for name, rows in curves.items()},
    }
    path = FOLDER / "feedforward.json"
    path.write_text(json.dumps(values, indent=0) + "\n", encoding="utf-8")
    _picture(curves).savefig(PICTURE, dpi=90)
    print(path, PICTURE, sep="\n")


def _rows(run: RunDir) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in run.curve.read_text().splitlines()]
    again = (i for i in range(1, len(rows)) if rows[i]["steps"] <= rows[i - 1]["steps"])
    first = rows[: next(again, len(rows))]
    return [{key: round(row[key], 4) for key in KEYS} for row in first]


def _picture(curves: dict[str, list[dict[str, Any]]]) -> Figure:
    figure = Figure(figsize=(7.0, 3.2), layout="tight")
    axes = figure.subplots()
    for colour, (name, rows) in zip(("C0", "C1"), curves.items(), strict=True):
        steps = [row["steps"] / 1e6 for row in rows]
        for key, style in (("completion", "-"), ("reached", "--")):
            label = f"{name} feed-forward: {key}"
            axes.plot(steps, [row[key] for row in rows], style, c=colour, label=label)
    axes.set_xlabel("million control steps")
    axes.set_ylabel("share of the clip, exploring")
    axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    tyro.cli(main)
