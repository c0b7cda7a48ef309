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

from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.cone_fit import fit_cones
from perception.retargeting.contact_forces import ContactForces, Edges
from perception.retargeting.kinematics import Kinematics, kinematics
from perception.retargeting.scene import RobotScene, compile_scene
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

VELOCITY_SIGMA = 3.0
ACCELERATION_SIGMA = 3.0
TORQUE_SIGMA = 2.0
TIKHONOV = 1e-3
AT_ONCE = 256
"""Frames that are in memory together."""
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

    def part(self, frames: slice) -> Motion:
        """These frames alone."""
        return Motion(self.qpos[frames], self.qvel[frames], self.qacc[frames])


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
    forces = ContactForces(scene, prior)
    torque, residual = [], []
    for begin in range(0, prior.num_frames, AT_ONCE):
        part = motion.part(slice(begin, begin + AT_ONCE))
        contact = prior.contact[begin : begin + AT_ONCE]
        needed = generalised_forces(scene, data, part)
        places = kinematics(scene.model, part.qpos)
        edges, pressed = forces.edges(places, part.qvel, contact)
        _take(needed, places, pressed.times(np.full(len(pressed.frame), squeeze)))
        _take(needed, places, _fitted(scene, needed, places, edges))
        torque.append(needed[:, scene.joint_dof])
        residual.append(np.linalg.norm(needed[:, _bases(scene)], axis=1))
    limit = robot.array("effort")
    smooth = gaussian(np.concatenate(torque), TORQUE_SIGMA)
    return np.clip(smooth, -limit, limit), np.concatenate(residual)


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


def generalised_forces(
    scene: RobotScene, data: mujoco.MjData, motion: Motion
) -> Floats:
    """Forces `(T, nv)` that a motion needs from outside and from the joints."""
    found = np.empty_like(motion.qvel)
    for t, moment in enumerate(zip(motion.qpos, motion.qvel, motion.qacc, strict=True)):
        data.qpos[:], data.qvel[:], data.qacc[:] = moment
        mujoco.mj_inverse(scene.model, data)
        found[t] = data.qfrc_inverse
    return found


def _take(needed: Floats, places: Kinematics, given: Edges) -> None:
    """Subtract from the forces needed `(T, nv)`, in place, what is given."""
    np.subtract.at(needed, given.frame, given.effect(places))


def _fitted(
    scene: RobotScene, needed: Floats, places: Kinematics, edges: Edges
) -> Edges:
    """What the edges give so that least is left on the floating bases."""
    bases = _bases(scene)
    rows = edges.effect(places, bases)
    order = np.argsort(edges.frame, kind="stable")
    count = np.bincount(edges.frame, minlength=len(needed))
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    columns = np.zeros((len(needed), int(count.max(initial=0)), len(bases)))
    columns[edges.frame, place] = rows
    weights = fit_cones(columns, needed[:, bases], TIKHONOV)
    return edges.times(weights[edges.frame, place])


def _bases(scene: RobotScene) -> NDArray[np.int_]:
    """Degrees of freedom `(12,)` of the robot's and of the object's floating base."""
    root, obj = scene.root_dof, scene.object_dof
    return np.r_[root : root + 6, obj : obj + 6]
