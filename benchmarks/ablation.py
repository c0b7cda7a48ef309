"""What each switch of training is worth: `python -m benchmarks.ablation`.

Trains every task with the defaults and with one switch changed, for several seeds, one
run after another, until a share of a trial's episodes, which are without noise,
completes or the steps are spent. Finished cells are kept in OUT/cells.json and a killed
run goes on from its checkpoint, so the same command may be given again until it is
done; with more --steps, cells that did not get there go on.

The variants without depenetration need the tracks beside the priors, as in a folder
that `sugarmill priors` wrote; without them these variants are left out.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.raw_priors import raw_priors
from benchmarks.result import provenance, write_result
from policies.fan import RunJob, check_jobs, run_job
from policies.run_dir import RunDir, write_json
from policies.settings import TrainSettings
from policies.trials import learnt_row, milestones

BASE = "defaults"
RAW = ("no-depenetration", "no-depenetration-no-deep-starts")
VARIANTS: dict[str, dict[str, Any]] = {
    BASE: {},
    "no-feedforward": {"feedforward": False},
    "no-balance": {"balance": False},
    "no-contact-term": {"contact_term": False},
    "starts-first": {"starts": "first"},
    "starts-progressive": {"starts": "progressive"},
    "starts-pool": {"starts": "pool"},
    "draw-failures": {"draw": "failures"},
    "draw-progress": {"draw": "progress"},
    "assist": {"assist": True},
    RAW[0]: {"max_depth": 0.0},
    RAW[1]: {},
}
"""The defaults start three quarters of the episodes in the priors' own states."""

SHIPPED = Path(__file__).parents[1] / "assets" / "priors"
CELLS = "cells.json"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to compare, and how far."""

    tasks: tuple[str, ...] = ("lift-box",)
    priors: Path | None = None
    """Folder of the tasks' priors; by default the shipped ones."""
    out: Path = Path("out/ablation")
    """Runs and finished cells."""
    variants: tuple[str, ...] = tuple(VARIANTS)
    seeds: tuple[int, ...] = (0, 1, 2)
    level: float = 0.9
    """Share of a trial's 64 episodes from the first frame that ends a run."""
    steps: int = 1_000_000
    """Control steps after which a run is given up."""
    num_envs: int = 256
    init: Path | None = None
    """A refiner that every run begins from: learning to walk is long and the same in
    all of them."""
    initial_log_std: float = TrainSettings.initial_log_std


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of the table."""

    task: str
    variant: str
    seed: int
    job: RunJob

    @property
    def key(self) -> str:
        """Its name in cells.json."""
        begun = f" | from {self.job.init.name}" if self.job.init else ""
        return f"{self.task} | {self.variant} | {self.seed}{begun}"


def main(settings: Settings) -> None:
    """Train what is missing; for each task print and write `results/ablation_TASK`."""
    for task in settings.tasks:
        figures = run(dataclasses.replace(settings, tasks=(task,)))
        show(figures)
        print(write_result(f"ablation_{task}", list(settings.seeds), figures))


def run(settings: Settings, base: TrainSettings | None = None) -> dict[str, Any]:
    """Train the cells that are not finished; returns the table's figures.

    `base` are the defaults that the variants change.
    """
    cells = list(cells_of(settings, base or TrainSettings()))
    check_jobs([cell.job for cell in cells])
    path = settings.out / CELLS
    settings.out.mkdir(parents=True, exist_ok=True)
    done: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    for number, cell in enumerate(cells, 1):
        if not finished(done.get(cell.key), settings):
            print(f"{number}/{len(cells)}: {cell.key}", flush=True)
            done[cell.key] = train_cell(cell, settings)
            write_json(path, done)
    rows = [
        row_of(task, variant, cells, done)
        for task in settings.tasks
        for variant in settings.variants
        if any(c.task == task and c.variant == variant for c in cells)
    ]
    return {
        "level": settings.level,
        "limit": settings.steps,
        "num_envs": settings.num_envs,
        "init": settings.init and settings.init.name,
        "initial_log_std": settings.initial_log_std,
        "rows": [{**row, **against(row, rows)} for row in rows],
    }


def cells_of(settings: Settings, base: TrainSettings) -> Iterator[Cell]:
    """Every cell; all variants of a seed come before the next seed."""
    unknown = [name for name in settings.variants if name not in VARIANTS]
    if unknown:
        msg = f"ablation: no variant '{unknown[0]}'; there are {', '.join(VARIANTS)}"
        raise ValueError(msg)
    chosen = set(settings.variants)
    for seed in settings.seeds:
        for task in settings.tasks:
            priors = settings.priors or SHIPPED / task.replace("-", "_")
            tracks = list(priors.glob("*.track.npz"))
            for variant, change in VARIANTS.items():
                if variant not in chosen or (variant in RAW and not tracks):
                    continue
                source = priors
                if variant in RAW:
                    source = raw_priors(priors, settings.out / "raw" / task, task)
                options = dataclasses.replace(
                    base,
                    steps=settings.steps,
                    num_envs=settings.num_envs,
                    initial_log_std=settings.initial_log_std,
                    stop_at=settings.level,
                    seed=seed,
                    film=False,
                    **change,
                )
                begun = f"-from-{settings.init.name}" if settings.init else ""
                out = settings.out / f"{task}-{variant}-{seed}{begun}"
                job = RunJob(
                    task, source, out, options, init=settings.init, resume=True
                )
                yield Cell(task, variant, seed, job)


def finished(figures: dict[str, Any] | None, settings: Settings) -> bool:
    """Whether a cell needs no more training: it got there, or spent these steps."""
    if figures is None or figures["level"] != settings.level:
        return False
    return figures["steps_to"] is not None or figures["limit"] >= settings.steps


def train_cell(cell: Cell, settings: Settings) -> dict[str, Any]:
    """Train one run, from its checkpoint if it has one; returns its figures.

    Raises RuntimeError if it cannot be trained.
    """
    record = run_job(cell.job, show=True)
    if record.fault:
        raise RuntimeError(f"{cell.key}: {record.fault}")
    rows = RunDir(cell.job.out).read_curve()
    row = learnt_row(rows, settings.level)
    return {
        "level": settings.level,
        "limit": settings.steps,
        "steps_to": row and row["steps"],
        "seconds_to": row and row["seconds"],
        "steps": record.steps,
        "best_trial": round(milestones(rows)["best_trial"], 3),
        "best_reached": round(max(row.get("trial_reached") or 0.0 for row in rows), 3),
        "commit": provenance()["commit"][:7],
    }


def row_of(
    task: str, variant: str, cells: Sequence[Cell], done: dict[str, Any]
) -> dict[str, Any]:
    """Figures of a variant over its seeds; a median beyond the limit is None."""
    mine = [done[c.key] for c in cells if c.task == task and c.variant == variant]
    endless = float("inf")
    middle = statistics.median_low([cell["steps_to"] or endless for cell in mine])
    times = [c["seconds_to"] / 60.0 for c in mine if c["seconds_to"] is not None]
    return {
        "task": task,
        "variant": variant,
        "reached": sum(cell["steps_to"] is not None for cell in mine),
        "seeds": len(mine),
        "steps_to": [cell["steps_to"] for cell in mine],
        "median_steps_to": None if middle == endless else middle,
        "minutes_to": [round(minutes, 1) for minutes in times],
        "best_trial": [cell["best_trial"] for cell in mine],
        "best_reached": [cell.get("best_reached") for cell in mine],
        "commits": [cell["commit"] for cell in mine],
    }


def against(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many times the defaults' median steps a row needs, where both are known."""
    base = next(
        (r for r in rows if r["task"] == row["task"] and r["variant"] == BASE), None
    )
    if base is None or not base["median_steps_to"] or not row["median_steps_to"]:
        return {"times_defaults": None}
    return {
        "times_defaults": round(row["median_steps_to"] / base["median_steps_to"], 2)
    }


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    limit = f"> {figures['limit'] / 1e6:.1f}"
    table = Table(title=f"Million control steps to {figures['level']:.0%} completion")
    for column in (
        "task",
        "variant",
        "each seed",
        "median",
        "× defaults",
        "best trial",
        "most of the clip",
    ):
        table.add_column(column)
    for row in figures["rows"]:
        each = [limit if s is None else f"{s / 1e6:.2f}" for s in row["steps_to"]]
        middle = row["median_steps_to"]
        table.add_row(
            row["task"],
            row["variant"],
            ", ".join(each),
            limit if middle is None else f"{middle / 1e6:.2f}",
            "–" if row["times_defaults"] is None else f"{row['times_defaults']:.2f}",
            *(", ".join(map(share, row[k])) for k in ("best_trial", "best_reached")),
        )
    Console().print(table)


def share(value: float | None) -> str:
    """Percent, or a dash where nothing is known."""
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    main(tyro.cli(Settings))
