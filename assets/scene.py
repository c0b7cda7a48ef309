"""MuJoCo scenes: a robot, one free object and a floor, compiled from their specs."""

from __future__ import annotations

from pathlib import Path

import mujoco

from assets.objects import ObjectSpec, Part
from assets.robot import RobotSpec

OBJECT_BODY = "object"
OBJECT_JOINT = "object_free"

_WORLD = {"contype": 2, "conaffinity": 3}
_FLOOR_FRICTION = 0.05
"""Low, since MuJoCo takes the larger of two: what stands on the floor decides."""


def scene_spec(
    robot: RobotSpec, obj: ObjectSpec | None, *, slides: bool = False
) -> mujoco.MjSpec:
    """The robot's MJCF with a floor, light, and `obj` as a free body added.

    The object's qpos and qvel come after the robot's. A state that explodes stays so:
    MuJoCo's own silent reset to the first pose is off. `slides` makes friction the same
    in all directions: of a pyramid it is up to 29 % less between the floor's axes, and
    what was kicked goes 41 % farther there than along them, and not straight.

    Raises FileNotFoundError if the robot's file is missing, ValueError if its joints
    are not RobotSpec's.
    """
    if not Path(robot.mjcf).is_file():
        msg = f"{robot.mjcf}: no such robot model; expected an MJCF of {robot.name}"
        raise FileNotFoundError(msg)
    spec = mujoco.MjSpec.from_file(str(robot.mjcf))
    _check_joints(spec, robot)
    for key in list(spec.keys):
        spec.delete(key)
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    if slides:
        spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    _add_floor(spec)
    if obj is not None:
        add_object(spec, obj)
    return spec


def compile_scene(
    robot: RobotSpec, obj: ObjectSpec | None, *, slides: bool = False
) -> mujoco.MjModel:
    """Compile `scene_spec`; position actuators take the robot's gains and limits."""
    model = scene_spec(robot, obj, slides=slides).compile()
    set_gains(model, robot)
    return model


def set_gains(model: mujoco.MjModel, robot: RobotSpec) -> None:
    """Write the robot's kp, kd and effort limits into the model's actuators."""
    for index, name in enumerate(robot.joint_names):
        actuator = model.actuator(name).id
        model.actuator_gainprm[actuator, 0] = robot.kp[index]
        model.actuator_biasprm[actuator, 1] = -robot.kp[index]
        model.actuator_biasprm[actuator, 2] = -robot.kd[index]
        effort = robot.effort[index]
        model.actuator_forcerange[actuator] = (-effort, effort)


def _check_joints(spec: mujoco.MjSpec, robot: RobotSpec) -> None:
    found = [j.name for j in spec.joints if j.type == mujoco.mjtJoint.mjJNT_HINGE]
    if tuple(found) != robot.joint_names:
        missing = [n for n in robot.joint_names if n not in found]
        what = f"lacks {missing[0]}" if missing else "has them in another order"
        msg = f"{robot.mjcf}: expected the {robot.num_joints} joints of {robot.name}; "
        raise ValueError(msg + f"the file {what}")


def _add_floor(spec: mujoco.MjSpec) -> None:
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.95, 0.98],
        rgb2=[0.70, 0.76, 0.84],
        width=64,
        height=384,
    )
    spec.add_texture(
        name="floor",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.80, 0.82, 0.84],
        rgb2=[0.74, 0.76, 0.79],
        width=256,
        height=256,
    )
    floor = spec.add_material(name="floor", texrepeat=[8, 8])
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 0.05],
        material="floor",
        friction=[_FLOOR_FRICTION, 0.005, 0.0001],
        **_WORLD,
    )
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[1.0, -1.5, 3.5],
        dir=[-0.25, 0.4, -1.0],
        diffuse=[0.6, 0.6, 0.6],
    )
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]


def add_object(
    spec: mujoco.MjSpec, obj: ObjectSpec, *, mocap: bool = False
) -> mujoco.MjsBody:
    """Add `obj` as the body `object`: free, or with `mocap` moved from outside.

    Its geoms are called `object`, `object_1` and so on, one for each of its parts.
    """
    obj.validate()
    body = spec.worldbody.add_body(
        name=OBJECT_BODY, pos=[0.6, 0.0, obj.half_size[2]], mocap=mocap
    )
    if not mocap:
        body.add_joint(name=OBJECT_JOINT, type=mujoco.mjtJoint.mjJNT_FREE)
    volume = sum(part.volume for part in obj.parts)
    for index, part in enumerate(obj.parts):
        shape, size = _geometry(part)
        body.add_geom(
            name=f"{OBJECT_BODY}_{index}" if index else OBJECT_BODY,
            type=shape,
            size=size,
            pos=part.pos_o,
            mass=obj.mass * part.volume / volume,
            friction=[obj.friction, 0.005, 0.0001],
            condim=4,
            rgba=[0.78, 0.56, 0.30, 1.0],
            **_WORLD,
        )
    return body


def _geometry(part: Part) -> tuple[mujoco.mjtGeom, list[float]]:
    """MuJoCo's type and sizes of a part."""
    x, y, z = (length / 2 for length in part.size)
    if part.shape == "cylinder":
        return mujoco.mjtGeom.mjGEOM_CYLINDER, [x, z, 0.0]
    if part.shape == "sphere":
        return mujoco.mjtGeom.mjGEOM_SPHERE, [x, 0.0, 0.0]
    return mujoco.mjtGeom.mjGEOM_BOX, [x, y, z]
