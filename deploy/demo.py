"""`sugarmill demo`: the whole line on sample clips, ending in a page and a table."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from assets.g1.spec import g1
from deploy.demo_report import add_clips, add_curve, add_robot_run
from deploy.session.run import run_bundle
from perception.pipeline import make_priors
from perception.report.report import Report
from policies.bundle import Bundle
from policies.distill import DistillSettings
from policies.run_dir import RunDir
from policies.stages import distill_run, export_run, train_run
from policies.tables import print_figures
from policies.train import TrainSettings

TASK = "lift-box"
ASSETS = Path(__file__).parents[1] / "assets"
CLIPS = ASSETS / "clips" / "lift_box"
BUNDLE = ASSETS / "bundles" / "lift_box"

GLIMPSE_SECONDS = 60.0
SCRATCH = TrainSettings(steps=2_000_000, stop_at=0.95)
ROUNDS = 30
EPISODES = 3
GLIMPSE_NOTE = (
    "A glimpse: about a minute of training from nothing. The shipped skill below "
    "trained longer, with the same command."
)
SCRATCH_NOTE = "Trained just now, from the videos above and nothing else."


def demo(out: Path, from_scratch: bool, seed: int) -> bool:
    """Run the line and print where the report lies; returns whether the box was lifted.

    With `from_scratch` the skill is learnt from the clips now; an interrupted training
    goes on where it stopped. Otherwise a minute of training is shown, and the shipped
    bundle drives the robot.
    """
    console, begun = Console(), time.monotonic()
    seconds: dict[str, float] = {}
    report = Report("From videos to a skill on the robot", _subtitle(from_scratch))
    with _stage(console, "1/4 priors from videos", seconds):
        workers = min(os.cpu_count() or 1, 4)
        make_priors(CLIPS, out / "priors", task=TASK, workers=workers, robot=g1())
    with _stage(console, "2/4 training", seconds):
        run = _scratch(out, seed) if from_scratch else _glimpse(out, seed)
    with _stage(console, "3/4 the robot, in a process of its own, over DDS", seconds):
        bundle = _export(run, out) if from_scratch else BUNDLE
        result = run_bundle(
            bundle, "dds", episodes=EPISODES, seed=seed, out=out / "robot"
        )
    with _stage(console, "4/4 report", seconds):
        rows = add_clips(report, out / "priors")
        last = add_curve(report, run, SCRATCH_NOTE if from_scratch else GLIMPSE_NOTE)
        add_robot_run(report, Bundle.load(bundle), result, out / "robot")
        report.write(out / "report.html")
    figures = _figures(rows, last, dict(result.rows()), seconds)
    print_figures(f"demo, {time.monotonic() - begun:.0f} s", figures)
    console.print(f"report: {(out / 'report.html').resolve()}", soft_wrap=True)
    return result.success_rate > 0.0


def _glimpse(out: Path, seed: int) -> RunDir:
    path = out / "glimpse"
    shutil.rmtree(path, ignore_errors=True)
    settings = TrainSettings(seed=seed, seconds=GLIMPSE_SECONDS)
    train_run(TASK, out / "priors", path, settings)
    return RunDir(path)


def _scratch(out: Path, seed: int) -> RunDir:
    run = RunDir(out / "run")
    if not run.tracker.is_file():
        resume = run.checkpoint.is_file()
        settings = dataclasses.replace(SCRATCH, seed=seed)
        train_run(TASK, out / "priors", run.path, settings, resume=resume)
        distill_run(run.path, run.path, DistillSettings(rounds=ROUNDS, seed=seed))
    return run


def _export(run: RunDir, out: Path) -> Path:
    return export_run(run.path, out / "bundle", episodes=50)


@contextmanager
def _stage(console: Console, title: str, seconds: dict[str, float]) -> Iterator[None]:
    console.rule(title, align="left")
    begun = time.monotonic()
    yield
    seconds[title] = time.monotonic() - begun


def _subtitle(from_scratch: bool) -> str:
    how = "trained from these clips just now" if from_scratch else "shipped bundle"
    return f"Task {TASK}, clips rendered by Sugarmill's own studio, skill: {how}."


def _figures(
    rows: list[dict[str, Any]],
    last: dict[str, Any],
    run: dict[str, str],
    seconds: dict[str, float],
) -> dict[str, dict[str, Any]]:
    clips = {row["clip"]: _clip_line(row) for row in rows}
    training = {
        "steps": f"{last['steps']:,}",
        "complete from first frame": f"{last['completion']:.0%}",
        "reached": f"{last['reached']:.0%}",
        "return": last["return"],
    }
    return {"clips": clips, "training": training, "robot": run, "seconds": seconds}


def _clip_line(row: dict[str, Any]) -> str:
    """A clip's outcome, and its errors where the truth lies beside the video."""
    if "joint error mm" not in row:
        return str(row.get("reason") or row["outcome"])
    return (
        f"joints {row['joint error mm']:.0f} mm, "
        f"object {row['object error mm']:.0f} mm, contact F1 {row['contact F1']:.2f}"
    )
