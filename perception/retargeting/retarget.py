"""Track to prior: the robot's motion, clear of the object, balanced and smooth."""

from __future__ import annotations

import dataclasses
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from assets import rotations
from assets.interactions import FEET, HANDS
from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.prior import RATE, Prior
from perception.retargeting.arm import retarget_arm
from perception.retargeting.body import Body, measure_body
from perception.retargeting.clearance import Clearance
from perception.retargeting.demonstration import Demonstration, read_demonstration
from perception.retargeting.feasible import plan_com
from perception.retargeting.handling import plan_handling
from perception.retargeting.kicking import plan_kicking
from perception.retargeting.plan import Plan
from perception.retargeting.quality import measure_quality
from perception.retargeting.scene import RobotScene, compile_scene
from perception.retargeting.seating import plan_sitting
from perception.retargeting.weights import Weights, weights_of
from perception.retargeting.whole_body_ik import WholeBodyIK
from perception.smoothing import gaussian
from perception.track import Track

Floats = NDArray[np.float64]

FREE_ITERATIONS = 10
"""For the first solution, whose hands are free and which keeps off nothing."""
HANGING_SIGMA = 4.0


@dataclasses.dataclass(frozen=True)
class Level:
    """A solution of every `stride`-th frame."""

    stride: int
    iterations: int


COARSE = Level(4, 16)
REFINE = (Level(2, 5), Level(1, 3))
"""After each the balance is planned anew."""


def retarget(
    track: Track,
    object: ObjectSpec,
    robot: RobotSpec,
    *,
    name: str,
    task: str,
    source: dict[str, Any],
) -> Prior:
    """The robot's motion for what a track shows, starting at the origin facing +x.

    A `task` that is none of `assets.interactions` is told from the contacts. Raises
    ValueError in one line with the reason if the track cannot be followed.
    """
    if not robot.stands:
        return retarget_arm(track, object, robot, name=name, task=task, source=source)
    object.validate()
    demo = read_demonstration(track, object, task)
    scene = compile_scene(robot, object)
    body = measure_body(scene)
    plan = make_plan(demo, scene, body)
    weights = weights_of(demo.interaction.name)
    clearance = Clearance(scene, demo.interaction.contacts)
    qpos = perform(scene, plan, body, clearance, weights)
    prior = assemble(scene, plan, qpos, demo, name=name, source=source)
    quality = measure_quality(prior, robot)
    prior = dataclasses.replace(prior, quality=quality)
    prior.validate(robot)
    return prior


def make_plan(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """What the robot should do, by what touches the object."""
    contacts = demo.interaction.contacts
    if contacts == HANDS:
        return plan_handling(demo, scene, body)
    if contacts == FEET:
        return plan_kicking(demo, scene, body)
    return plan_sitting(demo, scene, body)


def perform(
    scene: RobotScene, plan: Plan, body: Body, clearance: Clearance, weights: Weights
) -> Floats:
    """Configurations `(T, nq)` that follow a plan, smooth and in balance."""
    ik = WholeBodyIK(scene)
    frames = _every(plan, COARSE.stride)
    rate = RATE / COARSE.stride
    coarse = plan.at(frames)
    start = _along_the_way(scene, coarse, body)
    free = dataclasses.replace(coarse, palm_weight=0.0 * coarse.palm_weight)
    hanging = ik.solve(
        free, start, None, iterations=FREE_ITERATIONS, weights=weights, rate=rate
    )
    plan = reach_out(plan, *hanging_palms(scene, hanging, frames, plan.num_frames))
    bent = ik.solve(
        plan.at(frames),
        hanging,
        clearance,
        iterations=weights.patience * COARSE.iterations,
        weights=weights,
        rate=rate,
    )
    keep = weights.keeping_style()
    qpos = spread(scene, bent, frames, plan.num_frames)
    for level in REFINE:
        plan = keep_style(scene, plan_com(scene, plan, qpos), qpos)
        frames = _every(plan, level.stride)
        found = ik.solve(
            plan.at(frames),
            qpos[frames],
            clearance,
            iterations=weights.patience * level.iterations,
            weights=keep,
            rate=RATE / level.stride,
        )
        qpos = spread(scene, found, frames, plan.num_frames)
    return qpos


def reach_out(plan: Plan, pos: Floats, quat: Floats) -> Plan:
    """`plan` with palms that leave where they hang for the object.

    They hang at `pos (T, 2, 3)` [m], turned by `quat (T, 2, 4)`.
    """
    reach = plan.palm_weight[..., None]
    turned = rotations.slerp(quat, plan.palm_quat_w, plan.palm_weight)
    return dataclasses.replace(
        plan,
        palm_pos_w=pos + reach * (plan.palm_pos_w - pos),
        palm_quat_w=np.asarray(turned, dtype=np.float64),
        palm_weight=np.clip(3.0 * plan.palm_weight, 0.0, 1.0),
    )


def keep_style(scene: RobotScene, plan: Plan, qpos: Floats) -> Plan:
    """`plan` with the pelvis' height and the trunk where `qpos (T, nq)` has them."""
    data = mujoco.MjData(scene.model)
    height, torso = plan.pelvis_pos_w.copy(), plan.torso_quat_w.copy()
    anchor = scene.model.body(scene.robot.anchor_body).id
    for t, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(scene.model, data)
        torso[t] = data.xquat[anchor]
    root = scene.root_qpos
    height[:, 2] = qpos[:, root + 2]
    pelvis = qpos[:, root + 3 : root + 7]
    return dataclasses.replace(
        plan, pelvis_pos_w=height, torso_quat_w=torso, pelvis_quat_w=pelvis
    )


def hanging_palms(
    scene: RobotScene, qpos: Floats, frames: NDArray[np.int_], length: int
) -> tuple[Floats, Floats]:
    """Palm sites at every frame, `(length, 2, 3)` [m] and `(length, 2, 4)`.

    `qpos (K, nq)` are configurations at `frames`.
    """
    data = mujoco.MjData(scene.model)
    sites = [scene.model.site(site).id for site in scene.robot.palm_sites]
    pos, mat = np.empty((len(qpos), 2, 3)), np.empty((len(qpos), 2, 3, 3))
    for t, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(scene.model, data)
        pos[t] = data.site_xpos[sites]
        mat[t] = data.site_xmat[sites].reshape(2, 3, 3)
    near = np.asarray(
        rotations.continuous(rotations.from_matrix(mat)), dtype=np.float64
    )
    quat = rotations.normalize(_interpolate(near, frames, length))
    smooth = gaussian(_interpolate(pos, frames, length), HANGING_SIGMA)
    return smooth, np.asarray(quat, dtype=np.float64)


def spread(
    scene: RobotScene, qpos: Floats, frames: NDArray[np.int_], length: int
) -> Floats:
    """Configurations at every frame `(length, nq)` from those at `frames`."""
    if len(qpos) == length:
        return qpos
    out = _interpolate(qpos, frames, length)
    for start in (scene.root_qpos + 3, scene.object_qpos + 3):
        quat = slice(start, start + 4)
        near = np.asarray(rotations.continuous(qpos[:, quat]), dtype=np.float64)
        out[:, quat] = rotations.normalize(_interpolate(near, frames, length))
    return out


def assemble(
    scene: RobotScene,
    plan: Plan,
    qpos: Floats,
    demo: Demonstration,
    *,
    name: str,
    source: dict[str, Any],
) -> Prior:
    """A prior that begins at the origin and, in the plan, faces +x."""
    root = scene.root_qpos
    shift = np.array([*qpos[0, root : root + 2], 0.0])
    turn = rotations.from_yaw(-rotations.yaw(plan.torso_quat_w[0]))
    turned = rotations.rotate(turn, plan.object_pos_w - shift)
    pos = np.asarray(turned, dtype=np.float64)
    quat = np.asarray(rotations.multiply(turn, plan.object_quat_w), dtype=np.float64)
    robot = scene.robot
    joints = np.clip(
        qpos[:, scene.joint_qpos], robot.array("lower"), robot.array("upper")
    )
    way = rotations.rotate(turn, qpos[:, root : root + 3] - shift)
    facing = rotations.multiply(turn, qpos[:, root + 3 : root + 7])
    return Prior(
        joint_pos=joints,
        root_pos_w=np.asarray(way, dtype=np.float64),
        root_quat_w=np.asarray(facing, dtype=np.float64),
        object_pos_w=pos,
        object_quat_w=quat,
        contact=plan.contact,
        confidence=plan.confidence,
        goal_pos_w=pos[-1],
        goal_quat_w=quat[-1],
        joint_names=robot.joint_names,
        object=scene.object,
        task=demo.interaction.name,
        name=name,
        source=source,
    )


def _every(plan: Plan, stride: int) -> NDArray[np.int_]:
    """Every `stride`-th frame and the last."""
    frames = np.arange(0, plan.num_frames, stride)
    last = plan.num_frames - 1
    return frames if frames[-1] == last else np.append(frames, last)


def _along_the_way(scene: RobotScene, plan: Plan, body: Body) -> Floats:
    """The default pose moved along a plan's way, with the object, `(T, nq)`."""
    qpos = np.tile(body.qpos, (plan.num_frames, 1))
    root = scene.root_qpos
    qpos[:, root : root + 2] = plan.pelvis_pos_w[:, :2]
    yaw = rotations.yaw(plan.torso_quat_w)
    qpos[:, root + 3 : root + 7] = rotations.from_yaw(yaw)
    scene.place_object(qpos, plan.object_pos_w, plan.object_quat_w)
    return qpos


def _interpolate(values: Floats, frames: NDArray[np.int_], length: int) -> Floats:
    """Values `(K, ...)` at `frames (K,)` for every frame `(length, ...)`, a spline."""
    spline = make_interp_spline(frames, values, k=3)
    return np.asarray(spline(np.arange(length)), dtype=np.float64)
