"""Robot, object and floor in one MuJoCo model, with the indices that names resolve."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY, OBJECT_JOINT
from assets.scene import compile_scene as compile_model
from perception.prior import CONTACT_NAMES, Prior

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

FLOOR = "floor"


@dataclasses.dataclass(frozen=True)
class RobotScene:
    """A compiled model and where the robot's and the object's numbers lie in it.

    The robot's degrees of freedom come first, the object's free joint last.

    | field | shape | meaning |
    |---|---|---|
    | joint_qpos, joint_dof | (J,) | addresses of the joints in RobotSpec order |
    | root_qpos, root_dof | () | first address of the floating base |
    | object_qpos, object_dof | () | first address of the object's free joint |
    | contact_geoms | 5 × (G,) | geoms of each of `CONTACT_NAMES` that collide |
    | object_geoms | (P,) | geoms of the object, one for each part |
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
    contact_geoms: tuple[Ints, ...]
    object_geoms: Ints

    @property
    def feet(self) -> tuple[Ints, Ints]:
        """Geoms of the left and of the right foot."""
        left = CONTACT_NAMES.index("left_foot")
        return self.contact_geoms[left], self.contact_geoms[left + 1]

    @property
    def hands(self) -> tuple[int, int]:
        """Geom of the left and of the right palm."""
        left = CONTACT_NAMES.index("left_hand")
        return int(self.contact_geoms[left][-1]), int(self.contact_geoms[left + 1][-1])

    @property
    def robot_geoms(self) -> Ints:
        """Geoms of the robot that collide."""
        model = self.model
        of_robot = model.body_rootid == model.body(self.robot.root_body).id
        collide = (model.geom_contype | model.geom_conaffinity) > 0
        return np.flatnonzero(of_robot[model.geom_bodyid] & collide)

    def qpos(
        self, joint_pos: Floats, root_pos_w: Floats, root_quat_w: Floats
    ) -> Floats:
        """The robot's configurations as `(..., nq)`; the object is where it begins."""
        q = np.tile(self.model.qpos0, (*joint_pos.shape[:-1], 1))
        q[..., self.root_qpos : self.root_qpos + 3] = root_pos_w
        q[..., self.root_qpos + 3 : self.root_qpos + 7] = root_quat_w
        q[..., self.joint_qpos] = joint_pos
        return q

    def place_object(self, qpos: Floats, pos_w: Floats, quat_w: Floats) -> None:
        """Write the object's poses [m, wxyz] into configurations `(..., nq)`."""
        start = self.object_qpos
        qpos[..., start : start + 3] = pos_w
        qpos[..., start + 3 : start + 7] = quat_w

    def motion(self, prior: Prior) -> Floats:
        """A prior's configurations `(T, nq)`."""
        q = self.qpos(prior.joint_pos, prior.root_pos_w, prior.root_quat_w)
        self.place_object(q, prior.object_pos_w, prior.object_quat_w)
        return q


def compile_scene(robot: RobotSpec, obj: ObjectSpec) -> RobotScene:
    """Compile robot, object and floor; raises ValueError if the MJCF lacks a name."""
    model = compile_model(robot, obj)
    joints = [model.joint(name).id for name in robot.joint_names]
    root = _root_joint(model, robot)
    free = model.joint(OBJECT_JOINT).id
    return RobotScene(
        model=model,
        robot=robot,
        object=obj,
        joint_qpos=model.jnt_qposadr[joints],
        joint_dof=model.jnt_dofadr[joints],
        root_qpos=int(model.jnt_qposadr[root]),
        root_dof=int(model.jnt_dofadr[root]),
        object_qpos=int(model.jnt_qposadr[free]),
        object_dof=int(model.jnt_dofadr[free]),
        contact_geoms=tuple(_touching(model, robot, name) for name in CONTACT_NAMES),
        object_geoms=_geoms(model, OBJECT_BODY),
    )


def _root_joint(model: mujoco.MjModel, robot: RobotSpec) -> int:
    index = int(model.body(robot.root_body).jntadr[0])
    if index < 0 or model.jnt_type[index] != mujoco.mjtJoint.mjJNT_FREE:
        msg = f"{robot.mjcf}: {robot.root_body} has no free joint, so it cannot walk"
        raise ValueError(msg)
    return index


def _touching(model: mujoco.MjModel, robot: RobotSpec, name: str) -> Ints:
    """Geoms by which a contact body touches; who sits does so on the hips as well."""
    bodies = [robot.contact_bodies[name]]
    if name == "pelvis":
        bodies += _hips(model, robot)
    found = [_geoms(model, body) for body in bodies[:1]]
    for body in bodies[1:]:
        of_body = model.geom_bodyid == model.body(body).id
        found.append(np.flatnonzero(of_body & (model.geom_contype > 0)))
    return np.concatenate(found)


def _hips(model: mujoco.MjModel, robot: RobotSpec) -> list[str]:
    """The first two bodies of each leg below the pelvis."""
    root = model.body(robot.root_body).id
    hips: list[str] = []
    for side in ("left", "right"):
        chain = [model.body(robot.contact_bodies[f"{side}_foot"]).id]
        while chain[-1] != root:
            chain.append(int(model.body_parentid[chain[-1]]))
        hips += [model.body(body).name for body in chain[-3:-1]]
    return hips


def _geoms(model: mujoco.MjModel, body: str) -> Ints:
    """Geoms of a body that collide."""
    of_body = model.geom_bodyid == model.body(body).id
    collide = (model.geom_contype | model.geom_conaffinity) > 0
    found = np.flatnonzero(of_body & collide)
    if not len(found):
        msg = f"body {body} has no geom that collides, so it cannot touch anything"
        raise ValueError(msg)
    return found
