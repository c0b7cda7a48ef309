"""Balance: what the standing feet do at once when the body is not where it should be.

Virtual model control (Pratt et al., Int. J. Robotics Research 20(2), 2001): springs
and dampers between the robot's root and the prior's ask for a wrench; the feet that
stand give it, and the transposed Jacobian says which joint torques press them so.
Feed-forward is the prior's own dynamics, this is its stabiliser, and learning adds what
both miss.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.scene import Scene

Floats = NDArray[np.floating]

STANDING = 0.02
"""Height [m] below which a point of the prior's sole bears weight."""
SOFT = 1e-3
"""What a narrow foot gives up of a moment rather than push its points apart [m²]."""


@dataclasses.dataclass(frozen=True)
class Balance:
    """Springs and dampers of the root: along x, y, z, and about x, y, z, world frame.

    Found by random search for the longest walk without any learning, from noisy
    starts of kicks and carries (0.9 s without, 7.6 s with): stiff against height and
    tilt, soft but damped along the floor, where only the next step can help.

    | field | unit |
    |---|---|
    | spring | N/m, N·m/rad |
    | damper | N·s/m, N·m·s/rad |
    | limit | N, N·m, of each component of the wrench |
    """

    spring: tuple[float, ...] = (150.0, 150.0, 4000.0, 1400.0, 1400.0, 33.0)
    damper: tuple[float, ...] = (350.0, 350.0, 7.0, 2.3, 2.3, 2.0)
    limit: float = 100.0

    def wrench(self, qpos: Floats, qvel: Floats, goal: tuple[Floats, Floats]) -> Floats:
        """Wrench `(N, 6)` [N, N·m] on roots at `qpos (N, 7+)`, `qvel (N, 6+)`.

        `goal` are the qpos and qvel that the prior has.
        """
        ref_pos, ref_vel = goal
        turn = rotations.multiply(ref_pos[:, 3:7], rotations.conjugate(qpos[:, 3:7]))
        pose = np.concatenate([ref_pos[:, :3] - qpos[:, :3], rotations.log(turn)], 1)
        speed = _twist(ref_pos, ref_vel) - _twist(qpos, qvel)
        wanted = pose * np.array(self.spring) + speed * np.array(self.damper)
        return np.clip(wanted, -self.limit, self.limit)


def balance_table(scene: Scene, qpos: Floats, soft: float = SOFT) -> Floats:
    """Joint offsets `(T, J, 6)` [rad] for a unit wrench at each state `(T, nq)`.

    Zero where no foot stands. Forces at the sole's points are those of least norm
    that give the wrench; whether friction and the foot's edges allow them is left to
    the limit of `Balance`.
    """
    model, joints = scene.model, scene.num_joints
    data = mujoco.MjData(model)
    root = model.body(scene.robot.root_body).id
    soles = _soles(scene)
    table = np.zeros((len(qpos), joints, 6), np.float32)
    for t in range(len(qpos)):
        data.qpos = qpos[t]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        jac = _standing(model, data, soles)
        base = jac[:, :6].T.copy()
        base[3:] = data.xmat[root].reshape(3, 3) @ base[3:]
        inverse = np.linalg.inv(base @ base.T + soft * np.eye(6))
        table[t] = -jac[:, 6 : 6 + joints].T @ base.T @ inverse
    return table / scene.robot.array("kp").astype(np.float32)[:, None]


def _twist(qpos: Floats, qvel: Floats) -> Floats:
    """Velocity and angular velocity `(N, 6)` of roots in the world frame."""
    return np.concatenate(
        [qvel[:, :3], rotations.rotate(qpos[:, 3:7], qvel[:, 3:6])], 1
    )


def _soles(scene: Scene) -> list[int]:
    """Geoms of the feet that touch the floor."""
    model = scene.model
    feet = [model.body(name).id for name in scene.feet]
    solid = np.flatnonzero(model.geom_contype > 0)
    return [int(g) for g in solid if model.geom_bodyid[g] in feet]


def _standing(model: mujoco.MjModel, data: mujoco.MjData, soles: list[int]) -> Floats:
    """Jacobians `(3 P, nv)` of the soles' points that bear weight."""
    found = [np.zeros((0, model.nv))]
    for geom in soles:
        centre = data.geom_xpos[geom]
        if centre[2] - model.geom_size[geom, 0] < STANDING:
            jac = np.zeros((3, model.nv))
            mujoco.mj_jac(model, data, jac, None, centre, model.geom_bodyid[geom])
            found.append(jac)
    return np.concatenate(found)
