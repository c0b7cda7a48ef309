"""Where bodies are, and what moves them, in many configurations at once.

MuJoCo finds the places, frame by frame; every derivative after that is one array
operation over all frames.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

_NEXT, _AFTER = [1, 2, 0], [2, 0, 1]


@dataclasses.dataclass(frozen=True)
class Kinematics:
    """A model in `T` configurations.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | pos, quat | (T, B, 3), (T, B, 4) | m, wxyz | bodies in the world |
    | geom_pos, geom_mat | (T, G, 3), (T, G, 3, 3) | m | geoms in the world |
    | com | (T, B, 3) | m | centre of mass of a body and all below it |
    | axes | (T, nv, 6) | | turn and shift per unit of speed, about its tree's `com` |
    | moves | (B, nv) | bool | whether a degree of freedom moves a body |
    """

    model: mujoco.MjModel
    pos: Floats
    quat: Floats
    geom_pos: Floats
    geom_mat: Floats
    com: Floats
    axes: Floats
    moves: NDArray[np.bool_]

    def site(self, sites: list[int]) -> tuple[Floats, Floats]:
        """Places `(T, S, 3)` [m] and orientations `(T, S, 4)` of sites."""
        model = self.model
        bodies = model.site_bodyid[sites]
        quat = self.quat[:, bodies]
        way = rotations.rotate(quat, model.site_pos[sites])
        turned = rotations.multiply(quat, model.site_quat[sites])
        place = np.asarray(self.pos[:, bodies] + way, dtype=np.float64)
        return place, np.asarray(turned, dtype=np.float64)

    def jacobians(self, points_w: Floats, bodies: list[int]) -> Floats:
        """Shift, then turn, `(T, K, 6, nv)` of points `(T, K, 3)` fixed to bodies."""
        lever = points_w - self.com[:, self.model.body_rootid[bodies]]
        turn, shift = self.axes[:, None, :, :3], self.axes[:, None, :, 3:]
        moves = self.moves[bodies][None, :, None]
        out = np.empty((*points_w.shape[:2], 6, self.model.nv))
        out[:, :, :3] = np.moveaxis(shift + cross(turn, lever[:, :, None]), 3, 2)
        out[:, :, 3:] = np.moveaxis(turn, 3, 2)
        return np.multiply(out, moves, out=out)

    def com_jacobian(self, body: int) -> Floats:
        """How the centre of mass of a body and all below moves, `(T, 3, nv)`."""
        model = self.model
        below = subtree(model, body)[model.dof_bodyid]
        share = model.body_subtreemass[model.dof_bodyid] * below
        share = share / model.body_subtreemass[body]
        about = self.com[:, model.body_rootid[model.dof_bodyid]]
        lever = self.com[:, model.dof_bodyid] - about
        moved = self.axes[..., 3:] + cross(self.axes[..., :3], lever)
        return np.swapaxes(share[:, None] * moved, 1, 2)

    def effect(
        self,
        frame: Ints,
        body: Ints,
        points_w: Floats,
        forces_w: Floats,
        dofs: Ints | slice = slice(None),
    ) -> Floats:
        """Generalised forces `(N, nv)` of forces `(N, 3)` [N] at points of bodies.

        Or `(N, D)` of some `dofs (D,)` alone.
        """
        lever = points_w - self.com[frame, self.model.body_rootid[body]]
        wrench = np.concatenate([cross(lever, forces_w), forces_w], axis=1)
        pushed = (self.axes[:, dofs][frame] @ wrench[..., None])[..., 0]
        return pushed * self.moves[:, dofs][body]


def kinematics(model: mujoco.MjModel, qpos: Floats) -> Kinematics:
    """The model in configurations `(T, nq)`."""
    data = mujoco.MjData(model)
    count = len(qpos)
    views = (
        data.xpos,
        data.xquat,
        data.geom_xpos,
        data.geom_xmat,
        data.subtree_com,
        data.cdof,
    )
    found = [np.empty((count, *view.shape)) for view in views]
    for t in range(count):
        data.qpos[:] = qpos[t]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        for out, view in zip(found, views, strict=True):
            out[t] = view
    pos, quat, geom_pos, geom_mat, com, axes = found
    turned = geom_mat.reshape(count, -1, 3, 3)
    moves = movers(model)
    return Kinematics(model, pos, quat, geom_pos, turned, com, axes, moves)


def movers(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Whether a degree of freedom moves a body, `(B, nv)`."""
    below = np.stack([subtree(model, body) for body in range(model.nbody)])
    return below[model.dof_bodyid].T


def subtree(model: mujoco.MjModel, body: int) -> NDArray[np.bool_]:
    """Which bodies `(B,)` are this one or hang below it."""
    below = np.zeros(model.nbody, bool)
    below[body] = True
    for other in range(body + 1, model.nbody):  # parents come before their children
        below[other] = below[model.body_parentid[other]]
    return below


def cross(u: Floats, v: Floats) -> Floats:
    """Cross product `(..., 3)`, without the overhead of `np.cross`."""
    turned = u[..., _NEXT] * v[..., _AFTER] - u[..., _AFTER] * v[..., _NEXT]
    return np.asarray(turned, dtype=np.float64)
