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
from perception.retargeting.body import sole_points

Floats = NDArray[np.floating]

WEIGHT_FORCE = 1.0
"""Force [N] on the floor above which a foot counts as standing on it."""
SOFT = 1e-3
"""What a narrow foot gives up of a moment rather than push its points apart [m²]."""


@dataclasses.dataclass(frozen=True)
class Balance:
    """Springs and dampers of the root: along x, y, z, and about x, y, z, world frame.

    Found by random search for the fewest falls a second walked, without any learning,
    from noisy starts of kicks, carries and sits: stiff against height and tilt, soft
    but damped along the floor, where only the next step can help.

    | field | unit |
    |---|---|
    | spring | N/m, N·m/rad |
    | damper | N·s/m, N·m·s/rad |
    | limit | N, N·m, of each component of the wrench |
    """

    spring: tuple[float, ...] = (130.0, 130.0, 2600.0, 900.0, 900.0, 66.0)
    damper: tuple[float, ...] = (490.0, 490.0, 9.5, 1.3, 1.3, 2.3)
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


STANDING = 0.02
"""Height [m] below which a point of the prior's sole bears weight."""


@dataclasses.dataclass(frozen=True)
class Sole:
    """Where a foot's `body` touches the floor: points `(P, 3)` and `radius` [m]."""

    body: int
    points_b: Floats
    radius: float


class Soles:
    """What the feet of the prior can do, at the state of a `MjData` with positions."""

    def __init__(self, scene: Scene, soft: float = SOFT) -> None:
        self._model, self._joints, self._soft = scene.model, scene.num_joints, soft
        self._root = scene.model.body(scene.robot.root_body).id
        self.feet = [_sole(scene.model, name) for name in scene.feet]
        self._kp = scene.robot.array("kp").astype(np.float32)

    def bear(self, data: mujoco.MjData) -> NDArray[np.bool_]:
        """Which feet bear weight `(F,)` by their soles' height."""
        heights = [_world(data, foot)[:, 2] - foot.radius for foot in self.feet]
        return np.array([height.min() < STANDING for height in heights])

    def offsets(self, data: mujoco.MjData) -> Floats:
        """Joint offsets `(2**F, J, 6)` [rad] for a unit wrench on the root.

        The first index says which of the F feet stand, foot f as bit f; with none of
        them all is zero. Forces at the soles' points are those of least norm that give
        the wrench; whether friction and the feet's edges allow them is left to
        `Balance`'s limit.
        """
        found = np.zeros((2 ** len(self.feet), self._joints, 6), np.float32)
        turn = data.xmat[self._root].reshape(3, 3)
        feet = [self.jacobian(data, foot) for foot in range(len(self.feet))]
        for stand in range(1, len(found)):
            jac = np.concatenate([j for f, j in enumerate(feet) if stand >> f & 1])
            base = jac[:, :6].T.copy()
            base[3:] = turn @ base[3:]
            inverse = np.linalg.inv(base @ base.T + self._soft * np.eye(6))
            found[stand] = -jac[:, 6 : 6 + self._joints].T @ base.T @ inverse
        return found / self._kp[:, None]

    def jacobian(self, data: mujoco.MjData, foot: int) -> Floats:
        """Jacobian `(3 P, nv)` of the P points of a foot's sole."""
        sole = self.feet[foot]
        jac = np.zeros((len(sole.points_b), 3, self._model.nv))
        for of_point, point in zip(jac, _world(data, sole), strict=True):
            mujoco.mj_jac(self._model, data, of_point, None, point, sole.body)
        return jac.reshape(-1, self._model.nv)


def stands(feet_force: Floats, should: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Second index `(N,)` of `balance_table`: feet that stand, and that should.

    `feet_force (N, F)` [N] is on the floor, `should (N, F)` the prior's `standing`. A
    foot that is late in landing must not be pushed at, nor one about to leave.
    """
    bear = (feet_force > WEIGHT_FORCE) & should
    return (bear << np.arange(bear.shape[1])).sum(axis=1)


def _twist(qpos: Floats, qvel: Floats) -> Floats:
    """Velocity and angular velocity `(N, 6)` of roots in the world frame."""
    spin = rotations.rotate(qpos[:, 3:7], qvel[:, 3:6])
    return np.concatenate([qvel[:, :3], spin], 1)


def _sole(model: mujoco.MjModel, name: str) -> Sole:
    body = model.body(name).id
    solid = (model.geom_bodyid == body) & (model.geom_contype > 0)
    return Sole(body, *sole_points(model, np.flatnonzero(solid)))


def _world(data: mujoco.MjData, sole: Sole) -> Floats:
    """The sole's points `(P, 3)` [m] in the world."""
    turn = data.xmat[sole.body].reshape(3, 3)
    return data.xpos[sole.body] + sole.points_b @ turn.T
