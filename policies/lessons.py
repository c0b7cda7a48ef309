"""What a refiner can teach: the clips that it follows, and the states it reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from envs.episodes import COMPLETE
from envs.task import Task
from perception.prior import Prior
from policies.refiner import Agent
from policies.rollouts import roll_refiner
from policies.run_dir import load_arrays

POOL = ("qpos", "qvel", "last_action", "flagged")
"""The state pool's arrays with a row for each frame of the reference."""


def followed(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    teacher: Agent,
    trials: int,
    *,
    seed: int,
    options: Mapping[str, Any],
) -> list[int]:
    """Indices of the clips that the refiner followed to the end, once in `trials`.

    Only those are worth imitating (SUGAR, section 3.3). Without trials, all of them.
    Raises ValueError if it follows none. `options` are those of `roll_refiner`.
    """
    if trials < 1:
        return list(range(len(priors)))
    rolled = roll_refiner(
        *(task, robot, priors, teacher),
        episodes=trials * len(priors),
        seed=seed,
        options=options,
    )
    done = {attempt.clip for attempt in rolled if attempt.ended == COMPLETE}
    if not done:
        msg = f"the refiner follows none of its {len(priors)} clips to the end in "
        raise ValueError(msg + f"{trials} trials each; train it longer")
    return [index for index, prior in enumerate(priors) if prior.name in done]


def pool_of_clips(
    progress: Path, lengths: Sequence[int], kept: Sequence[int]
) -> dict[str, NDArray]:
    """The state pool of a checkpoint, its rows cut down to the clips `kept`.

    `lengths` has each clip's rows, in the order of training. Raises ValueError if the
    checkpoint has other rows.
    """
    arrays, ends = load_arrays(progress), np.cumsum(lengths)
    rows = np.concatenate([np.arange(ends[k] - lengths[k], ends[k]) for k in kept])
    pool = {name: arrays[f"pool_{name}"] for name in POOL}
    if len(pool["qpos"]) != ends[-1]:
        msg = f"{progress}: has states of {len(pool['qpos'])} frames, the run's clips "
        raise ValueError(msg + f"have {ends[-1]}; train it again")
    return {name: array[rows] for name, array in pool.items()}
