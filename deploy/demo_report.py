"""Pages about what a folder holds: clips and priors, a training run, a robot's run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from assets.scene import compile_scene
from deploy.robots import known_robot
from deploy.session.episode import RunResult
from envs.render import render_motion
from perception.manifest import FILE_NAME
from perception.report.folder import add_folder
from perception.report.report import Report
from policies.bundle import Bundle
from policies.report import add_run
from policies.run_dir import RunDir

ROLLOUT_FPS = 25.0


def folder_report(folder: Path, out: Path) -> Path:
    """One page about a folder of priors or a run; ValueError if it is neither."""
    report = Report(f"Sugarmill: {folder.name}")
    run = RunDir(folder)
    known = False
    if (folder / FILE_NAME).is_file():
        add_clips(report, folder)
        known = True
    if run.curve.is_file():
        add_run(report, run)
        known = True
    if not known:
        msg = f"{folder}: holds neither priors ({FILE_NAME}) nor a run (curve.jsonl)"
        raise ValueError(msg)
    report.write(out)
    return out


def add_clips(report: Report, folder: Path) -> list[dict[str, Any]]:
    """Every video of a folder of priors, and a table; returns a row per clip."""
    return add_folder(report, folder)


def add_curve(report: Report, run: RunDir, note: str = "") -> dict[str, Any]:
    """A run's learning curve; returns its last row."""
    rows = [json.loads(line) for line in run.curve.read_text().splitlines()]
    figure = Figure(figsize=(6.0, 3.2))
    left = figure.subplots()
    steps = np.array([row["steps"] for row in rows]) / 1e6
    left.plot(steps, [row["completion"] for row in rows], label="complete")
    left.plot(steps, [row["reached"] for row in rows], label="reached", alpha=0.6)
    left.set_xlabel("million control steps")
    left.set_ylabel("share, from the first frame")
    left.set_ylim(0.0, 1.02)
    right = left.twinx()
    right.plot(steps, [row["return"] for row in rows], color="#8891a0", lw=1)
    right.set_ylabel("episode return")
    left.legend(loc="upper left")
    report.add_section("Training")
    report.add_figure("Learning curve", figure, note, wide=True)
    last = rows[-1]
    terms = [{"term": k, "weighted mean": v} for k, v in last["terms"].items()]
    report.add_table("Reward terms in the last iteration", terms)
    return last


def add_robot_run(
    report: Report, bundle: Bundle, result: RunResult, folder: Path
) -> None:
    """Film and figures of a bundle on the simulated robot."""
    report.add_section("On the simulated robot")
    robot = known_robot(bundle.contract)
    model = compile_scene(robot, bundle.contract.object)
    for episode in result.episodes:
        path = folder / f"episode_{episode.seed}.npz"
        with np.load(path, allow_pickle=False) as file:
            qpos, dt = file["qpos"], float(file["dt"])
        stride = max(1, round(1.0 / (ROLLOUT_FPS * dt)))
        frames = render_motion(model, qpos[::stride])
        report.add_video(f"Episode {episode.seed}", frames, 1.0 / (dt * stride))
        figure = Figure(figsize=(5.0, 2.6))
        axes = figure.subplots()
        axes.plot(np.arange(len(qpos)) * dt, qpos[:, -5] - qpos[0, -5])
        axes.axhline(0.25, ls="--", lw=1, color="#8891a0")
        axes.set_xlabel("time [s]")
        axes.set_ylabel("object above its start [m]")
        report.add_figure("Object height", figure)
    rows = [{"figure": name, "value": value} for name, value in result.rows()]
    report.add_table("Loop and safety", rows)
