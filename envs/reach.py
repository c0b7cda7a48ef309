"""Reach: hands and feet go to where the object is, not to where the prior had it.

A spring pulls each contact body towards the place on the object that it has in the
prior, for as long as it should touch it, and ever harder on the way there. Its force
acts through the transposed Jacobian of the limb's own joints, as in `envs.balance`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.scene import OBJECT_BODY
from envs.scene import Scene

if TYPE_CHECKING:
    from envs.quantities import Motion

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Reach:
    """The spring of a contact body, in N/m, N·s/m and N, and its seconds of ramp."""

    spring: float = 400.0
    damper: float = 15.0
    limit: float = 60.0
    before: float = 0.8
    after: float = 0.4

    def weight(self, contact: Floats, dt: float) -> Floats:
        """1 in contact, rising before and falling after it, `(T, C)` as `contact`."""
        frames = np.arange(len(contact))
        weight = np.zeros(contact.shape)
        for c, column in enumerate(contact.T):
            on = np.flatnonzero(column > 0.0)
            if len(on):
                late = (frames[:, None] - on) * dt
                ramp = np.where(late < 0, 1 + late / self.before, 1 - late / self.after)
                weight[:, c] = np.clip(ramp.max(axis=1), 0.0, 1.0)
        return weight


@dataclasses.dataclass(frozen=True)
class ReachTable:
    """What the prior's contact bodies do, stacked over frames: S rows, C limbs.

    | field | shape | unit | frame |
    |---|---|---|---|
    | body | (C,) | index | of the limb among the tracked bodies |
    | point_b | (C, 3) | m | the limb's middle, in its body |
    | joints | (S, C, J, 3) | rad/N | joint offsets for a unit force, world |
    | goal_o | (S, C, 3) | m | the limb's place, in the object |
    | velocity | (S, C, 3) | m/s | world |
    | weight | (S, C) | 0 to 1 | |
    """

    body: NDArray[np.intp]
    point_b: Floats
    joints: Floats
    goal_o: Floats
    velocity: Floats
    weight: Floats


class Limbs:
    """The contact bodies that have joints of their own: the pelvis has none."""

    def __init__(self, scene: Scene) -> None:
        model, robot = scene.model, scene.robot
        self._model, self._joints = model, scene.num_joints
        bodies = [robot.contact_bodies[name] for name in scene.contact_names]
        self.columns = [i for i, name in enumerate(bodies) if name != robot.root_body]
        """Their columns among the contact labels."""
        names = [bodies[i] for i in self.columns]
        self.tracked = np.array([robot.tracked_bodies.index(n) for n in names], int)
        self._bodies = [model.body(name).id for name in names]
        self._own = [_own_joints(scene, limb) for limb in self._bodies]
        middles = [_middle(model, limb) for limb in self._bodies]
        self.point_b = np.array(middles, np.float32).reshape(-1, 3)
        self._object = model.body(OBJECT_BODY).id
        self._kp = robot.array("kp")

    def follow(self, data: mujoco.MjData) -> tuple[Floats, Floats, Floats]:
        """`joints (C, J, 3)`, `goal_o (C, 3)`, `velocity (C, 3)` of `ReachTable`.

        `data` holds the prior's state, its positions and velocities propagated.
        """
        count = len(self._bodies)
        joints = np.zeros((count, self._joints, 3), np.float32)
        goal, velocity = np.zeros((2, count, 3), np.float32)
        jac = np.zeros((3, self._model.nv))
        to_object = data.xmat[self._object].reshape(3, 3)
        for c, limb in enumerate(self._bodies):
            own = self._own[c]
            at = data.xpos[limb] + data.xmat[limb].reshape(3, 3) @ self.point_b[c]
            mujoco.mj_jac(self._model, data, jac, None, at, limb)
            joints[c, own] = jac[:, 6:][:, own].T / self._kp[own, None]
            goal[c] = (at - data.xpos[self._object]) @ to_object
            velocity[c] = jac @ data.qvel
        return joints, goal, velocity


def reach_offset(
    law: Reach, table: ReachTable, rows: NDArray[np.integer], now: Motion
) -> Floats:
    """Joint offsets `(N, J)` [rad] for simulations at reference `rows (N,)`."""
    quat = now.body_quat[:, table.body]
    arm = rotations.rotate(quat, np.broadcast_to(table.point_b, (*quat.shape[:2], 3)))
    at = now.body_pos[:, table.body] + arm
    speed = now.body_lin_vel[:, table.body]
    speed = speed + np.cross(now.body_ang_vel[:, table.body], arm)
    goal = rotations.rotate(now.object_quat[:, None], table.goal_o[rows])
    goal = goal + now.object_pos[:, None]
    force = law.spring * (goal - at) + law.damper * (table.velocity[rows] - speed)
    force = np.clip(force, -law.limit, law.limit) * table.weight[rows][..., None]
    return np.einsum("ncjk,nck->nj", table.joints[rows], force, dtype=np.float32)


def _own_joints(scene: Scene, limb: int) -> list[int]:
    """Joints that move this contact body and no other one."""
    model, robot = scene.model, scene.robot
    others = {model.body(name).id for name in robot.contact_bodies.values()}
    others -= {limb, model.body(robot.root_body).id}
    own = []
    for index, name in enumerate(robot.joint_names):
        joint_body = int(model.jnt_bodyid[model.joint(name).id])
        if joint_body in _ancestors(model, limb) and not any(
            joint_body in _ancestors(model, other) for other in others
        ):
            own.append(index)
    return own


def _ancestors(model: mujoco.MjModel, body: int) -> set[int]:
    """A body and all that carry it."""
    found = set()
    while body > 0:
        found.add(body)
        body = int(model.body_parentid[body])
    return found


def _middle(model: mujoco.MjModel, body: int) -> Floats:
    """Middle of a body's solid geoms, in its own frame [m]."""
    solid = (model.geom_bodyid == body) & (model.geom_contype > 0)
    return model.geom_pos[solid].mean(axis=0)
