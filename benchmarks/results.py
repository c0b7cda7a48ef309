"""The README's table, from the files that the benchmarks wrote: `make results`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.result import FOLDER
from policies.tables import show

BUNDLE = Path(__file__).parents[1] / "assets" / "bundles" / "lift_box" / "metrics.json"


def main() -> None:
    """Print the table as Markdown."""
    print("\n".join(table()))


def table() -> list[str]:
    """Rows of the table, Markdown."""
    skill, seen = _figures("skill"), _figures("perception")
    speed, trained = _figures("throughput"), json.loads(BUNDLE.read_text())
    lines = ["| figure | value |", "|---|---|"]
    if seen:
        mean = seen["rendered_mean"]
        lines += [f"| rendered clips, {_words(k)} | {v:.3g} |" for k, v in mean.items()]
        for row in seen["real"]:
            lines += [
                f"| real clip {row['clip']}, {_words(k)} | {v:.3g} |"
                for k, v in row.items()
                if isinstance(v, float)
            ]
    refiner = trained.get("refiner", {})
    if refiner:
        lines.append(f"| refiner completes the clip | {show(refiner['completion'])} |")
    for name, text in (
        ("bundle", "bundle, no reference, batched"),
        ("runner_mujoco", "bundle through the robot's runner"),
        ("runner_dds", "bundle over DDS, two processes"),
    ):
        if name in skill:
            lines.append(f"| {text} | {show(skill[name]['success'])} |")
    if "runner_dds" in skill:
        dds = skill["runner_dds"]
        lines.append(
            f"| DDS loop rate; step p99 | {dds['loop_hz']:.2f} Hz; "
            f"{dds['step_ms_p99']:.2f} ms |"
        )
    for name, value in speed.items():
        lines.append(f"| {_words(name)} | {show(value)} |")
    return lines


def _figures(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text())["figures"] if path.exists() else {}


def _words(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    main()
