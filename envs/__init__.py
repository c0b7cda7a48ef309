"""Prior to physics task: scene, batched stepping, observations, rewards, state pool.

`register()` makes every task known to Gymnasium as `sugarmill/NAME-v0`; `make_vec`
builds the vector environment that training uses. Both import physics when called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envs.batch_env import BatchEnv


def register() -> None:
    """Register every task with Gymnasium; safe to call twice."""
    import gymnasium

    from envs.tasks import TASKS

    for task in TASKS.values():
        name = f"sugarmill/{task.title}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="envs.gym_env:TaskEnv",
                kwargs={"task": task.name},
            )


def make_vec(
    task: str, num_envs: int, threads: int = 0, *, priors: Path | None = None
) -> BatchEnv:
    """The vector environment of a task; its `.batch` is MuJoCo's.

    `threads` 0 takes every core; `priors` is a folder, by default the shipped one.
    """
    from assets.g1.spec import g1
    from envs.batch_env import BatchEnv
    from envs.gym_env import PRIORS
    from envs.tasks import task_by_name
    from perception.prior import Prior

    folder = priors or PRIORS / task.replace("-", "_")
    clips = [Prior.load(path) for path in sorted(folder.glob("*.prior.npz"))]
    return BatchEnv(task_by_name(task), g1(), clips, num_envs, threads=threads)
