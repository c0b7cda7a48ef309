"""Perception against truth: `python -m benchmarks.perception`, every figure of it.

Rendered clips of seeds never tuned on go through the pipeline without their truth, 20
of each task; real clips with marker mocap beside them are measured where their folder
is found; then how fast a folder goes, and what damaged videos do to it. A run that
was stopped goes on: clips and what was made of them are kept in `out/`.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import math
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console
from rich.progress import Progress, track

from benchmarks import mutated_videos, perception_tables
from benchmarks.clip_figures import figures
from benchmarks.clip_files import Case, load, prepare
from benchmarks.folder_speed import measure_speed
from benchmarks.real_clips import measure_real
from benchmarks.result import FOLDER, provenance
from benchmarks.summary import meanings, not_kept, summarise
from perception.studio.render import MOTIONS

Part = Literal["rendered", "real", "speed", "mutated"]
PARTS: tuple[Part, ...] = ("rendered", "real", "speed", "mutated")
FIRST_SEED, CLIPS = 1001, 20
FILE = FOLDER / "perception.json"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    tasks: tuple[str, ...] = tuple(MOTIONS)
    count: int = CLIPS
    """Rendered clips of each task."""
    seed: int = FIRST_SEED
    """Of the first one; development used seeds below 1000."""
    only: tuple[Part, ...] = PARTS
    """Parts to run; the others' figures stay as they are in the file."""
    workers: int = 2
    real: Path = Path(os.environ.get("SUGARMILL_CLIPS", "../shared/clips"))
    """Folder of real clips with NAME.mocap.json beside them."""

    @property
    def whole(self) -> bool:
        """Whether the rendered clips are those that the results are about."""
        usual = (self.tasks, self.count, self.seed)
        return usual == (tuple(MOTIONS), CLIPS, FIRST_SEED)


def main(settings: Settings) -> None:
    """Measure, print the tables, write the JSON and the page."""
    unknown = [task for task in settings.tasks if task not in MOTIONS]
    if unknown:
        sys.exit(f"unknown task '{unknown[0]}'; there are: {', '.join(MOTIONS)}")
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "rendered" in settings.only:
            measured["rendered"] = _rendered(settings)
        if "real" in settings.only:
            clips = measure_real(settings.real, folder, settings.workers)
            measured["real"] = {"clips": clips}
        if "speed" in settings.only:
            cases = [Case("lift-box", FIRST_SEED + i) for i in range(CLIPS)]
            _prepare(cases, settings.workers)
            measured["speed"] = measure_speed(cases, folder)
        if "mutated" in settings.only:
            measured["mutated"] = _mutated()
    perception_tables.show(measured)
    if "rendered" in measured and not settings.whole:
        Console().print("a part of the rendered clips: nothing written")
        return
    _write(measured)


def _rendered(settings: Settings) -> dict[str, Any]:
    """Every task's clips: rows, figures per task, and figures over all."""
    seeds = range(settings.seed, settings.seed + settings.count)
    cases = [Case(task, seed) for task in settings.tasks for seed in seeds]
    _prepare(cases, settings.workers)
    there = [case for case in cases if case.result.exists()]
    rows = [figures(load(case)) for case in track(there, "comparing")]
    by_task = {task: [r for r in rows if r["task"] == task] for task in settings.tasks}
    return {
        "overall": summarise(rows),
        "tasks": {task: summarise(clips) for task, clips in by_task.items()},
        "not_kept": not_kept(rows),
        "clips": rows,
    }


def _prepare(cases: list[Case], workers: int) -> None:
    """Render and watch what is not there yet, a clip to a process at a time."""
    for name in ("LP_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # of each worker, before it loads a library
    waiting = [case for case in cases if not case.result.exists()]
    with (
        Progress() as bar,
        concurrent.futures.ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), _quietly
        ) as pool,
    ):
        row = bar.add_task(
            "clips", total=len(cases), completed=len(cases) - len(waiting)
        )
        jobs = {pool.submit(prepare, case): case for case in waiting}
        for job in concurrent.futures.as_completed(jobs):
            if job.exception() is not None:  # tell, and measure the others
                bar.console.print(f"{jobs[job].name}: {job.exception()}", markup=False)
            bar.advance(row)


def _quietly() -> None:
    """A worker writes nothing to the terminal."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _mutated() -> dict[str, Any]:
    """What 300 damaged videos among ten good ones do to a folder."""
    mutated_videos.main(mutated_videos.Settings())
    file = FOLDER / "mutated_videos.json"
    return json.loads(file.read_text(encoding="utf-8"))["figures"]


def _write(measured: dict[str, Any]) -> None:
    """Put the parts measured into the file, each with what it was measured on."""
    before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    parts = before.get("figures", {}) if before.get("schema") == 2 else {}
    for name, values in measured.items():
        parts[name] = {"measured": provenance(), **_plain(values)}
    file = {"name": "perception", "schema": 2, "meanings": meanings(), "figures": parts}
    FILE.write_text(json.dumps(file, indent=1) + "\n", encoding="utf-8")
    perception_tables.write(parts)
    Console().print(f"written to {FILE} and {perception_tables.PAGE}")


def _plain(value: Any) -> Any:
    """JSON has no word for what is not a number: null; and four digits are enough."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


if __name__ == "__main__":
    main(tyro.cli(Settings))
