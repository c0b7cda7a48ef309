"""Play a task with some agent, and film it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.render import render_motion
from envs.tasks import task_by_name
from perception.encode import write_video
from policies.clips import task_priors
from policies.refiner import Agent, load_network, zero_agent
from policies.rollouts import FROM_START
from policies.run_dir import RunDir
from policies.stages import rollout_qpos
from policies.subject import switches

Floats = NDArray[np.floating]
AgentName = Literal["zero", "random", "trained"]

PRIORS = Path(__file__).parents[1] / "assets" / "priors"


def play(
    task_name: str,
    agent: AgentName,
    video: Path,
    *,
    run: Path | None = None,
    priors: Path | None = None,
    seed: int = 0,
) -> int:
    """Film one episode from the first frame; returns its control steps.

    `zero` is the prior with feed-forward alone, `random` acts at random, `trained` is
    the refiner of `run`. Raises ValueError if `trained` is asked for without a run.
    """
    task, robot = task_by_name(task_name), g1()
    clips = task_priors(priors or default_priors(task_name), task.name)
    options = switches(RunDir(run).read_config()) if run is not None else {}
    env = BatchEnv(
        *(task, robot, clips, 1), threads=1, seed=seed, pool=FROM_START, **options
    )
    states, clip = rollout_qpos(env, _agent(agent, env, run, seed))
    frames = render_motion(env.variants.model(clip), states[::2])
    write_video(video, frames, (480, 360), 25.0)
    return len(states)


def default_priors(task_name: str) -> Path:
    """The priors that ship with the package for a task."""
    return PRIORS / task_name.replace("-", "_")


def _agent(
    name: AgentName, env: BatchEnv, run: Path | None, seed: int
) -> Callable[[Floats], Floats]:
    if name == "zero":
        return zero_agent(env.observation_space.shape[0], env.robot.num_joints)  # pyright: ignore[reportOptionalSubscript]
    if name == "random":
        env.action_space.seed(seed)
        return lambda obs: np.stack([env.action_space.sample() for _ in obs])
    if run is None:
        msg = "a trained agent needs --run, the directory that `train` wrote"
        raise ValueError(msg)
    return Agent(load_network(RunDir(run).refiner))
