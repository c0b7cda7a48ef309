"""Figures of a refiner or a hierarchy: rates with intervals, and causes of failure."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from envs.episodes import COMPLETE
from envs.task import Task
from perception.prior import Prior
from policies.hierarchy import Hierarchy
from policies.metrics import rate
from policies.rollouts import Attempt, Prepare, roll_hierarchy, roll_refiner

Floats = NDArray[np.floating]

WEAKEST = 5
"""Clips that are named."""


def evaluate_refiner(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    agent: Callable[[Floats], Floats],
    *,
    episodes: int,
    seed: int,
    options: Mapping[str, Any] = MappingProxyType({}),
    prepare: Prepare | None = None,
) -> dict[str, Any]:
    """Completion from the first frame under the task's terminations, with noise.

    Returns completion and success with their intervals, failures by cause, and the
    object's distance [m] from the prior at the end of completed episodes. `options`
    are keywords of `BatchEnv` that the refiner was trained with.
    """
    attempts = roll_refiner(
        task,
        robot,
        priors,
        agent,
        episodes=episodes,
        seed=seed,
        options=options,
        prepare=prepare,
    )
    complete = [a for a in attempts if a.ended == COMPLETE]
    errors = [a.object_error for a in complete]
    return {
        "completion": rate(len(complete), episodes),
        "completion_object_within_10cm": rate(sum(e <= 0.1 for e in errors), episodes),
        **_judged(attempts, len(priors)),
        "reached_mean": float(np.mean([a.reached for a in attempts])),
        "object_error_end_mean_m": float(np.mean(errors)) if errors else None,
        "object_error_end_max_m": float(np.max(errors)) if errors else None,
        "causes": dict(collections.Counter(a.ended for a in attempts)),
        "seed": seed,
    }


def evaluate_hierarchy(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    make: Callable[[int], Hierarchy],
    *,
    episodes: int,
    seed: int,
    prepare: Prepare | None = None,
) -> dict[str, Any]:
    """Success rate of the task without any reference, with its interval."""
    attempts = roll_hierarchy(
        task, robot, priors, make, episodes=episodes, seed=seed, prepare=prepare
    )
    rises = [attempt.trace.rise[-1] for attempt in attempts]
    figures = {
        **_judged(attempts, len(priors)),
        "height_gain_mean_m": float(np.mean(rises)),
    }
    if task.goal:
        away = [attempt.trace.to_goal[-1] for attempt in attempts]
        figures["object_to_goal_mean_m"] = float(np.mean(away))
        figures["object_to_goal_median_m"] = float(np.median(away))
    return {**figures, "seed": seed}


def _judged(attempts: Sequence[Attempt], clips: int) -> dict[str, Any]:
    """Success by the task's criterion, and the failures by their causes."""
    failures = collections.Counter(a.why for a in attempts if not a.succeeded)
    succeeded = sum(attempt.succeeded for attempt in attempts)
    return {
        "success": rate(succeeded, len(attempts)),
        "failures": dict(failures.most_common()),
        "clips": clips,
        "weakest_clips": weakest(attempts),
    }


def weakest(attempts: Sequence[Attempt]) -> dict[str, str]:
    """The clips that fail most, the worst first: how many of their attempts succeed."""
    done: dict[str, list[bool]] = collections.defaultdict(list)
    for attempt in attempts:
        done[attempt.clip].append(attempt.succeeded)
    failing = {clip: own for clip, own in done.items() if not all(own)}
    order = sorted(failing, key=lambda clip: np.mean(failing[clip]))
    return {clip: f"{sum(done[clip])} of {len(done[clip])}" for clip in order[:WEAKEST]}
