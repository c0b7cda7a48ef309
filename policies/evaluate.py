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
from envs.success import lift_success
from envs.task import Task
from perception.prior import Prior
from policies.hierarchy import Hierarchy
from policies.metrics import rate

Floats = NDArray[np.floating]

FROM_START = PoolSettings(start_share=1.0, seed_reference=False)

EXTRA_HOLD = 1.5
"""Seconds that a hierarchy, which has its own clock, gets after the clip's end."""


@dataclasses.dataclass(frozen=True)
class HierarchyRollout:
    """What happened in N free episodes of T control steps.

    | field | shape | unit |
    |---|---|---|
    | object_height | (T + 1, N) | m, world |
    | root_height | (T + 1, N) | m, world |
    | upright | (T + 1, N) | z component of the root's z axis |
    | qpos | (T + 1, K, nq) | simulator state of the first K simulations |
    """

    object_height: Floats
    root_height: Floats
    upright: Floats
    qpos: Floats


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
    keep: int = 1,
) -> HierarchyRollout:
    """Run hierarchies without reference from the priors' starts with reset noise.

    The priors give the starts alone; no termination ends an episode.
    """
    free = dataclasses.replace(task, terminations=(), hold=task.hold + EXTRA_HOLD)
    env = BatchEnv(free, robot, priors, episodes, seed=seed, pool=FROM_START)
    env.reset()
    hierarchy = make(episodes)
    hierarchy.reset(env.sense())
    steps = int(env.reference.length.min()) - 2
    height, root, upright, qpos = [], [], [], []
    for step in range(steps + 1):
        state = np.asarray(env.batch.qpos)
        height.append(state[:, -5].copy())
        root.append(state[:, 2].copy())
        upright.append(1.0 - 2.0 * (state[:, 4] ** 2 + state[:, 5] ** 2))
        qpos.append(state[:keep].copy())
        if step < steps:
            env.advance(hierarchy.step(env.sense()))
    return HierarchyRollout(
        np.array(height), np.array(root), np.array(upright), np.array(qpos)
    )


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
    roll = roll_hierarchy(task, robot, priors, make, episodes=episodes, seed=seed)
    columns = zip(roll.object_height.T, roll.root_height.T, roll.upright.T, strict=True)
    success = np.array([lift_success(*column, task.dt) for column in columns])
    gain = roll.object_height[-1] - roll.object_height[0]
    fallen = roll.upright[-1] < 0.7
    return {
        "success": rate(int(success.sum()), episodes),
        "height_gain_mean_m": float(gain.mean()),
        "fallen": int(fallen.sum()),
        "dropped_standing": int((~success & ~fallen).sum()),
        "seed": seed,
    }
