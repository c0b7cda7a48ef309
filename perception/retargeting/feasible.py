"""Balance: a centre of mass whose zero-moment point stays inside the feet."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from assets.gravity import GRAVITY
from perception.prior import RATE
from perception.retargeting.plan import Plan
from perception.retargeting.scene import RobotScene
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

JERK_COST = 1e-7
BLEND = 3.0


def plan_com(scene: RobotScene, plan: Plan, qpos: Floats) -> Plan:
    """`plan` with centres of mass for the robot that keep it on its soles.

    The zero-moment point of robot and carried object together follows `plan.zmp_w`.
    What the linear inverted pendulum leaves out, the change of angular momentum, is
    measured on `qpos (T, nq)` and subtracted from the reference.
    """
    com, moment = measure_balance(scene, qpos)
    carried = scene.object.mass * plan.carried
    mass = float(
        scene.model.body_subtreemass[scene.model.body(scene.robot.root_body).id]
    )
    pos = plan.object_pos_w
    total = (mass * com + carried[:, None] * pos) / (mass + carried)[:, None]
    height, rise = total[:, 2], _second(total[:, 2])
    pendulum = height / (GRAVITY + rise)
    shift = moment / ((mass + carried) * (GRAVITY + rise))[:, None]
    planned = np.stack(
        [follow_zmp(plan.zmp_w[:, i] - shift[:, i], pendulum) for i in range(2)], axis=1
    )
    robot = ((mass + carried)[:, None] * planned - carried[:, None] * pos[:, :2]) / mass
    return dataclasses.replace(plan, com_w=robot)


def follow_zmp(zmp: Floats, pendulum: Floats, fps: float = RATE) -> Floats:
    """Centre of mass `(T,)` [m] whose zero-moment point follows `zmp (T,)` [m].

    `pendulum (T,)` [s²] is height over gravity plus vertical acceleration. Minimises
    |c − pendulum·c̈ − zmp|² + 1e-7·|c⃛|² over the clip.
    """
    n = len(zmp)
    rows = np.zeros((n, 3))
    rows[:, 1] = 1.0
    inner = slice(1, n - 1)
    rows[inner, 0] = rows[inner, 2] = -pendulum[inner] * fps**2
    rows[inner, 1] += 2.0 * pendulum[inner] * fps**2
    bands = np.zeros((4, n))
    right = np.zeros(n)
    for i in range(3):
        for j in range(i, 3):
            product = rows[inner, i] * rows[inner, j]
            bands[3 - (j - i), j : n - 2 + j] += product
        right[i : n - 2 + i] += rows[inner, i] * zmp[inner]
    for end in (0, n - 1):
        bands[3, end] += 1.0
        right[end] += zmp[end]
    stencil = np.array([-1.0, 3.0, -3.0, 1.0]) * fps**3
    for i in range(4):
        for j in range(i, 4):
            bands[3 - (j - i), j : n - 3 + j] += JERK_COST * stencil[i] * stencil[j]
    return solveh_banded(bands, right)


def zero_moment_point(scene: RobotScene, qpos: Floats) -> Floats:
    """Where on the floor `(T, 2)` [m] the robot's motion `(T, nq)` presses.

    Of the robot alone, whatever it carries or leans on (Vukobratović and Borovac,
    Int. J. Humanoid Robotics 1(1), 2004).
    """
    com, moment = measure_balance(scene, qpos)
    first = np.gradient(com, 1.0 / RATE, axis=0)
    acceleration = gaussian(np.gradient(first, 1.0 / RATE, axis=0), BLEND / 2.0)
    lift = GRAVITY + acceleration[:, 2:]
    mass = float(
        scene.model.body_subtreemass[scene.model.body(scene.robot.root_body).id]
    )
    return com[:, :2] - com[:, 2:] * acceleration[:, :2] / lift + moment / (mass * lift)


def measure_balance(scene: RobotScene, qpos: Floats) -> tuple[Floats, Floats]:
    """Centre of mass `(T, 3)` and how its spin moves the zero-moment point.

    The second `(T, 2)` [N·m] is what change of angular momentum adds to zmp·force.
    """
    model = scene.model
    data = mujoco.MjData(model)
    com = np.zeros((len(qpos), 3))
    spin = np.zeros((len(qpos), 3))
    velocity = np.zeros(model.nv)
    for t in range(len(qpos)):
        a, b = max(t - 1, 0), min(t + 1, len(qpos) - 1)
        mujoco.mj_differentiatePos(model, velocity, (b - a) / RATE, qpos[a], qpos[b])
        data.qpos[:], data.qvel[:] = qpos[t], velocity
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_comVel(model, data)
        mujoco.mj_subtreeVel(model, data)
        com[t], spin[t] = data.subtree_com[1], data.subtree_angmom[1]
    rate = np.gradient(gaussian(spin, BLEND), 1.0 / RATE, axis=0)
    return gaussian(com, 1.0), gaussian(np.stack([-rate[:, 1], rate[:, 0]], 1), BLEND)


def _second(values: Floats) -> Floats:
    """Second derivative `(T,)` along time, smoothed."""
    first = np.gradient(gaussian(values, BLEND), 1.0 / RATE)
    return gaussian(np.gradient(first, 1.0 / RATE), BLEND)
