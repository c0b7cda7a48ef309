"""Evaluate a refiner or a hierarchy: one episode a simulation, from the first frame."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.state_pool import PoolSettings
from envs.success import Trace, up
from envs.task import Task
from perception.prior import Prior
from policies.hierarchy import Hierarchy
from policies.metrics import rate

FALLEN = 0.7
"""Cosine of the pelvis's tilt below which a robot has fallen."""

Floats = NDArray[np.floating]

FROM_START = PoolSettings(start_share=1.0, seed_reference=False)

EXTRA_HOLD = 1.5
"""Seconds that a hierarchy, which has its own clock, gets after the clip's end."""


def evaluate_refiner(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    agent: Callable[[Floats], Floats],
    *,
    episodes: int,
    seed: int,
    feedforward: bool = True,
) -> dict[str, Any]:
    """Completion from the first frame under the task's terminations, with noise.

    Returns rate with interval, causes of failure, and the object's distance [m] from
    the prior at the end of completed episodes.
    """
    env = BatchEnv(
        task,
        robot,
        priors,
        episodes,
        seed=seed,
        feedforward=feedforward,
        pool=FROM_START,
    )
    obs = env.reset()
    first: list[dict[str, Any] | None] = [None] * episodes
    for _ in range(int(env.reference.length.max())):
        env.step_async(agent(obs))
        obs, _, done, infos = env.step_wait()
        for i in np.flatnonzero(done):
            first[i] = first[i] or infos[i]["episode"]
    ended = [episode for episode in first if episode is not None]
    complete = [e for e in ended if e["cause"] == "complete"]
    errors = [e["object_error"] for e in complete]
    near = sum(error <= 0.10 for error in errors)
    return {
        "completion": rate(len(complete), episodes),
        "completion_object_within_10cm": rate(near, episodes),
        "reached_mean": float(np.mean([e["reached"] for e in ended])),
        "object_error_end_mean_m": float(np.mean(errors)) if errors else None,
        "object_error_end_max_m": float(np.max(errors)) if errors else None,
        "causes": dict(collections.Counter(e["cause"] for e in ended)),
        "seed": seed,
    }


def roll_hierarchy(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    make: Callable[[int], Hierarchy],
    *,
    episodes: int,
    seed: int,
) -> list[Trace]:
    """Run hierarchies without reference from the priors' starts with reset noise.

    The priors give the starts and the goals alone; no termination ends an episode.
    """
    free = dataclasses.replace(task, terminations=(), hold=task.hold + EXTRA_HOLD)
    env = BatchEnv(free, robot, priors, episodes, seed=seed, pool=FROM_START)
    env.reset()
    clips = env.clip.copy()
    hierarchy = make(episodes)
    hierarchy.reset(env.sense())
    steps = int(env.reference.length.min()) - 2
    states = [np.array(env.batch.qpos)]
    for _ in range(steps):
        env.advance(hierarchy.step(env.sense()))
        states.append(np.array(env.batch.qpos))
    qpos = np.array(states)
    return [
        Trace.of_states(
            qpos[:, i],
            task.dt,
            env.variants.object(clip),
            priors[int(clip)].goal_pos_w,
        )
        for i, clip in enumerate(clips)
    ]


def evaluate_hierarchy(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    make: Callable[[int], Hierarchy],
    *,
    episodes: int,
    seed: int,
) -> dict[str, Any]:
    """Success rate of the task without any reference, with its interval."""
    traces = roll_hierarchy(task, robot, priors, make, episodes=episodes, seed=seed)
    success = np.array([task.success(trace) for trace in traces])
    fallen = np.array([up(trace.root_quat_w[-1]) < FALLEN for trace in traces])
    return {
        "success": rate(int(success.sum()), episodes),
        "height_gain_mean_m": float(np.mean([trace.rise[-1] for trace in traces])),
        "fallen": int(fallen.sum()),
        "dropped_standing": int((~success & ~fallen).sum()),
        "seed": seed,
    }
