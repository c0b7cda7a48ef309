"""The seven tasks in one picture, `docs/tasks.jpg`: `python -m benchmarks.pictures`.

Above, a rendered person; below, the robot's prior for the same performance, twice.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import tyro
from numpy.typing import NDArray

from assets.g1.spec import g1
from assets.scene import compile_scene
from envs.reference import generalized_motion
from envs.render import render_motion
from perception.prior import Prior
from perception.retargeting.retarget import retarget
from perception.studio.render import MOTIONS, Clip, make_clip

PICTURE = Path(__file__).parents[1] / "docs" / "tasks.jpg"
CELL = 240
Image = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Which performances."""

    seed: int = 30
    out: Path = PICTURE


def main(settings: Settings) -> None:
    """Draw a column for each task and write the picture."""
    columns = []
    for task in MOTIONS:
        clip = make_clip(task, settings.seed, size=(480, 480))
        prior = retarget(clip.truth(), clip.item, g1(), name=task, task=task, source={})
        columns.append(np.vstack([_person(clip), *_robot(prior)]))
    picture = np.ascontiguousarray(np.hstack(columns)[..., ::-1])
    for index, task in enumerate(MOTIONS):
        at = (8 + CELL * index, 18)
        cv2.putText(picture, task, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1)
    cv2.imwrite(str(settings.out), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(settings.out)


def _person(clip: Clip) -> Image:
    """The frame in the middle of the touch."""
    wanted = _middle(clip.motion.contact)
    for index, frame in enumerate(clip.frames()):
        if index == wanted:
            small = cv2.resize(frame, (CELL, CELL), interpolation=cv2.INTER_AREA)
            return np.asarray(small, np.uint8)
    msg = f"{clip.name}: has no frame {wanted}"
    raise ValueError(msg)


def _robot(prior: Prior) -> list[Image]:
    """The robot in the middle of the touch, and at the end."""
    model = compile_scene(g1(), prior.object)
    qpos, _ = generalized_motion(model, prior)
    rows = [_middle(prior.contact), len(qpos) - 1]
    return [
        next(render_motion(model, qpos[row : row + 1], size=(CELL, CELL)))
        for row in rows
    ]


def _middle(contact: NDArray[np.bool_]) -> int:
    """The middle of the frames in which any of the bodies `(T, C)` touches."""
    found = np.flatnonzero(np.any(contact, axis=1))
    return int(found[len(found) // 2])


if __name__ == "__main__":
    main(tyro.cli(Settings))
