"""The shipped skill, in process and over DDS: `python -m benchmarks.skill`.

Success without any reference is measured three ways: many simulations at once, the
robot's runner with its safety in lockstep with physics, and the same runner driving a
simulated robot in a second process over DDS in real time.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from benchmarks.result import write_result
from benchmarks.stalls import StallWatch
from deploy.control.safety import Mode
from deploy.session.episode import RunResult
from deploy.session.run import run_bundle
from policies.metrics import rate
from policies.stages import evaluate_path
from policies.tables import print_figures


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    bundle: Path = Path("assets/bundles/lift_box")
    priors: Path = Path("assets/priors/lift_box")
    episodes: int = 200
    """Simulations at once."""
    robot_episodes: int = 40
    """Episodes of the runner, each way."""
    duration: float = 7.0
    """Length [s] of the runner's episodes."""
    seed: int = 5000


def main(settings: Settings) -> None:
    """Measure, print the tables, write the JSON."""
    figures = evaluate_path(
        settings.bundle, settings.priors, settings.episodes, settings.seed
    )
    for name in ("mujoco", "dds"):
        with StallWatch() as watch:
            result = run_bundle(
                settings.bundle,
                name,
                duration=settings.duration,
                episodes=settings.robot_episodes,
                seed=settings.seed,
            )
        figures[f"runner_{name}"] = {**robot_figures(result), **watch.figures()}
    print_figures("Skill without reference", figures)
    path = write_result("skill", [settings.seed], figures)
    Console().print(f"written to {path}")


def robot_figures(result: RunResult) -> dict[str, Any]:
    """Success with interval, loop rate, step time, late cycles and faults."""
    passed = sum(episode.passed for episode in result.episodes)
    stopped = [e for e in result.episodes if e.mode == Mode.FAULT]
    return {
        "success": rate(passed, len(result.episodes)),
        "loop_hz": result.loop_hz,
        "step_ms_p50": result.step_ms(50),
        "step_ms_p99": result.step_ms(99),
        "late_share": result.late_share if result.paced else None,
        "stopped_by_safety": len(stopped),
        "failed_otherwise": len(result.episodes) - passed - len(stopped),
        "reasons": sorted({e.reason for e in stopped}),
    }


if __name__ == "__main__":
    main(tyro.cli(Settings))
