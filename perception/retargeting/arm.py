"""Track to prior for an arm on a fixed base: the hand's trajectory, nothing else."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.prior import RATE, Prior
from perception.retargeting.arm_base import FAR, Base, place_base
from perception.retargeting.arm_ik import ArmIK, compile_arm
from perception.retargeting.arm_path import PalmPath, read_palm_path
from perception.retargeting.arm_quality import LIMITS, measure_arm
from perception.retargeting.quality import PoorPriorError
from perception.timeline import resample
from perception.track import Track

Floats = NDArray[np.float64]

TRIES, MOST_TRIES = 4, 12
"""Places of the base that are tried: the best is kept, more if none will do."""
SPEED = 0.95
"""Share of the motors' speed that a motion may use."""
MAX_SLOWDOWN = 3.0


def retarget_arm(
    track: Track,
    object: ObjectSpec,
    robot: RobotSpec,
    *,
    name: str,
    task: str,
    source: dict[str, Any],
) -> Prior:
    """The arm's motion whose palm goes where the person's hand went on the object.

    The base is put where the path is in reach, and the world's origin under it. The
    object keeps its size; the motion is slowed where a person is too fast for the
    motors, which `source["slowed"]` says. Raises ValueError in one line if the arm
    cannot follow.
    """
    object.validate()
    seen = read_palm_path(track, object)
    _check_reach(seen)
    source = {**source, "seconds": list(seen.span)}
    tried: list[Prior] = []
    for base in place_base(seen, object, _shoulder(robot))[:MOST_TRIES]:
        if len(tried) >= TRIES and not all(p.quality["reasons"] for p in tried):
            break
        tried.append(
            _try(seen, base, object, robot, name=name, task=task, source=source)
        )
    best = min(tried, key=_badness)
    if best.quality["reasons"]:
        raise PoorPriorError(best)
    best.validate(robot)
    return best


def _try(
    seen: PalmPath,
    base: Base,
    obj: ObjectSpec,
    robot: RobotSpec,
    *,
    name: str,
    task: str,
    source: dict[str, Any],
) -> Prior:
    """The motion from one place of the base: exact, or smooth if that will not do."""
    origin = np.array([*base.pos[:2], 0.0])
    path = seen.moved(base.yaw, origin)
    model = compile_arm(robot, obj, float(base.pos[2]))
    ik = ArmIK(model, robot)
    smooth = ik.follow(path)
    made: list[Prior] = []
    for joints in (ik.polish(path, smooth), smooth):
        made.append(
            _assemble(
                *(path, joints, model, obj, robot),
                name=name,
                task=task,
                source=source,
            )
        )
        if not made[-1].quality["reasons"]:
            return made[-1]
    return min(made, key=_badness)


def _assemble(
    path: PalmPath,
    joints: Floats,
    model: mujoco.MjModel,
    obj: ObjectSpec,
    robot: RobotSpec,
    *,
    name: str,
    task: str,
    source: dict[str, Any],
) -> Prior:
    """A prior of `joints (T, J)` [rad], slowed to what the motors can do."""
    slower = slowdown(joints, robot)
    if slower > 1.0:
        source = {**source, "slowed": slower}
        path, joints = path.slowed(slower), resample(joints, RATE / slower)
    frames = len(joints)
    names = tuple(robot.contact_bodies)
    contact = np.zeros((frames, len(names)), dtype=bool)
    contact[:, names.index("right_hand")] = path.touching
    return Prior(
        joint_pos=np.clip(joints, robot.array("lower"), robot.array("upper")),
        root_pos_w=np.tile(model.body(robot.root_body).pos, (frames, 1)),
        root_quat_w=np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (frames, 1)),
        object_pos_w=path.object_pos_w,
        object_quat_w=path.object_quat_w,
        contact=contact,
        confidence=np.clip(path.confidence, 0.0, 1.0),
        goal_pos_w=path.object_pos_w[-1],
        goal_quat_w=path.object_quat_w[-1],
        joint_names=robot.joint_names,
        object=obj,
        task=task,
        name=name,
        contact_names=names,
        source=source,
        quality=measure_arm(model, robot, obj, path, joints),
    )


def _check_reach(path: PalmPath) -> None:
    """Refuse a path that no place of the base can serve."""
    across = float(np.linalg.norm(np.ptp(path.pos_w, axis=0)))
    if across > 2.0 * FAR:
        msg = (
            f"the hand's path spans {across:.2f} m, expected at most {2.0 * FAR:.2f} m "
            "for an arm that stays where it is"
        )
        raise ValueError(msg)


def slowdown(joints: Floats, robot: RobotSpec) -> float:
    """How many times as long a motion `(T, J)` [rad] must take for its motors.

    1 if they keep up as it is, and never above `MAX_SLOWDOWN`.
    """
    speed = np.abs(np.diff(joints, axis=0)) * RATE / robot.array("velocity")
    return float(np.clip(speed.max() / SPEED, 1.0, MAX_SLOWDOWN))


def _shoulder(robot: RobotSpec) -> float:
    """Height [m] of the first two joints' axes over the base."""
    model = mujoco.MjModel.from_xml_path(str(robot.mjcf))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    second = model.joint(robot.joint_names[1]).id
    return float(data.xanchor[second, 2] - data.body(robot.root_body).xpos[2])


def _badness(prior: Prior) -> float:
    """How far a prior is past its limits, and how slow where it is not."""
    quality = prior.quality
    past = sum(max(quality[key] / limit - 1.0, 0.0) for key, limit in LIMITS.items())
    return 100.0 * past + float(prior.source.get("slowed", 1.0))
