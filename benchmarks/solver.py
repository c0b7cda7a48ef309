"""What the model's solver settings are worth: `python -m benchmarks.solver`.

The same control steps of the same states, with the noisy targets of a policy that
learns, through copies of a task's model that differ in their settings alone: how fast,
in the same run and in turns, and how far from the solution that Newton's method finds
when it may take as long as it likes.
"""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import tyro
from mujoco.batch import Batch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.result import write_result
from envs import make_vec
from envs.batch_env import BatchEnv

WARM = mujoco.mjtDisableBit.mjDSBL_WARMSTART
ISLANDS = mujoco.mjtDisableBit.mjDSBL_ISLAND
DENSE = mujoco.mjtJacobian.mjJAC_DENSE

Change = Callable[[mujoco.MjOption], None]


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    task: str = "lift-box"
    num_envs: int = 128
    threads: int = 2
    steps: int = 80
    """Control steps, of which the first are not timed."""
    noise: float = 0.37
    """Standard deviation of the actions: a beginner's. 0.1 is a skilled policy's."""
    seed: int = 0
    priors: Path | None = None
    """By default the shipped ones."""


FIRST = 4
"""Control steps that are not timed: caches fill."""


def enabled(*flags: mujoco.mjtDisableBit) -> Change:
    """Turn on what the model turns off."""

    def change(option: mujoco.MjOption) -> None:
        for flag in flags:
            option.disableflags &= ~int(flag)

    return change


def dense(option: mujoco.MjOption) -> None:
    """Constraint Jacobians as full matrices."""
    option.jacobian = DENSE


def few_iterations(option: mujoco.MjOption) -> None:
    """What is common for robots that learn: 6 iterations, 12 of the line search."""
    option.iterations, option.ls_iterations = 6, 12


def usual(option: mujoco.MjOption) -> None:
    """MuJoCo's own choices, with few iterations."""
    enabled(WARM, ISLANDS)(option)
    option.jacobian = mujoco.mjtJacobian.mjJAC_AUTO
    few_iterations(option)


def exact(option: mujoco.MjOption) -> None:
    """As many iterations as it takes."""
    option.iterations, option.ls_iterations = 200, 100
    option.tolerance, option.ls_tolerance = 1e-14, 1e-4


VARIANTS: dict[str, Change] = {
    "as shipped": lambda option: None,
    "with warm start": enabled(WARM),
    "with islands": enabled(ISLANDS),
    "dense Jacobian": dense,
    "6 iterations": few_iterations,
    "MuJoCo's choices, 6 iterations": usual,
}
EXACT = "exact"
BASE = "MuJoCo's choices, 6 iterations"


def main(settings: Settings) -> None:
    """Measure, print a table, write `benchmarks/results/solver.json`."""
    rows = measure(settings)
    show(settings, rows)
    figures = {"task": settings.task, "noise": settings.noise, "rows": rows}
    print(write_result("solver", [settings.seed], figures))


def measure(settings: Settings) -> list[dict[str, Any]]:
    """Rates [control steps/s], over the usual settings' too, and errors [rad/s or m/s].

    A simulation's error is the largest over its velocities after one control step.
    """
    env = make_vec(
        settings.task, settings.num_envs, settings.threads, priors=settings.priors
    )
    env.seed(settings.seed)
    env.reset()
    changes = {**VARIANTS, EXACT: exact}
    batches = {name: changed(env, change) for name, change in changes.items()}
    rng = np.random.default_rng(settings.seed)
    seconds = dict.fromkeys(batches, 0.0)
    errors: dict[str, list[NDArray]] = {name: [] for name in VARIANTS}
    for step in range(settings.steps):
        shape = settings.num_envs, env.robot.num_joints
        actions = rng.normal(0.0, settings.noise, shape).astype(np.float32)
        targets = env.targets(actions)
        for name in rng.permutation(list(batches)):
            taken = advance(env, batches[name], targets)
            seconds[name] += taken if step >= FIRST else 0.0
        true = batches[EXACT].bind("qvel")
        for name, found in errors.items():
            found.append(np.abs(batches[name].bind("qvel") - true).max(axis=1))
        done = env.step(actions)[2]
        for batch in batches.values():
            batch.bind("qacc_warmstart")[done] = 0.0
    timed = settings.num_envs * (settings.steps - FIRST)
    return [
        {
            "settings": name,
            "steps_per_s": round(timed / seconds[name]),
            "ratio": round(seconds[BASE] / seconds[name], 2),
            **spread(np.concatenate(errors[name])),
        }
        for name in VARIANTS
    ]


def changed(env: BatchEnv, change: Change) -> Batch:
    """Bare physics of the environment's model with other solver settings."""
    model = copy.copy(env.scene.model)
    change(model.opt)
    return Batch(model, env.num_envs, env.batch.nthread, persistent=True)


def advance(env: BatchEnv, batch: Batch, targets: NDArray) -> float:
    """Step `batch` from the environment's states by a control period; seconds taken.

    Its accelerations to start from are those of its own last step.
    """
    for name in ("qpos", "qvel"):
        batch.bind(name)[:] = env.batch.bind(name)
    batch.bind("ctrl")[:] = targets
    begun = time.perf_counter()
    batch.step(nstep=env.task.substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)
    return time.perf_counter() - begun


def spread(errors: NDArray) -> dict[str, float]:
    """Quantiles of errors, and the worst."""
    names = {"error_p50": 0.5, "error_p99": 0.99, "error_max": 1.0}
    return {name: float(f"{np.quantile(errors, q):.2g}") for name, q in names.items()}


def show(settings: Settings, rows: list[dict[str, Any]]) -> None:
    """Print the figures."""
    title = f"{settings.task}, actions of {settings.noise:g}, {settings.threads} thread"
    table = Table(title=title + "(s)")
    for column in ("solver", "[1/s]", "ratio", "error: 99 % [rad/s]", "worst"):
        table.add_column(column, justify="left" if column == "solver" else "right")
    for row in rows:
        table.add_row(
            row["settings"],
            f"{row['steps_per_s']:,}",
            f"{row['ratio']:.2f}",
            f"{row['error_p99']:.1e}",
            f"{row['error_max']:.1e}",
        )
    Console().print(table)


if __name__ == "__main__":
    main(tyro.cli(Settings))
