"""Collecting and learning: PPO's control steps per second, but for trials."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assets.g1.spec import g1
from envs.gym_env import PRIORS
from envs.tasks import task_by_name
from policies.settings import TrainSettings
from policies.stages import task_priors
from policies.train import train

PHASES: dict[str, dict[str, Any]] = {
    "from nothing": {},
    "refining": {"initial_log_std": -2.4, "num_envs": 512},
}
"""Settings that a run's speed hangs on: `train`'s defaults, and what a skill's last
steps are learnt with. A beginner's noise makes contacts that the solver finds hard."""

FIRST = 3
"""Iterations that are not counted: caches fill, and the normaliser with them."""


def learning_speed(
    task: str,
    priors: Path | None,
    threads: int,
    iterations: int,
    seed: int,
    phase: str = "from nothing",
) -> dict[str, Any]:
    """Median and range over `iterations` after the first; the networks' threads too."""
    settings = TrainSettings(
        seed=seed, threads=threads, film=False, trials=0, **PHASES[phase]
    )
    size = settings.num_envs * settings.rollout
    steps = size * (FIRST + 1 + iterations)
    settings = dataclasses.replace(settings, steps=steps)
    clips = task_priors(priors or PRIORS / task.replace("-", "_"), task)
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            rows = train(task_by_name(task), g1(), clips, out, settings, show=False)
    finally:
        torch.set_num_threads(usual)
    rates = size / np.diff([row["seconds"] for row in rows])[FIRST:]
    return {
        "phase": phase,
        "threads": threads,
        "iterations": len(rates),
        "steps_per_s": round(float(np.median(rates))),
        "range": [round(float(rates.min())), round(float(rates.max()))],
    }
