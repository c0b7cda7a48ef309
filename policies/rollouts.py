"""Episodes from the first frame, one a simulation: a refiner's, or a hierarchy's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.episodes import COMPLETE
from envs.state_pool import PoolSettings
from envs.success import Trace
from envs.task import Task
from perception.prior import Prior
from policies.failures import failure
from policies.hierarchy import Hierarchy
from policies.sensing import Sensing

Floats = NDArray[np.floating]

FROM_START = PoolSettings(start_share=1.0, seed_reference=False)

EXTRA_HOLD = 1.5
"""Seconds that a hierarchy, which has its own clock, gets after the clip's end."""

Prepare = Callable[[BatchEnv], None]
"""What is done to a new environment before its first episode: another world."""


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One episode: the clip it began as, what happened, and how it ended.

    `ended` is "complete" or the termination; `why` the failure in words, empty for a
    success; `reached` the share of the clip; `object_error` [m] is to the prior's.
    """

    clip: str
    trace: Trace
    ended: str
    why: str
    reached: float = 1.0
    object_error: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the task was done."""
        return not self.why


def roll_refiner(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    agent: Callable[[Floats], Floats],
    *,
    episodes: int,
    seed: int,
    options: Mapping[str, Any] = MappingProxyType({}),
    prepare: Prepare | None = None,
) -> list[Attempt]:
    """Follow the clips, in turns, under the task's terminations and reset noise.

    `options` are keywords of `BatchEnv` that the refiner was trained with.
    An attempt fails if it is terminated, or if the task's criterion says so.
    """
    env = BatchEnv(task, robot, priors, episodes, seed=seed, pool=FROM_START, **options)
    obs = _begin(env, prepare)
    clips, rows = env.clip.tolist(), [_free_bodies(env)]
    found: dict[int, Attempt] = {}
    while len(found) < episodes:
        before, at = env.now, env.row
        env.step_async(agent(obs))
        obs, _, done, infos = env.step_wait()
        for i in (int(index) for index in np.flatnonzero(done) if index not in found):
            ended = infos[i]["episode"]
            trace = _trace(env, rows, i, priors[clips[i]], clips[i])
            why = failure(env, before, int(at[i]), i, ended["cause"])
            found[i] = Attempt(
                clip=priors[clips[i]].name,
                trace=trace,
                ended=ended["cause"],
                why=why or task.success.cause(trace),
                reached=ended["reached"],
                object_error=ended["object_error"],
            )
        rows.append(_free_bodies(env))
    return [found[i] for i in range(episodes)]


def roll_hierarchy(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    make: Callable[[int], Hierarchy],
    *,
    episodes: int,
    seed: int,
    prepare: Prepare | None = None,
) -> list[Attempt]:
    """Run hierarchies without reference from the priors' starts with reset noise.

    The priors give the starts, the goals and the time alone; nothing ends an episode
    before its clip, and some seconds more, are over.
    """
    free = dataclasses.replace(task, terminations=(), hold=task.hold + EXTRA_HOLD)
    env = BatchEnv(
        *(free, robot, priors, episodes),
        seed=seed,
        feedforward=False,
        balance=False,
        reach=False,
        pool=FROM_START,
    )
    _begin(env, prepare)
    clips, sensing, hierarchy = env.clip.tolist(), Sensing(env, priors), make(episodes)
    hierarchy.reset(sensing())
    rows = [_free_bodies(env)]
    for _ in range(int(env.reference.length[clips].max()) - 2):
        env.advance(hierarchy.step(sensing()))
        rows.append(_free_bodies(env))
    attempts = []
    for i, clip in enumerate(clips):
        own = rows[: int(env.reference.length[clip]) - 1]
        trace = _trace(env, own, i, priors[clip], clip)
        why = task.success.cause(trace)
        attempts.append(Attempt(priors[clip].name, trace, COMPLETE, why))
    return attempts


def _begin(env: BatchEnv, prepare: Prepare | None) -> Floats:
    if prepare is not None:
        prepare(env)
    return env.reset()


def _free_bodies(env: BatchEnv) -> Floats:
    """Poses of root and object `(N, 14)`: all that a criterion looks at."""
    qpos = env.batch.qpos
    return np.concatenate([qpos[:, :7], qpos[:, -7:]], axis=1)


def _trace(
    env: BatchEnv, rows: Sequence[Floats], index: int, prior: Prior, clip: int
) -> Trace:
    goal = prior.goal_pos_w if env.task.goal else None
    states = np.array([row[index] for row in rows])
    return Trace.of_states(states, env.task.dt, env.variants.object(clip), goal)
