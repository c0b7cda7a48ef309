"""What control along a prior does before any learning: `python -m benchmarks.unlearnt`.

Completion from noisy first frames, and the task's own success, of a policy that always
acts zero: with feed-forward alone, with the springs that keep the balance, and with
those that lead hands and feet to the object.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from assets.g1.spec import g1
from benchmarks.result import FOLDER, provenance
from envs.batch_env import BatchEnv
from envs.tasks import TASKS, task_by_name
from perception.prior import Prior
from policies.evaluate import evaluate_refiner
from policies.refiner import zero_agent
from policies.run_dir import load_priors

NAME = "unlearnt"
STEPS: dict[str, dict[str, bool]] = {
    "feed-forward": {"feedforward": True, "balance": False, "reach": False},
    "balance": {"feedforward": True, "balance": True, "reach": False},
    "reach": {"feedforward": True, "balance": True, "reach": True},
}
"""What is switched on; each row has what the one above has."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    priors: Path = Path("assets/priors")
    """A folder with one folder of priors for each task."""
    tasks: tuple[str, ...] = tuple(TASKS)
    episodes: int = 60
    seed: int = 7000


def main(settings: Settings) -> None:
    """Measure, print a table, write `benchmarks/results/unlearnt.json`."""
    rows = []
    for task in settings.tasks:
        folder = settings.priors / task.replace("-", "_")
        if folder.is_dir():
            clips = load_priors(folder)
            for name in STEPS:
                row = measure(task, clips, name, settings)
                rows.append(row)
                print(line(row), flush=True)
    path = FOLDER / f"{NAME}.json"
    values = {"name": NAME, **provenance(), "seeds": [settings.seed]}
    path.write_text(json.dumps({**values, "figures": {"rows": rows}}, indent=1) + "\n")
    show(rows)
    print(path)


def measure(
    task_name: str, priors: list[Prior], name: str, settings: Settings
) -> dict[str, Any]:
    """One row: completion and success with their intervals, failures by cause."""
    task, robot, options = task_by_name(task_name), g1(), STEPS[name]
    width = BatchEnv(task, robot, priors[:1], 1, threads=1).observation_space.shape
    assert width is not None
    figures = evaluate_refiner(
        task,
        robot,
        priors,
        zero_agent(width[0], robot.num_joints),
        episodes=settings.episodes,
        seed=settings.seed,
        options=options,
    )
    return {"task": task_name, "control": name, **figures}


def line(row: dict[str, Any]) -> str:
    """A row in one line."""
    complete, success = (row[name]["rate"] for name in ("completion", "success"))
    return (
        f"{row['task']:13} {row['control']:13} complete {complete:5.0%}  "
        f"success {success:5.0%}  reached {row['reached_mean']:4.0%}  {row['causes']}"
    )


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table: a task a row, a control a column, completion / success."""
    table = Table(title="without any learning: completion / success")
    table.add_column("task")
    for name in STEPS:
        table.add_column(name, justify="right")
    for task in dict.fromkeys(row["task"] for row in rows):
        cells = [row for row in rows if row["task"] == task]
        texts = [
            f"{c['completion']['rate']:.0%} / {c['success']['rate']:.0%}" for c in cells
        ]
        table.add_row(task, *texts)
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Settings))
