"""Track to prior: the robot's motion, clear of the object, balanced and smooth."""

from __future__ import annotations

import dataclasses
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.prior import CONTACT_NAMES, Prior
from perception.retargeting.arm import retarget_arm
from perception.retargeting.demonstration import Demonstration, read_demonstration
from perception.retargeting.feasible import plan_com
from perception.retargeting.plan import Plan, make_plan, measure_body, reach_out
from perception.retargeting.quality import measure_quality
from perception.retargeting.scene import RobotScene, compile_scene
from perception.retargeting.whole_body_ik import Weights, WholeBodyIK
from perception.smoothing import gaussian, gaussian_quat
from perception.track import Track

Floats = NDArray[np.float64]

SIGMA = 4.0
REFINE = Weights(posture=0.5, pelvis_height=2.0, torso_orientation=1.0)
BALANCE_ROUNDS = 2


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

    Raises ValueError in one line with the reason if the track cannot be followed.
    """
    if not robot.stands:
        return retarget_arm(track, object, robot, name=name, task=task, source=source)
    object.validate()
    demo = read_demonstration(track, object)
    scene = compile_scene(robot, object)
    body = measure_body(scene)
    plan = make_plan(demo, scene, body)
    ik = WholeBodyIK(scene)
    hanging = palm_positions(scene, solve(ik, plan, body.qpos))
    plan = reach_out(plan, gaussian(hanging, SIGMA), demo.reach)
    qpos = smooth(scene, solve(ik, plan, body.qpos))
    refine = WholeBodyIK(scene, REFINE)
    for _ in range(BALANCE_ROUNDS):
        plan = plan_com(scene, plan, qpos)
        qpos = polish(refine, plan, qpos)
    prior = assemble(scene, plan, qpos, demo, name=name, task=task, source=source)
    quality = measure_quality(prior, robot)
    prior = dataclasses.replace(prior, quality=quality)
    prior.validate(robot)
    return prior


def solve(ik: WholeBodyIK, plan: Plan, start: Floats) -> Floats:
    """Configurations `(T, nq)` that follow a plan from a standing one."""
    ik.reset(start)
    for _ in range(5):
        ik.solve(plan.frames[0])
    return np.stack([ik.solve(frame) for frame in plan.frames])


def palm_positions(scene: RobotScene, qpos: Floats) -> Floats:
    """Palm sites `(T, 2, 3)` [m] in configurations `(T, nq)`."""
    data = mujoco.MjData(scene.model)
    palms = np.empty((len(qpos), 2, 3))
    for t, q in enumerate(qpos):
        data.qpos[:] = q
        mujoco.mj_kinematics(scene.model, data)
        palms[t] = [data.site(site).xpos for site in scene.robot.palm_sites]
    return palms


def smooth(scene: RobotScene, qpos: Floats) -> Floats:
    """Gaussian smoothing of root and joints `(T, nq)`."""
    out = gaussian(qpos, SIGMA)
    quat = slice(scene.root_qpos + 3, scene.root_qpos + 7)
    out[:, quat] = gaussian_quat(qpos[:, quat], SIGMA)
    return out


def polish(ik: WholeBodyIK, plan: Plan, qpos: Floats) -> Floats:
    """Put feet, palms and balance right again, staying near `qpos (T, nq)`."""
    out = np.empty_like(qpos)
    for t, (frame, near) in enumerate(zip(plan.frames, qpos, strict=True)):
        ik.reset(near)
        out[t] = ik.solve(ik.keep_style(frame), iterations=4)
    return out


def assemble(
    scene: RobotScene,
    plan: Plan,
    qpos: Floats,
    demo: Demonstration,
    *,
    name: str,
    task: str,
    source: dict[str, Any],
) -> Prior:
    """A prior with its root at the origin in the first frame."""
    root = scene.root_qpos
    shift = np.array([*qpos[0, root : root + 2], 0.0])
    pos = np.stack([f.object_pos_w for f in plan.frames]) - shift
    quat = np.stack([f.object_quat_w for f in plan.frames])
    contact = np.zeros((len(qpos), len(CONTACT_NAMES)), dtype=bool)
    for hand in ("left_hand", "right_hand"):
        contact[:, CONTACT_NAMES.index(hand)] = plan.held
    robot = scene.robot
    joints = np.clip(
        qpos[:, scene.joint_qpos], robot.array("lower"), robot.array("upper")
    )
    return Prior(
        joint_pos=joints,
        root_pos_w=qpos[:, root : root + 3] - shift,
        root_quat_w=qpos[:, root + 3 : root + 7],
        object_pos_w=pos,
        object_quat_w=quat,
        contact=contact,
        confidence=demo.confidence,
        goal_pos_w=pos[-1],
        goal_quat_w=quat[-1],
        joint_names=robot.joint_names,
        object=scene.object,
        task=task,
        name=name,
        source=source,
    )
