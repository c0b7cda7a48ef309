"""The shipped refiners in physics: `python -m benchmarks.skill_pictures`.

A row for each task: one clip that ships, followed without noise in MuJoCo, from the
first frame over the touch to the end. Nothing here is a prior's pose. A refiner that
does not follow that clip to its end is named and has no row.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import tyro
from numpy.typing import NDArray

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.render import render_motion
from envs.tasks import task_by_name
from perception.prior import Prior
from policies.clips import task_priors
from policies.play import default_priors
from policies.refiner import Agent, load_network
from policies.rollouts import FROM_START
from policies.run_dir import RunDir
from policies.stages import rollout_qpos
from policies.subject import switches

ROOT = Path(__file__).parents[1]
REFINERS = ROOT / "assets" / "refiners"
CELL = (300, 225)
WORDS = cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1
Image = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Which episode, and where the picture goes."""

    seed: int = 0
    out: Path = ROOT / "docs" / "skills.jpg"


def main(settings: Settings) -> None:
    """Draw a row for each refiner that gets there and write the picture."""
    runs = [RunDir(path) for path in sorted(REFINERS.iterdir())]
    found = [_row(run, settings.seed) for run in runs]
    rows = [row for row in found if row is not None]
    cv2.imwrite(str(settings.out), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(settings.out)


def _row(run: RunDir, seed: int) -> Image | None:
    """Five moments of one episode, with the task's name and seconds; BGR.

    None where the episode ends before its clip.
    """
    config = run.read_config()
    task = task_by_name(config["task"])
    prior = task_priors(default_priors(task.name), task.name)[0]
    env = BatchEnv(
        *(task, g1(), [prior], 1),
        threads=1,
        seed=seed,
        pool=FROM_START,
        **switches(config),
    )
    states, _ = rollout_qpos(env, Agent(load_network(run.refiner)))
    if len(states) < prior.num_frames:
        late = f"{len(states) * task.dt:.1f} of {prior.num_frames * task.dt:.1f} s"
        print(f"{task.name}: no row, its episode ends after {late} of {prior.name}")
        return None
    cells = []
    for frame in moments(prior, len(states)):
        model, state = env.variants.model(0), states[frame : frame + 1]
        cell = next(render_motion(model, state, size=CELL))[..., ::-1].copy()
        cv2.putText(cell, f"{frame * task.dt:.1f} s", (8, CELL[1] - 10), *WORDS)
        cells.append(cell)
    cv2.putText(cells[0], task.name, (8, 20), *WORDS)
    return np.hstack(cells)


def moments(prior: Prior, length: int) -> list[int]:
    """Five frames: the first, on the way, as touch begins, in its middle, the last.

    `length` is how many frames the episode lasted; none is beyond it.
    """
    touch = np.flatnonzero(prior.contact.any(axis=1))
    begin, end = int(touch[0]), int(touch[-1])
    wanted = [0, begin // 2, begin, (begin + end) // 2, prior.num_frames - 1]
    return [min(frame, length - 1) for frame in wanted]


if __name__ == "__main__":
    main(tyro.cli(Settings))
