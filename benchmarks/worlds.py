"""Worlds with one thing changed: object's mass, friction or size, or pushes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.batch_env import BatchEnv
from envs.randomize import Randomization, Randomizer
from perception.prior import Prior

Floats = NDArray[np.floating]

PUSH_EVERY = (1.5, 3.0)
"""Seconds between pushes, SUGAR's."""


@dataclasses.dataclass(frozen=True)
class Axis:
    """What is changed, to which values, and the value of training."""

    name: str
    title: str
    unit: str
    values: tuple[float, ...]
    trained: float


AXES = (
    Axis("mass", "object's mass, factor", "", (0.5, 0.7, 1.0, 1.4, 2.0), 1.0),
    Axis("friction", "friction, object and hands", "", (0.3, 0.5, 0.7, 0.9, 1.2), 1.2),
    Axis("size", "object's size, factor", "", (0.8, 0.9, 1.0, 1.1, 1.2), 1.0),
    Axis("push", "pushes of the robot", "m/s", (0.0, 0.15, 0.3, 0.45, 0.6), 0.0),
)


@dataclasses.dataclass(frozen=True)
class World:
    """How a world differs from the one of training.

    | field | unit | meaning |
    |---|---|---|
    | mass, size | – | factors on the object's |
    | friction | – | sliding, of the object and of the hands on it; None: as is |
    | push | m/s | what a push adds to the robot's speed, to a random side |
    """

    mass: float = 1.0
    friction: float | None = None
    size: float = 1.0
    push: float = 0.0


class FixedWorld(Randomizer):
    """The same world in every episode, through the batch's per-simulation fields."""

    def __init__(self, env: BatchEnv, world: World) -> None:
        settings = Randomization(push_every=PUSH_EVERY, joint_offset=0.0)
        super().__init__(env.scene, env.batch, env.variants, settings)
        self.world = world
        model, robot = env.scene.model, env.robot
        names = (n for n in robot.contact_bodies if n.endswith("hand"))
        hands = [model.body(robot.contact_bodies[name]).id for name in names]
        of_hands = np.flatnonzero(np.isin(model.geom_bodyid, hands))
        self._touching = np.concatenate([self._object_geoms, of_hands])

    def draw(
        self,
        ids: NDArray[np.integer],
        clips: NDArray[np.integer],
        rng: np.random.Generator,
    ) -> None:
        """Put this world into simulations `ids`, with their clips' objects."""
        which, world = self._of_clip[clips], self.world
        self._mass[ids, self._object] = world.mass * self._nominal_mass[which]
        self._inertia[ids, self._object] = world.mass * self._nominal_inertia[which]
        if world.friction is not None:
            self._friction[ids[:, None], self._touching, 0] = world.friction
        self.batch.set_const(ids)
        self._next_push[ids] = rng.uniform(*PUSH_EVERY, len(ids))

    def push(
        self, seconds: Floats, touched: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Push the robots that are due, all equally hard."""
        ids = np.flatnonzero(seconds >= self._next_push)
        if not len(ids) or self.world.push == 0.0:
            return ids[:0]
        side = rng.uniform(-np.pi, np.pi, len(ids))
        way = np.stack([np.cos(side), np.sin(side)], axis=1)
        self._qvel[ids, :2] += self.world.push * way
        self._next_push[ids] = seconds[ids] + rng.uniform(*PUSH_EVERY, len(ids))
        self.batch.forward(ids)
        return ids


def prepared(world: World) -> Callable[[BatchEnv], None]:
    """What puts `world` into a new environment."""

    def prepare(env: BatchEnv) -> None:
        env.world = FixedWorld(env, world)

    return prepare


def resized(prior: Prior, factor: float) -> Prior:
    """The prior with its object larger or smaller, its lowest point where it was."""
    size = tuple(factor * side for side in prior.object.size)
    obj = dataclasses.replace(prior.object, size=size)
    grown = factor - 1.0
    return dataclasses.replace(
        prior,
        object=obj,
        object_pos_w=prior.object_pos_w + _up(grown, prior, prior.object_quat_w),
        goal_pos_w=prior.goal_pos_w + _up(grown, prior, prior.goal_quat_w),
    )


def _up(grown: float, prior: Prior, quat: Floats) -> Floats:
    """How far `(..., 3)` the centre rises as the object grows."""
    half = np.asarray(prior.object.half_size)
    extent = np.abs(rotations.to_matrix(quat)[..., 2, :]) @ half
    return (grown * extent)[..., None] * np.array([0.0, 0.0, 1.0])
