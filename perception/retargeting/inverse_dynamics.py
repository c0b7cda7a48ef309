"""Joint torques that a prior asks for, with contact forces inside friction cones.

Velocities and accelerations come from the smoothed motion, the generalised force
from `mj_inverse` with contacts disabled. What floor and hands can give is fitted to
the floating bases by non-negative least squares; the rest is left on them and says
how far the prior is from anything that physics can follow.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from assets import rotations
from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.scene import RobotScene, compile_scene
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

VELOCITY_SIGMA = 3.0
ACCELERATION_SIGMA = 3.0
TORQUE_SIGMA = 2.0
FOOT_FRICTION = 0.6
HAND_FRICTION = 0.8
FOOT_HEIGHT = 0.02
RESTING_HEIGHT = 0.003
TIKHONOV = 1e-3
SQUEEZE = 8.0
"""Normal force [N] by which each palm presses beyond what the lift itself needs."""


@dataclasses.dataclass(frozen=True)
class Motion:
    """A prior as generalised coordinates of robot and object.

    | field | shape | unit |
    |---|---|---|
    | qpos | (T, nq) | m, wxyz, rad |
    | qvel | (T, nv) | m/s, rad/s |
    | qacc | (T, nv) | m/s², rad/s² |
    """

    qpos: Floats
    qvel: Floats
    qacc: Floats


def feed_forward(
    prior: Prior, robot: RobotSpec, *, squeeze: float = SQUEEZE
) -> tuple[Floats, Floats]:
    """Torques `(T, J)` [N·m] that hold the prior, and the residual `(T,)` [N].

    Torques follow `robot.joint_names`, smoothed and clipped to the effort limits.
    The residual is the norm of force and torque (N and N·m together) left on the
    floating bases of robot and object; near zero, the prior is feasible.
    """
    scene = compile_scene(robot, prior.object, free_object=True)
    scene.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    motion = differentiate(prior, scene)
    data = mujoco.MjData(scene.model)
    torque = np.zeros((prior.num_frames, robot.num_joints))
    residual = np.zeros(prior.num_frames)
    rest = RestingHeight(prior)
    for t in range(prior.num_frames):
        force = generalised_force(scene, data, motion, t)
        columns, pressed = _columns(scene, data, prior, t, rest)
        torque[t], residual[t] = _fit(scene, force, columns, pressed * squeeze)
    limit = robot.array("effort")
    return np.clip(gaussian(torque, TORQUE_SIGMA), -limit, limit), residual


def differentiate(prior: Prior, scene: RobotScene) -> Motion:
    """Velocities and accelerations of a prior by central differences, smoothed."""
    model, dt = scene.model, 1.0 / prior.fps
    qpos = np.stack(
        [
            scene.qpos(joints, pos, quat)
            for joints, pos, quat in zip(
                prior.joint_pos, prior.root_pos_w, prior.root_quat_w, strict=True
            )
        ]
    )
    start = scene.object_qpos
    qpos[:, start : start + 3] = prior.object_pos_w
    qpos[:, start + 3 : start + 7] = prior.object_quat_w
    qvel = np.zeros((len(qpos), model.nv))
    last = len(qpos) - 1
    for t in range(len(qpos)):
        a, b = max(t - 1, 0), min(t + 1, last)
        mujoco.mj_differentiatePos(model, qvel[t], (b - a) * dt, qpos[a], qpos[b])
    qvel = gaussian(qvel, VELOCITY_SIGMA)
    qacc = gaussian(np.gradient(qvel, dt, axis=0), ACCELERATION_SIGMA)
    return Motion(qpos, qvel, qacc)


def generalised_force(
    scene: RobotScene, data: mujoco.MjData, motion: Motion, t: int
) -> Floats:
    """Force `(nv,)` that frame `t` needs from outside and from the joints."""
    data.qpos[:] = motion.qpos[t]
    data.qvel[:] = motion.qvel[t]
    mujoco.mj_forward(scene.model, data)
    data.qacc[:] = motion.qacc[t]
    mujoco.mj_inverse(scene.model, data)
    return data.qfrc_inverse.copy()


class RestingHeight:
    """Where the object lies on the floor: its lowest height in the prior."""

    def __init__(self, prior: Prior) -> None:
        half = np.asarray(prior.object.half_size)
        up = rotations.to_matrix(prior.object_quat_w)[:, 2, :]
        self.lowest = prior.object_pos_w[:, 2] - np.abs(up) @ half

    def rests(self, t: int) -> bool:
        """Whether the floor can carry the object at frame `t`."""
        return bool(self.lowest[t] < RESTING_HEIGHT)


def _columns(
    scene: RobotScene, data: mujoco.MjData, prior: Prior, t: int, rest: RestingHeight
) -> tuple[Floats, Floats]:
    """Generalised forces `(nv, K)` of unit cone edges, and `(nv,)` of both palms.

    The second is what one newton of pressure by each palm that touches does.
    """
    model = scene.model
    columns: list[Floats] = []
    up = np.array([0.0, 0.0, 1.0])
    for geom in np.concatenate(scene.feet):
        point = data.geom_xpos[geom] - up * model.geom_size[geom, 0]
        if point[2] < FOOT_HEIGHT:
            jac = _jacobian(scene, data, point, int(model.geom_bodyid[geom]))
            columns += [jac.T @ edge for edge in _pyramid(up, FOOT_FRICTION)]
    object_body = int(model.geom_bodyid[scene.object_geoms[0]])
    if rest.rests(t):
        for point in _lower_corners(prior, t):
            jac = _jacobian(scene, data, point, object_body)
            columns += [jac.T @ edge for edge in _pyramid(up, FOOT_FRICTION)]
    pressed = np.zeros(model.nv)
    for side, name in enumerate(("left_hand", "right_hand")):
        if not prior.contact[t, prior.contact_names.index(name)]:
            continue
        points, normal = _patch(scene, data, prior, t, scene.hands[side])
        body = int(model.geom_bodyid[scene.hands[side]])
        for point in points:
            jac = _jacobian(scene, data, point, body) - _jacobian(
                scene, data, point, object_body
            )
            columns += [jac.T @ edge for edge in _pyramid(normal, HAND_FRICTION)]
            pressed += jac.T @ normal / len(points)
    return np.stack(columns or [np.zeros(model.nv)], axis=1), pressed


def _fit(
    scene: RobotScene, force: Floats, columns: Floats, preload: Floats
) -> tuple[Floats, float]:
    """Joint torques `(J,)` and the norm left on the floating bases."""
    root, obj = scene.root_dof, scene.object_dof
    bases = np.r_[root : root + 6, obj : obj + 6]
    target = (force - preload)[bases]
    size = columns.shape[1]
    stacked = np.vstack([columns[bases], TIKHONOV * np.eye(size)])
    weights, _ = nnls(stacked, np.concatenate([target, np.zeros(size)]))
    left = force - preload - columns @ weights
    return left[scene.joint_dof], float(np.linalg.norm(left[bases]))


def _jacobian(
    scene: RobotScene, data: mujoco.MjData, point_w: Floats, body: int
) -> Floats:
    jac = np.empty((3, scene.model.nv))
    mujoco.mj_jac(scene.model, data, jac, None, point_w, body)
    return jac


def _pyramid(normal: Floats, friction: float) -> list[Floats]:
    """Four edges `(3,)` of the friction pyramid about a unit normal."""
    seed = np.eye(3)[int(np.argmin(np.abs(normal)))]
    a = np.cross(normal, seed).astype(np.float64)
    a /= np.linalg.norm(a)
    b = np.cross(normal, a).astype(np.float64)
    return [normal + friction * side for side in (a, -a, b, -b)]


def _lower_corners(prior: Prior, t: int) -> Floats:
    """The four lowest corners `(4, 3)` [m] of the object's bounding box, world."""
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
    corners = prior.object_pos_w[t] + rotations.rotate(
        prior.object_quat_w[t], signs * np.asarray(prior.object.half_size)
    )
    return corners[np.argsort(corners[:, 2])[:4]]


def _patch(
    scene: RobotScene, data: mujoco.MjData, prior: Prior, t: int, hand: int
) -> tuple[Floats, Floats]:
    """Where a palm presses: points `(4, 3)` on the object's face and the force's way.

    The palm's widest faces are projected on the object's nearest face and clipped to
    it. The normal points from the object into the palm: the force on the hand.
    """
    model = scene.model
    half = np.asarray(prior.object.half_size)
    size = model.geom_size[hand]
    thin = int(np.argmin(size))
    wide = [axis for axis in range(3) if axis != thin]
    corners = np.zeros((4, 3))
    corners[:, wide] = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * size[wide]
    corners_w = data.geom_xpos[hand] + corners @ data.geom_xmat[hand].reshape(3, 3).T
    quat, origin = prior.object_quat_w[t], prior.object_pos_w[t]
    local = rotations.rotate_inverse(quat, corners_w - origin)
    centre = local.mean(axis=0)
    axis = int(np.argmax(np.abs(centre) - half))
    local = np.clip(local, -half, half)
    sign = 1.0 if centre[axis] >= 0.0 else -1.0
    local[:, axis] = sign * half[axis]
    normal = rotations.rotate(quat, sign * np.eye(3)[axis]).astype(np.float64)
    return np.asarray(origin + rotations.rotate(quat, local)), normal
