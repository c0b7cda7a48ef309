"""Robot, object and floor in one MuJoCo model, with the indices that name resolves."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY, OBJECT_JOINT, add_object

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

FLOOR = "floor"


@dataclasses.dataclass(frozen=True)
class RobotScene:
    """A compiled model and where the robot's and the object's numbers lie in it.

    | field | shape | meaning |
    |---|---|---|
    | joint_qpos, joint_dof | (J,) | addresses of the joints in RobotSpec order |
    | root_qpos, root_dof | () | first address of the floating base |
    | object_qpos, object_dof | () | of the object's free joint; -1 if it is moved |
    | feet | 2 × (F,) | geoms of the left and of the right foot |
    | hands | 2 | geom of the left and of the right palm |
    | object_geoms | (G,) | geoms of the object |
    """

    model: mujoco.MjModel
    robot: RobotSpec
    object: ObjectSpec
    joint_qpos: Ints
    joint_dof: Ints
    root_qpos: int
    root_dof: int
    object_qpos: int
    object_dof: int
    feet: tuple[Ints, Ints]
    hands: tuple[int, int]
    object_geoms: Ints

    def qpos(
        self, joint_pos: Floats, root_pos_w: Floats, root_quat_w: Floats
    ) -> Floats:
        """The robot's configuration as a qpos `(nq,)`; the object's part is 0."""
        q = self.model.qpos0.copy()
        q[self.root_qpos : self.root_qpos + 3] = root_pos_w
        q[self.root_qpos + 3 : self.root_qpos + 7] = root_quat_w
        q[self.joint_qpos] = joint_pos
        return q

    def place_object(self, data: mujoco.MjData, pos_w: Floats, quat_w: Floats) -> None:
        """Put the object at a pose [m, wxyz]; kinematics are not recomputed."""
        if self.object_qpos < 0:
            data.mocap_pos[0], data.mocap_quat[0] = pos_w, quat_w
            return
        data.qpos[self.object_qpos : self.object_qpos + 3] = pos_w
        data.qpos[self.object_qpos + 3 : self.object_qpos + 7] = quat_w


def compile_scene(
    robot: RobotSpec, obj: ObjectSpec, *, free_object: bool = False
) -> RobotScene:
    """Compile robot, object and floor; raises ValueError if the MJCF lacks a name."""
    spec = mujoco.MjSpec.from_file(str(robot.mjcf))
    for key in list(spec.keys):
        spec.delete(key)
    spec.worldbody.add_geom(
        name=FLOOR,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0.0, 0.0, 0.05],
        contype=2,
        conaffinity=3,
    )
    add_object(spec, obj, mocap=not free_object)
    model = spec.compile()
    joints = [_joint(model, robot, name) for name in robot.joint_names]
    root = _root_joint(model, robot)
    free = model.joint(OBJECT_JOINT).id if free_object else -1
    return RobotScene(
        model=model,
        robot=robot,
        object=obj,
        joint_qpos=model.jnt_qposadr[joints],
        joint_dof=model.jnt_dofadr[joints],
        root_qpos=int(model.jnt_qposadr[root]),
        root_dof=int(model.jnt_dofadr[root]),
        object_qpos=int(model.jnt_qposadr[free]) if free_object else -1,
        object_dof=int(model.jnt_dofadr[free]) if free_object else -1,
        feet=(
            _geoms(model, robot.contact_bodies["left_foot"]),
            _geoms(model, robot.contact_bodies["right_foot"]),
        ),
        hands=(
            int(_geoms(model, robot.contact_bodies["left_hand"])[-1]),
            int(_geoms(model, robot.contact_bodies["right_hand"])[-1]),
        ),
        object_geoms=_geoms(model, OBJECT_BODY),
    )


def _joint(model: mujoco.MjModel, robot: RobotSpec, name: str) -> int:
    index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, name)
    if index < 0:
        msg = f"{robot.mjcf}: no joint named {name}, which {robot.name} needs"
        raise ValueError(msg)
    return index


def _root_joint(model: mujoco.MjModel, robot: RobotSpec) -> int:
    index = int(model.body(robot.root_body).jntadr[0])
    if index < 0 or model.jnt_type[index] != mujoco.mjtJoint.mjJNT_FREE:
        msg = f"{robot.mjcf}: {robot.root_body} has no free joint, so it cannot walk"
        raise ValueError(msg)
    return index


def _geoms(model: mujoco.MjModel, body: str) -> Ints:
    """Geoms of a body that collide."""
    of_body = model.geom_bodyid == model.body(body).id
    found = np.flatnonzero(of_body & (model.geom_contype | model.geom_conaffinity > 0))
    if not len(found):
        msg = f"body {body} has no geom that collides, so it cannot touch anything"
        raise ValueError(msg)
    return found
