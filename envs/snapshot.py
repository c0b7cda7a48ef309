"""A batch of simulations frozen in mid-flight, so that a resumed run does the same."""

from __future__ import annotations

import dataclasses
import json

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.batch_env import BatchEnv
from envs.quantities import Motion

_OWN = ("clip", "time", "last_action", "sent")
_EPISODES = ("begun", "earned")
_PHYSICS = ("qpos", "qvel", "ctrl", "qacc_warmstart")
_WORLD = "_friction _mass _inertia _com joint_offset delay _next_push".split()
_NOW = tuple(field.name for field in dataclasses.fields(Motion))


def snapshot(env: BatchEnv) -> dict[str, NDArray]:
    """Arrays from which `resume` goes on with the very same steps."""
    state = {name: getattr(env, name) for name in _OWN}
    state |= {name: getattr(env.episodes, name) for name in _EPISODES}
    state["air"] = env.comparison.air
    state |= {f"batch_{name}": np.array(env.batch.bind(name)) for name in _PHYSICS}
    state |= {f"now_{name}": getattr(env.now, name) for name in _NOW}
    if env.world is not None:
        state |= {f"world_{n}": np.array(getattr(env.world, n)) for n in _WORLD}
    state |= {f"pool_{name}": array for name, array in env.pool.past().items()}
    state["rng"] = np.array(json.dumps(env.rng.bit_generator.state))
    return state


def fits(env: BatchEnv, state: dict[str, NDArray]) -> bool:
    """Whether a snapshot is of simulations as many, as random and as well remembered.

    One of a run that did not yet write its pool has no past to go on from.
    """
    needed = {*_OWN, *_EPISODES, "air"} | {f"pool_{name}" for name in env.pool.past()}
    if env.world is not None:
        needed |= {f"world_{name}" for name in _WORLD}
    return needed <= set(state) and len(state["clip"]) == env.num_envs


def resume(env: BatchEnv, state: dict[str, NDArray]) -> None:
    """Put every simulation back to where `snapshot` found it."""
    everyone = np.arange(env.num_envs)
    for name in _OWN:
        setattr(env, name, state[name].copy())
    for name in _EPISODES:
        getattr(env.episodes, name)[:] = state[name]
    env.comparison.air[:] = state["air"]
    env.variants.assign(everyone, env.clip)
    if env.world is not None:
        for name in _WORLD:
            getattr(env.world, name)[:] = state[f"world_{name}"]
        env.batch.set_const(everyone)
    for name in _PHYSICS:
        env.batch.bind(name)[:] = state[f"batch_{name}"]
    env.batch.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)
    env.now = Motion(**{name: state[f"now_{name}"].copy() for name in _NOW})
    env.pool.restore_past({name: state[f"pool_{name}"] for name in env.pool.past()})
    env.rng.bit_generator.state = json.loads(str(state["rng"]))
