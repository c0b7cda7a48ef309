"""Virtual assistance: a spring and damper that help the object along its reference.

ResMimic eases learning with forces on the object that fade away. They
belong to training alone: no environment knows of them, a callback of training lays
them on the batch, and an evaluation is a batch that nobody helps.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.scene import OBJECT_BODY
from envs.batch_env import BatchEnv

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class AssistanceSettings:
    """How stiffly the object is led, and how the help fades.

    | field | unit | meaning |
    |---|---|---|
    | frequency | rad/s | of the critically damped spring |
    | most | m/s² | largest linear acceleration it gives |
    | level | – | completion above which it fades |
    | step | – | what it loses an iteration while completion is above the level |
    | until | – | share of the training's steps at which it ends at the latest |
    """

    frequency: float = 8.0
    most: float = 15.0
    level: float = 0.5
    step: float = 0.05
    until: float = 0.5


class Assistance:
    """Leads the objects of a `BatchEnv` with a strength from 1 to 0."""

    def __init__(self, env: BatchEnv, settings: AssistanceSettings) -> None:
        self.env, self.settings = env, settings
        self.strength = 1.0
        model = env.scene.model
        self._body = model.body(OBJECT_BODY).id
        self._turn = model.body_iquat[self._body].copy()
        self._wrench = env.batch.bind("xfrc_applied")

    def fade(self, completion: float, progress: float) -> None:
        """Weaken by what was learnt: both are shares, of episodes and of all steps.

        The strength never grows; it is 0 from `until` on.
        """
        if completion >= self.settings.level:
            self.strength = max(self.strength - self.settings.step, 0.0)
        left = 1.0 - progress / self.settings.until
        self.strength = float(min(self.strength, max(left, 0.0)))

    def apply(self) -> None:
        """Lay the wrench for the coming control period on every object."""
        self._wrench[:, self._body] = self.strength * self.wrench()

    def wrench(self) -> Floats:
        """Force [N] and torque [N·m] at full strength `(N, 6)`, world.

        It accelerates the object as a critically damped spring to the next frame.
        """
        env, now, s = self.env, self.env.now, self.settings
        ref = env.reference.frames
        rows = env.reference.rows(env.clip, env.time, 1)
        error = ref.object_pos[rows] - now.object_pos
        turn = rotations.difference(ref.object_quat[rows], now.object_quat)
        linear = _spring(error, ref.object_lin_vel[rows] - now.object_lin_vel, s)
        angular = _spring(turn, ref.object_ang_vel[rows] - now.object_ang_vel, s)
        size = np.linalg.norm(linear, axis=1, keepdims=True)
        linear *= np.minimum(1.0, s.most / np.maximum(size, 1e-9))
        mass, inertia = self._field("body_mass"), self._field("body_inertia")
        frame = rotations.multiply(now.object_quat, self._turn)
        torque = rotations.rotate(
            frame, inertia * rotations.rotate_inverse(frame, angular)
        )
        return np.concatenate([np.reshape(mass, (-1, 1)) * linear, torque], axis=1)

    def _field(self, name: str) -> Floats:
        """The object's own of a model field, each simulation's where they differ."""
        each = self.env.batch.expanded(name)
        model: mujoco.MjModel = self.env.scene.model
        return getattr(model, name)[self._body] if each is None else each[:, self._body]


def _spring(error: Floats, speed: Floats, settings: AssistanceSettings) -> Floats:
    """Acceleration `(N, 3)` that closes an error, critically damped."""
    return settings.frequency**2 * error + 2.0 * settings.frequency * speed
