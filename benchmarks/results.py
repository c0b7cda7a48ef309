"""The README's table, from the files that the benchmarks wrote: `make results`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import deploy_rows, perception_rows, skill_rows
from benchmarks.result import FOLDER
from benchmarks.solver import BASE
from policies.tables import show

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def main() -> None:
    """Print the table as Markdown, and put it in the README's place for it."""
    lines = table()
    print("\n".join(lines))
    before, after = README.read_text(encoding="utf-8").split(lines[0])
    rest = after.lstrip("\n").split("\n\n", 1)[1]
    README.write_text(before + "\n".join(lines) + f"\n\n{rest}", encoding="utf-8")


def table() -> list[str]:
    """Rows of the table, Markdown; a benchmark that was not run leaves its rows out."""
    rows = [
        *perception_rows.rows(_figures("perception")),
        *skill_rows.rows(ROOT / "assets"),
        *_skill(),
        *deploy_rows.rows(_figures("deploy")),
        *_throughput(),
        *_solver(),
        *_unlearnt(),
    ]
    body = [f"| {name} | {value} | `{command}` |" for name, value, command in rows]
    return ["| what | figure | printed by |", "|---|---|---|", *body]


def _skill() -> list[tuple[str, str, str]]:
    figures, command = _figures("skill"), "make bench-skill"
    if not figures:
        return []
    dds = figures["runner_dds"]
    names = {
        "runner_mujoco": "lift-box skill through the robot's runner, in lockstep",
        "runner_dds": "the same over DDS, robot in a second process",
    }
    rows = [(text, show(figures[key]["success"])) for key, text in names.items()]
    rows.append(
        (
            "DDS loop: rate; step p50 / p99; late cycles",
            f"{dds['loop_hz']:.2f} Hz; {dds['step_ms_p50']:.2f} / "
            f"{dds['step_ms_p99']:.2f} ms; {dds['late_share']:.2%}",
        )
    )
    rows.append(
        (
            "of those DDS episodes: stopped by safety / failed otherwise; "
            "times the machine itself stood still, longest",
            f"{dds['stopped_by_safety']} / {dds['failed_otherwise']}; "
            f"{dds['machine_stalls']:.0f}, {dds['machine_stall_max_ms']:.0f} ms",
        )
    )
    return [(name, value, command) for name, value in rows]


def _throughput() -> list[tuple[str, str, str]]:
    figures = _figures("physics")
    learning = [
        (
            f"collect and learn with PPO, {row['phase']}, {row['threads']} thread(s)",
            f"{row['steps_per_s']:,} control steps/s",
            "make bench-physics",
        )
        for row in figures.get("learning", [])
    ]
    return [
        (
            f"environment against bare physics, {row['threads']} thread(s)",
            f"{row['ratio']:.2f} ({row['env_steps_per_s']:,} control steps/s)",
            "make bench-physics",
        )
        for row in figures.get("rows", [])
    ] + learning


def _solver() -> list[tuple[str, str, str]]:
    """One row: the model's solver settings against those that are usual."""
    rows = {row["settings"]: row for row in _figures("solver").get("rows", [])}
    if not rows:
        return []
    ours, usual = rows["as shipped"], rows[BASE]
    name = f"solver settings of `g1.xml` against {BASE}: speed; 99 % of errors within"
    value = f"{ours['ratio']:.2f} ×; {ours['error_p99']:g} against "
    return [(name, f"{value}{usual['error_p99']:g} rad/s", "make bench-physics")]


def _unlearnt() -> list[tuple[str, str, str]]:
    """One row: completion before learning, with all springs, of each task."""
    rows = _figures("unlearnt").get("rows", [])
    parts = [
        f"{row['task']} {row['completion']['rate']:.0%} / {row['success']['rate']:.0%}"
        for row in rows
        if row["control"] == "reach"
    ]
    if not parts:
        return []
    clips = max(row["clips"] for row in rows)
    name = f"no learning, up to {clips} rendered clips a task: completed / success"
    return [(name, "; ".join(parts), "python -m benchmarks.unlearnt --priors FOLDER")]


def _figures(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text())["figures"] if path.exists() else {}


if __name__ == "__main__":
    main()
