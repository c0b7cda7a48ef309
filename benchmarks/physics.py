"""Environment against bare physics: `python -m benchmarks.physics`.

Control steps per second of `BatchEnv` (measuring, rewards, terminations, observations,
resets) over those of MuJoCo's own `Batch.step` for the same steps of the same states,
in the same run, in turns. Then PPO: collecting and learning together.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import tyro
from mujoco.batch import Batch
from rich.console import Console
from rich.table import Table

from assets.g1.spec import g1
from benchmarks.learning_speed import PHASES, learning_speed
from benchmarks.result import write_result
from envs import make_vec
from envs.batch_env import BatchEnv


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    task: str = "lift-box"
    num_envs: int = 256
    threads: tuple[int, ...] = (1, 2)
    steps: int = 40
    """Control steps of each measurement."""
    repeats: int = 7
    """Measurements; the median of their ratios is reported."""
    seed: int = 0
    priors: Path | None = None
    """By default the shipped ones."""
    iterations: int = 8
    """Iterations of PPO that are timed; 0: none."""


def main(settings: Settings) -> None:
    """Measure, print a table, write `benchmarks/results/physics.json`."""
    rows = [measure(settings, threads) for threads in settings.threads]
    figures = {
        "robot": g1().name,
        "num_envs": settings.num_envs,
        "rows": rows,
    }
    show(settings, rows)
    if settings.iterations > 0:
        figures["learning"] = [
            learn(settings, threads, phase)
            for phase in PHASES
            for threads in settings.threads
        ]
    print(write_result("physics", [settings.seed], figures))


def learn(settings: Settings, threads: int, phase: str) -> dict[str, Any]:
    """Rate of collecting and learning; prints a line."""
    options = settings.task, settings.priors, threads, settings.iterations
    row = learning_speed(*options, settings.seed, phase)
    low, high = row["range"]
    rate = f"{row['steps_per_s']:,} control steps/s ({low:,} to {high:,})"
    print(f"collect and learn, {phase}, {threads} thread(s): {rate}")
    return row


def measure(settings: Settings, threads: int) -> dict[str, Any]:
    """Median rates [control steps/s] and the median ratio of the repeats."""
    env = make_vec(settings.task, settings.num_envs, threads, priors=settings.priors)
    env.seed(settings.seed)
    env.reset()
    bare = Batch(env.scene.model, settings.num_envs, threads, persistent=True)
    compare(env, bare, 5)
    seconds = [compare(env, bare, settings.steps) for _ in range(settings.repeats)]
    alone, whole = settings.num_envs * settings.steps / np.array(seconds).T
    ratios = whole / alone
    return {
        "threads": threads,
        "bare_steps_per_s": round(float(np.median(alone))),
        "env_steps_per_s": round(float(np.median(whole))),
        "ratio": round(float(np.median(ratios)), 3),
        "ratio_range": [round(float(r), 3) for r in (ratios.min(), ratios.max())],
    }


def compare(env: BatchEnv, bare: Batch, steps: int) -> tuple[float, float]:
    """Seconds of bare physics and of the environment for the same control steps.

    Before each step the bare batch takes the environment's states and targets, so
    both solve the same contacts; they take turns in going first.
    """
    actions = np.zeros((env.num_envs, env.robot.num_joints), np.float32)
    seconds = np.zeros(2)
    for step in range(steps):
        for name in ("qpos", "qvel", "qacc_warmstart"):
            bare.bind(name)[:] = env.batch.bind(name)
        bare.bind("ctrl")[:] = env.targets(actions)
        both = [lambda: physics(env, bare), lambda: env.step(actions)]
        for index in (0, 1) if step % 2 else (1, 0):
            begun = time.perf_counter()
            both[index]()
            seconds[index] += time.perf_counter() - begun
    return seconds[0], seconds[1]


def physics(env: BatchEnv, bare: Batch) -> None:
    """What `BatchEnv` asks of MuJoCo in one control step."""
    bare.step(nstep=env.task.substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)


def show(settings: Settings, rows: list[dict[str, Any]]) -> None:
    """Print the figures."""
    table = Table(title=f"{settings.task}, {settings.num_envs} simulations")
    for column in ("threads", "bare Batch.step [1/s]", "environment [1/s]", "ratio"):
        table.add_column(column, justify="right")
    for row in rows:
        low, high = row["ratio_range"]
        table.add_row(
            str(row["threads"]),
            f"{row['bare_steps_per_s']:,}",
            f"{row['env_steps_per_s']:,}",
            f"{row['ratio']:.3f} ({low:.3f} to {high:.3f})",
        )
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Settings))
