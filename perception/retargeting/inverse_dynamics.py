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

from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.contact_forces import ContactForces
from perception.retargeting.scene import RobotScene, compile_scene
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

VELOCITY_SIGMA = 3.0
ACCELERATION_SIGMA = 3.0
TORQUE_SIGMA = 2.0
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
    scene = compile_scene(robot, prior.object)
    scene.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
    motion = differentiate(prior, scene)
    data = mujoco.MjData(scene.model)
    torque = np.zeros((prior.num_frames, robot.num_joints))
    residual = np.zeros(prior.num_frames)
    forces = ContactForces(scene, prior)
    for t in range(prior.num_frames):
        force = generalised_force(scene, data, motion, t)
        columns, pressed = forces.columns(data, motion.qvel[t], t)
        torque[t], residual[t] = _fit(scene, force, columns, pressed * squeeze)
    limit = robot.array("effort")
    return np.clip(gaussian(torque, TORQUE_SIGMA), -limit, limit), residual


def differentiate(prior: Prior, scene: RobotScene) -> Motion:
    """Velocities and accelerations of a prior by central differences, smoothed."""
    model, dt = scene.model, 1.0 / prior.fps
    qpos = scene.motion(prior)
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
    data.qacc[:] = motion.qacc[t]
    mujoco.mj_inverse(scene.model, data)
    return data.qfrc_inverse.copy()


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
