"""One scene, many objects: each simulation has the object of the clip that it follows.

Objects of one shape differ in size, mass and friction, which changes numbers of the
model but none of its structure. The fields in which the clips' models differ become
per-simulation fields of the batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import mujoco
import numpy as np
from mujoco.batch import MODEL_FIELDS, Batch
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from envs.scene import Scene, build_scene
from envs.task import Task
from perception.prior import Prior

Ids = NDArray[np.integer]


def objects_of(task: Task, priors: Sequence[Prior]) -> list[ObjectSpec]:
    """The task's object with each prior's size, mass and friction.

    Raises ValueError if there are no priors, or for an object of another shape.
    """
    if not priors:
        msg = "no priors; make some with `priors FOLDER --out DIR`"
        raise ValueError(msg)
    for prior in priors:
        if prior.object.shape != task.object.shape:
            msg = f"prior '{prior.name}': its object is a {prior.object.shape}, "
            raise ValueError(msg + f"{task.name} handles a {task.object.shape}")
    told = ("size", "mass", "friction")
    return [
        dataclasses.replace(task.object, **{n: getattr(prior.object, n) for n in told})
        for prior in priors
    ]


def task_scene(task: Task, robot: RobotSpec, obj: ObjectSpec) -> Scene:
    """The task's scene around one of its objects."""
    return build_scene(
        robot,
        obj,
        task.contact_names,
        joined=task.joined,
        allowed=task.allowed,
        keep_off=task.keep_off,
        slides=task.what.slides,
    )


class Variants:
    """The objects of the clips, and their models' values in the batch's simulations.

    `models` has one compiled scene for each distinct object, `objects` their specs;
    `of_clip (K,)` says which of them a clip has.
    """

    def __init__(
        self,
        batch: Batch,
        objects: Sequence[ObjectSpec],
        models: Sequence[mujoco.MjModel],
        of_clip: Ids,
    ) -> None:
        self.objects, self.models = tuple(objects), tuple(models)
        self.of_clip = of_clip
        self._fields = {name: batch.expand(name) for name in _differing(self.models)}
        self._values = {
            name: np.stack([getattr(m, name)[: field.shape[1]] for m in self.models])
            for name, field in self._fields.items()
        }

    def assign(self, ids: Ids, clips: Ids) -> None:
        """Give simulations `ids` the objects of `clips`, both `(n,)`."""
        which = self.of_clip[clips]
        for name, field in self._fields.items():
            field[ids] = self._values[name][which]

    def sizes(self, clips: Ids) -> NDArray[np.float64]:
        """Sizes `(n, 3)` [m] of the objects of `clips (n,)`."""
        return np.array([obj.size for obj in self.objects])[self.of_clip[clips]]

    def object(self, clip: int | np.integer) -> ObjectSpec:
        """The object of a clip."""
        return self.objects[self.of_clip[clip]]

    def model(self, clip: int | np.integer) -> mujoco.MjModel:
        """The scene with a clip's object, for rendering or a simulation of its own."""
        return self.models[self.of_clip[clip]]


def distinct(objects: Sequence[ObjectSpec]) -> tuple[list[ObjectSpec], Ids]:
    """The objects without their repeats, and the index of each in that list."""
    kinds = list(dict.fromkeys(objects))
    return kinds, np.array([kinds.index(one) for one in objects])


def _differing(models: Sequence[mujoco.MjModel]) -> list[str]:
    """Names of the model fields whose numbers are not the same in all models."""
    return [
        name
        for name in sorted(MODEL_FIELDS)
        if isinstance(first := getattr(models[0], name, None), np.ndarray)
        and any(not np.array_equal(first, getattr(m, name)) for m in models[1:])
    ]
