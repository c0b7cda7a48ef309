"""Other worlds: what is drawn anew for each episode, and what disturbs it.

Ranges are SUGAR's (arXiv 2605.20373, table of randomisation). The physics is changed
through the batch's per-simulation model fields, so that every simulation has a world
of its own.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from assets.scene import OBJECT_BODY
from envs.scene import Scene
from envs.variants import Variants

_VELOCITY_STAGE = mujoco.mjtStage.mjSTAGE_VEL

Floats = NDArray[np.floating]
Range = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Randomization:
    """Ranges of a world; a range of one value, or zeros, switches its row off.

    | field | unit | meaning |
    |---|---|---|
    | robot_friction | – | sliding friction of every geom of the robot |
    | object_friction | – | of the object |
    | object_mass | – | factor, drawn log-uniformly; inertia follows |
    | joint_offset | rad | half width of what every joint target is off by |
    | torso_com | m | half widths of the torso's shifted centre of mass |
    | push_every | s | time between pushes of the robot |
    | push_lin, push_ang | m/s, rad/s | half widths of the root's velocity change |
    | object_push_lin, object_push_ang | m/s, rad/s | of the object's, in contact only |
    | action_delay | s | longest time from a target's choice to its effect |
    """

    robot_friction: Range = (0.3, 1.6)
    object_friction: Range = (0.2, 0.8)
    object_mass: Range = (0.5, 2.0)
    joint_offset: float = 0.01
    torso_com: tuple[float, float, float] = (0.025, 0.05, 0.05)
    push_every: Range = (1.5, 3.0)
    push_lin: tuple[float, float, float] = (0.3, 0.3, 0.15)
    push_ang: tuple[float, float, float] = (0.3, 0.3, 0.5)
    object_push_lin: float = 0.5
    object_push_ang: float = 1.0
    action_delay: float = 0.0

    def validate(self) -> None:
        """Raise ValueError in one line that names the first range without sense."""
        for name in ("robot_friction", "object_friction", "object_mass", "push_every"):
            low, high = getattr(self, name)
            if not 0.0 < low <= high:
                msg = f"randomisation: {name} is {low:g} to {high:g}, expected 0 < low"
                raise ValueError(f"{msg} <= high")
        if not 0.0 <= self.action_delay <= 0.015:
            msg = f"randomisation: action_delay is {self.action_delay:g} s, "
            raise ValueError(msg + "expected 0 to 0.015, within a control period")


class Randomizer:
    """Draws worlds for a batch and pushes what moves in them."""

    def __init__(
        self, scene: Scene, batch: Batch, variants: Variants, settings: Randomization
    ) -> None:
        settings.validate()
        self.settings, self.batch = settings, batch
        model = scene.model
        self._object = model.body(OBJECT_BODY).id
        self._torso = model.body(scene.robot.anchor_body).id
        root = model.body(scene.robot.root_body).id
        of_robot = model.body_rootid[model.geom_bodyid] == model.body_rootid[root]
        self._robot_geoms = np.flatnonzero(of_robot)
        self._object_geoms = np.flatnonzero(model.geom_bodyid == self._object)
        self._friction = batch.expand("geom_friction")
        self._mass = batch.expand("body_mass")
        self._inertia = batch.expand("body_inertia")
        self._com = batch.expand("body_ipos")
        self._nominal_com = model.body_ipos[self._torso].copy()
        bodies = [(m.body_mass, m.body_inertia) for m in variants.models]
        self._nominal_mass = np.array([mass[self._object] for mass, _ in bodies])
        self._nominal_inertia = np.array([i[self._object] for _, i in bodies])
        self._of_clip = variants.of_clip
        self._qvel = batch.bind("qvel")
        count, period = batch.nsim, model.opt.timestep
        self.joint_offset = np.zeros((count, scene.num_joints), np.float32)
        self.delay = np.zeros(count, np.int64)
        self._slowest = round(settings.action_delay / period)
        self._next_push = np.zeros(count)

    def draw(
        self,
        ids: NDArray[np.integer],
        clips: NDArray[np.integer],
        rng: np.random.Generator,
    ) -> None:
        """A new world for each of the simulations `ids`, with its clip's object."""
        s, count = self.settings, len(ids)
        robot = rng.uniform(*s.robot_friction, (count, 1))
        self._friction[ids[:, None], self._robot_geoms, 0] = robot
        own = rng.uniform(*s.object_friction, (count, 1))
        self._friction[ids[:, None], self._object_geoms, 0] = own
        low, high = np.log(s.object_mass)
        factor = np.exp(rng.uniform(low, high, count))
        which = self._of_clip[clips]
        self._mass[ids, self._object] = factor * self._nominal_mass[which]
        inertia = factor[:, None] * self._nominal_inertia[which]
        self._inertia[ids, self._object] = inertia
        shift = rng.uniform(-1.0, 1.0, (count, 3)) * s.torso_com
        self._com[ids, self._torso] = self._nominal_com + shift
        self.batch.set_const(ids)
        self.joint_offset[ids] = rng.uniform(
            -s.joint_offset, s.joint_offset, (count, self.joint_offset.shape[1])
        )
        self.delay[ids] = rng.integers(0, self._slowest + 1, count)
        self._next_push[ids] = rng.uniform(*s.push_every, count)

    def push(
        self, seconds: Floats, touched: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Push robots that are due, and their objects if `touched (N,)`.

        `seconds (N,)` is the time since each episode began. Returns the simulations
        that were pushed; their velocities differ from what was measured.
        """
        s = self.settings
        ids = np.flatnonzero(seconds >= self._next_push)
        if not len(ids):
            return ids
        half = np.concatenate([s.push_lin, s.push_ang])
        self._qvel[ids, :6] += rng.uniform(-half, half, (len(ids), 6))
        held = ids[touched[ids]]
        half = np.repeat([s.object_push_lin, s.object_push_ang], 3)
        self._qvel[held, -6:] += rng.uniform(-half, half, (len(held), 6))
        self._next_push[ids] = seconds[ids] + rng.uniform(*s.push_every, len(ids))
        self.batch.forward(ids, stage=_VELOCITY_STAGE)
        return ids

    def simulate(self, ctrl: Floats, targets: Floats, substeps: int) -> None:
        """Physics of one control period; targets `(N, J)` [rad] come off and late.

        `ctrl (N, J)` is the batch's, with the targets of the period before.
        """
        targets = targets + self.joint_offset
        before, slowest = np.array(ctrl), int(self.delay.max(initial=0))
        for substep in range(slowest):
            ctrl[:] = np.where((self.delay <= substep)[:, None], targets, before)
            self.batch.step()
        ctrl[:] = targets
        self.batch.step(nstep=substeps - slowest, stage=_VELOCITY_STAGE)
