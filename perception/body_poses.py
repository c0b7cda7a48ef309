"""Where a robot's bodies are, by forward kinematics of its own model."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class BodyPoses:
    """Poses of all bodies of a robot, in the order of its model (depth first).

    | field | shape | unit | frame |
    |---|---|---|---|
    | names | B | | |
    | pos_w | (T, B, 3) | m | world |
    | quat_w | (T, B, 4) | wxyz | world |
    """

    names: tuple[str, ...]
    pos_w: Floats
    quat_w: Floats


def body_poses(
    robot: RobotSpec, joint_pos: Floats, root_pos_w: Floats, root_quat_w: Floats
) -> BodyPoses:
    """Bodies for `joint_pos (T, J)` in RobotSpec order and the root's poses.

    A fixed base is put where the root's pose says, as a floating one is.
    """
    model = mujoco.MjModel.from_xml_path(str(robot.mjcf))
    data = mujoco.MjData(model)
    joints = [model.joint(name).qposadr[0] for name in robot.joint_names]
    root = model.body(robot.root_body)
    floating = root.jntnum[0] > 0 and model.jnt_type[root.jntadr[0]] == 0
    frames, bodies = len(joint_pos), model.nbody - 1
    pos, quat = np.empty((frames, bodies, 3)), np.empty((frames, bodies, 4))
    for t in range(frames):
        if floating:
            start = model.jnt_qposadr[root.jntadr[0]]
            data.qpos[start : start + 3] = root_pos_w[t]
            data.qpos[start + 3 : start + 7] = root_quat_w[t]
        else:
            model.body_pos[root.id] = root_pos_w[t]
            model.body_quat[root.id] = root_quat_w[t]
        data.qpos[joints] = joint_pos[t]
        mujoco.mj_kinematics(model, data)
        pos[t], quat[t] = data.xpos[1:], data.xquat[1:]
    names = tuple(model.body(i).name for i in range(1, model.nbody))
    return BodyPoses(names, pos, quat)


def breadth_first(robot: RobotSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of joints and bodies level by level from the root: Isaac Lab's order.

    Isaac Lab lists an articulation's joints and bodies breadth first, MuJoCo and
    Unitree's SDK depth first; the same model gives both.
    """
    model = mujoco.MjModel.from_xml_path(str(robot.mjcf))
    level = [0]
    ordered: list[int] = []
    while level:
        ordered += level
        parents = level
        level = [
            int(body)
            for parent in parents
            for body in np.flatnonzero(model.body_parentid == parent)
            if body > 0
        ]
    joints = [
        model.joint(j).name
        for body in ordered
        for j in np.flatnonzero(model.jnt_bodyid == body)
        if model.joint(j).name in robot.joint_names
    ]
    return tuple(joints), tuple(model.body(b).name for b in ordered if b)
