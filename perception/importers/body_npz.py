"""BeyondMimic, mjlab and HDMI motions: .npz of joints and of every body's pose.

Layout (`csv_to_npz.py` of HybridRobotics/whole_body_tracking and of mujocolab/mjlab,
both): `fps (1,)`, `joint_pos`, `joint_vel` (T, J), `body_pos_w (T, B, 3)`,
`body_quat_w (T, B, 4)` wxyz, `body_lin_vel_w`, `body_ang_vel_w`; no names. The first
writes Isaac Lab's order, breadth first, the second MuJoCo's, depth first. HDMI
(LeCAR-Lab/HDMI, `active_adaptation/utils/motion.py`): the same arrays in
`motion.npz`, names and rate in `meta.json` beside it, the object as one body more,
`object_contact (T, 1)` bool.

A file without names is read in the order whose forward kinematics give the bodies
that the file holds; if neither or both do, it is refused.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.interactions import HANDS, interaction
from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.body_poses import body_poses, breadth_first
from perception.importers.npz_file import numbers, read_npz, words
from perception.importers.request import Request
from perception.importers.robot_motion import (
    RobotMotion,
    in_order,
    make_prior,
    unit_quaternions,
)
from perception.prior import CONTACT_NAMES, Prior

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

KEYS = frozenset(("joint_pos", "body_pos_w", "body_quat_w"))
NO_BODIES = ("world", "")
MISFIT = 0.03
"""Bodies farther [m] from where the joints put them than this are another order's."""
PROBES = 25
MUJOCO = "MuJoCo's joint order"
ISAAC = "Isaac Lab's joint order"


@dataclasses.dataclass(frozen=True)
class _Named:
    """What a file says about itself; empty where it says nothing."""

    fps: float | None
    joints: tuple[str, ...]
    bodies: tuple[str, ...]


def read(request: Request) -> Prior:
    """The motion in `request.path`; raises ValueError in one line."""
    arrays = read_npz(request.path)
    named = _names(arrays, request.path)
    joint_pos = numbers(arrays, "joint_pos", (None, None))
    frames, columns = joint_pos.shape
    if columns != request.robot.num_joints:
        msg = (
            f"joint_pos has {columns} columns, expected the "
            f"{request.robot.num_joints} joints of {request.robot.name}"
        )
        raise ValueError(msg)
    if not frames:
        msg = "joint_pos has no frames"
        raise ValueError(msg)
    pos = numbers(arrays, "body_pos_w", (frames, None, 3))
    quat = numbers(arrays, "body_quat_w", (frames, pos.shape[1], 4))
    fps = request.fps or named.fps
    if fps is None:
        msg = "no 'fps' in the file; give the frame rate"
        raise ValueError(msg)
    source = request.source("mjlab")
    root = _root(named.bodies, request.robot, pos.shape[1])
    unit_quaternions(quat[:, root], "the root's quaternion")
    fit = _fit(named.joints, request.robot, joint_pos, pos, quat, root)
    source["joint_order"] = fit.label
    if fit.swapped:
        quat = np.roll(quat, 1, axis=-1)
        source["quaternions"] = "read as xyzw: so the bodies are where the joints say"
    motion = RobotMotion(fps, fit.names, joint_pos, pos[:, root], quat[:, root])
    motion = _with_object(motion, request, named.bodies, arrays, pos, quat)
    task = request.task or _text(arrays, "task")
    return make_prior(
        motion, request.robot, name=request.name, task=task, source=source
    )


def _names(arrays: Arrays, path: Path) -> _Named:
    """Rate and names in the archive, else in the meta.json beside a motion.npz."""
    meta: dict[str, Any] = {}
    beside = path.with_name("meta.json")
    if path.name == "motion.npz" and beside.exists():
        meta = _meta(beside)
    joints, bodies = (
        words(arrays, key) if key in arrays else tuple(meta.get(key, ()))
        for key in ("joint_names", "body_names")
    )
    fps = meta.get("fps")
    if "fps" in arrays:
        rate = {"fps": np.atleast_1d(arrays["fps"])}
        fps = float(numbers(rate, "fps", (1,))[0])
    return _Named(fps, _last(joints), _last(bodies))


def _last(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names without the entity that mjlab puts before them, as in `robot/pelvis`."""
    return tuple(name.rsplit("/", 1)[-1] for name in names)


def _meta(path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        names = [*meta.get("joint_names", ()), *meta.get("body_names", ())]
        if not all(isinstance(name, str) for name in names):
            msg = "names must be text"
            raise ValueError(msg)
        return {**meta, "fps": float(meta["fps"])} if "fps" in meta else meta
    except (OSError, AttributeError, TypeError, ValueError, RecursionError) as error:
        msg = f"{path.name} is not readable ({' '.join(str(error).split())[:120]})"
        raise ValueError(msg) from error


def _root(bodies: tuple[str, ...], robot: RobotSpec, count: int) -> int:
    if not bodies:
        return 0
    if len(bodies) != count:
        msg = f"{len(bodies)} body names for {count} bodies"
        raise ValueError(msg)
    if robot.root_body not in bodies:
        msg = f"no body '{robot.root_body}'; there are: {', '.join(bodies[:8])}, …"
        raise ValueError(msg)
    return bodies.index(robot.root_body)


@dataclasses.dataclass(frozen=True)
class _Fit:
    """A reading of the file, and how far [m] its bodies are from its joints."""

    label: str
    names: tuple[str, ...]
    swapped: bool
    error: float


def _fit(
    names: tuple[str, ...],
    robot: RobotSpec,
    joint_pos: Floats,
    body_pos: Floats,
    body_quat: Floats,
    root: int,
) -> _Fit:
    """The joint order and the quaternions' order that put the bodies where they are."""
    orders = {MUJOCO: robot.joint_names, ISAAC: breadth_first(robot)[0]}
    if names:
        in_order(joint_pos, names, robot.joint_names)
        orders = {"the names given": names}
    probes = np.unique(np.linspace(0, len(joint_pos) - 1, PROBES).astype(int))
    seen, quat = body_pos[probes], body_quat[probes, root]
    fits = []
    for label, order in orders.items():
        joints = in_order(joint_pos[probes], order, robot.joint_names)
        for swapped in (False, True):
            turn = np.roll(quat, 1, axis=-1) if swapped else quat
            error = _misfit(robot, joints, seen, seen[:, root], turn)
            fits.append(_Fit(label, order, swapped, error))
    best = min(fits, key=lambda fit: fit.error)
    if best.error > MISFIT:
        msg = (
            f"joint_pos and body_pos_w disagree by {best.error:.2f} m in "
            f"{' and '.join(orders)}; another robot than {robot.name}, other units, "
            "or add joint_names"
        )
        raise ValueError(msg)
    columns = [in_order(joint_pos, f.names, robot.joint_names) for f in (best, *fits)]
    for fit, column in zip(fits, columns[1:], strict=True):
        if fit.error < MISFIT / 2 and not np.allclose(column, columns[0], atol=1e-6):
            msg = f"{MUJOCO} and {ISAAC} both fit; add joint_names"
            raise ValueError(msg)
    return best


def _misfit(
    robot: RobotSpec,
    joints: Floats,
    bodies: Floats,
    root_pos: Floats,
    root_quat: Floats,
) -> float:
    """Mean distance [m] from tracked bodies to the nearest body `(T, B, 3)` seen."""
    put = body_poses(robot, joints, root_pos, root_quat)
    tracked = [put.names.index(b) for b in robot.tracked_bodies if b != robot.root_body]
    gaps = np.linalg.norm(put.pos_w[:, tracked, None] - bodies[:, None], axis=-1)
    return float(gaps.min(axis=-1).mean())


def _with_object(
    motion: RobotMotion,
    request: Request,
    bodies: tuple[str, ...],
    arrays: Arrays,
    pos: Floats,
    quat: Floats,
) -> RobotMotion:
    """`motion` with the body that is no part of the robot, if there is one."""
    if not bodies:
        return motion
    known = {*breadth_first(request.robot)[1], *NO_BODIES}
    extra = [i for i, name in enumerate(bodies) if name not in known]
    if not extra:
        return motion
    if len(extra) > 1:
        names = ", ".join(bodies[i] for i in extra)
        msg = f"bodies beside the robot's are {names}; expected one object"
        raise ValueError(msg)
    written = _text(arrays, "object_spec")
    spec = _object_spec(written) if written else request.handled(bodies[extra[0]])
    return dataclasses.replace(
        motion,
        object=spec,
        object_pos_w=pos[:, extra[0]],
        object_quat_w=quat[:, extra[0]],
        contact=_contact(arrays, len(pos), request.task),
    )


def _object_spec(text: str) -> ObjectSpec:
    try:
        return ObjectSpec.from_dict(json.loads(text))
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
        msg = f"object_spec is not an object ({' '.join(str(error).split())[:120]})"
        raise ValueError(msg) from error


def _contact(arrays: Arrays, frames: int, task: str | None) -> NDArray[np.bool_] | None:
    """Labels by body: ours as they are, HDMI's one column for the task's bodies."""
    labels = np.zeros((frames, len(CONTACT_NAMES)), dtype=bool)
    if "contact" in arrays and "contact_names" in arrays:
        given = numbers(arrays, "contact", (frames, None)) > 0.5
        names = words(arrays, "contact_names")
        if len(names) != given.shape[1]:
            msg = f"{len(names)} contact_names for {given.shape[1]} columns of contact"
            raise ValueError(msg)
        for column, name in enumerate(names):
            if name in CONTACT_NAMES:
                labels[:, CONTACT_NAMES.index(name)] = given[:, column]
        return labels
    if "object_contact" not in arrays:
        return None
    given = numbers(arrays, "object_contact", (frames, None)) > 0.5
    touching = interaction(task).contacts if task else HANDS
    columns = [CONTACT_NAMES.index(name) for name in touching]
    if given.shape[1] not in (1, len(columns)):
        msg = f"object_contact has {given.shape[1]} columns for {', '.join(touching)}"
        raise ValueError(msg)
    labels[:, columns] = given
    return labels


def _text(arrays: Arrays, key: str) -> str | None:
    """A single text in the archive, if it is there."""
    if key not in arrays or arrays[key].dtype.kind != "U" or arrays[key].ndim:
        return None
    return str(arrays[key])
