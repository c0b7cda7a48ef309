"""A robot's motion from somebody's file to a `Prior`: names, units, axes, rate."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.prior import CONTACT_NAMES, Prior
from perception.timeline import (
    check_fps,
    resample,
    resample_labels,
    resample_quat,
)

Floats = NDArray[np.float64]

NO_OBJECT = ObjectSpec("none", "sphere", (0.10, 0.10, 0.10), 0.1)
"""Stands in where a file has no object: a small ball that nobody comes near."""
PARKED = 3.0
"""Distance [m] of that ball from the robot's way."""
NO_TASK = "motion"
UPRIGHT = 0.3
MAX_CLIP = 0.2
"""Other people's limits differ a little; joints up to this far out [rad] are cut."""


@dataclasses.dataclass(frozen=True)
class RobotMotion:
    """What a file says of a robot, at its own rate and in its own joint order.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos | (T, J) | rad | order of joint_names |
    | root_pos_w | (T, 3) | m | world, Z up |
    | root_quat_w | (T, 4) | wxyz | world |
    | object_pos_w | (T, 3) | m | world; None without an object |
    | object_quat_w | (T, 4) | wxyz | world; None without an object |
    | contact | (T, C) | bool | order of `CONTACT_NAMES`; None where nobody said |
    """

    fps: float
    joint_names: tuple[str, ...]
    joint_pos: Floats
    root_pos_w: Floats
    root_quat_w: Floats
    object: ObjectSpec | None = None
    object_pos_w: Floats | None = None
    object_quat_w: Floats | None = None
    contact: NDArray[np.bool_] | None = None


def make_prior(
    motion: RobotMotion,
    robot: RobotSpec,
    *,
    name: str,
    task: str | None,
    source: dict[str, Any],
) -> Prior:
    """A valid prior at 50 Hz; what was changed on the way is said in its `source`.

    A file without an object gets `NO_OBJECT`, parked 3 m from the robot's way with no
    contact, and `source["object"]` says so. Raises ValueError in one line.
    """
    fps = check_fps(motion.fps, len(motion.joint_pos))
    joints = in_order(motion.joint_pos, motion.joint_names, robot.joint_names)
    _check_units(joints, motion.root_pos_w)
    quats = unit_quaternions(motion.root_quat_w, "the root's quaternion")
    source = dict(source)
    joints = _within_limits(joints, robot, source)
    root = resample(motion.root_pos_w, fps)
    pos, quat, contact = _object_track(motion, root, fps, source)
    prior = Prior(
        joint_pos=resample(joints, fps),
        root_pos_w=root,
        root_quat_w=resample_quat(quats, fps),
        object_pos_w=pos,
        object_quat_w=quat,
        contact=contact,
        confidence=np.ones(len(root)),
        goal_pos_w=pos[-1],
        goal_quat_w=quat[-1],
        joint_names=robot.joint_names,
        object=motion.object or NO_OBJECT,
        task=task or NO_TASK,
        name=name,
        source=source,
    )
    prior.validate(robot)
    return prior


def in_order(
    joint_pos: Floats, names: tuple[str, ...], wanted: tuple[str, ...]
) -> Floats:
    """Columns of `joint_pos (T, N)`, named `names`, in the order `wanted`.

    Raises ValueError that names a joint which is missing, unknown or there twice.
    """
    if len(names) != joint_pos.shape[1]:
        msg = f"{len(names)} joint names for {joint_pos.shape[1]} columns"
        raise ValueError(msg)
    twice = [n for n in names if names.count(n) > 1]
    missing = [n for n in wanted if n not in names]
    unknown = [n for n in names if n not in wanted]
    for what, odd in (("twice", twice), ("missing", missing), ("unknown", unknown)):
        if odd:
            msg = f"joint {odd[0]} is {what}; expected the robot's {len(wanted)} joints"
            raise ValueError(msg)
    return joint_pos[:, [names.index(n) for n in wanted]]


def unit_quaternions(quats: Floats, what: str) -> Floats:
    """`quats (T, 4)` at unit norm, as they came where they have it already."""
    norms = np.linalg.norm(quats, axis=-1)
    worst = int(np.argmax(np.abs(norms - 1.0)))
    if abs(norms[worst] - 1.0) > 0.05:
        msg = f"{what} has norm {norms[worst]:.3f} at frame {worst}, expected 1"
        raise ValueError(msg)
    if abs(norms[worst] - 1.0) < 1e-9:
        return quats
    return np.asarray(rotations.normalize(quats), dtype=np.float64)


def upright(quats: Floats, source: dict[str, Any], *, documented: str) -> Floats:
    """Root quaternions `(T, 4)` as wxyz, from files whose format says `documented`.

    If the robot lies so but stands with the other order, the other is taken and
    `source` says so. A robot that lies in both is left for `Prior.validate` to refuse.
    """
    wxyz = quats if documented == "wxyz" else np.roll(quats, 1, axis=-1)
    other = np.roll(quats, 1 if documented == "wxyz" else 0, axis=-1)
    if _stands(wxyz) or not _stands(other):
        return wxyz
    swapped = "xyzw" if documented == "wxyz" else "wxyz"
    source["quaternions"] = f"read as {swapped}: as {documented} the root lies"
    return other


def _stands(wxyz: Floats) -> bool:
    x, y = wxyz[:, 1], wxyz[:, 2]
    norm = np.maximum(np.sum(wxyz**2, axis=-1), 1e-12)
    return float(np.median(1.0 - 2.0 * (x * x + y * y) / norm)) > UPRIGHT


def _check_units(joints: Floats, root: Floats) -> None:
    widest = float(np.abs(joints).max())
    if widest > 2.0 * np.pi:
        msg = f"joint angles reach {widest:.0f}: in degrees? expected radians"
        raise ValueError(msg)
    height = float(np.abs(np.median(root, axis=0)).max())
    if np.median(root[:, 2]) > 10.0 or height > 1000.0:
        msg = f"root at {np.median(root[:, 2]):.0f}: in centimetres? expected metres"
        raise ValueError(msg)


def _within_limits(joints: Floats, robot: RobotSpec, source: dict[str, Any]) -> Floats:
    """Cut what exceeds the robot's ranges by little; validation refuses the rest."""
    cut = np.clip(joints, robot.array("lower"), robot.array("upper"))
    over = float(np.abs(joints - cut).max())
    if over == 0.0 or over > MAX_CLIP:
        return joints
    source["joints_cut_rad"] = over
    return cut


def _object_track(
    motion: RobotMotion, root: Floats, fps: float, source: dict[str, Any]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The object's positions, quaternions and contact labels at 50 Hz."""
    frames = len(root)
    if motion.object is None or motion.object_pos_w is None:
        source["object"] = f"the file has none; a ball is parked {PARKED:g} m away"
        away = [*(root[:, :2].min(axis=0) - PARKED), NO_OBJECT.half_size[2]]
        quat = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (frames, 1))
        return np.tile(away, (frames, 1)), quat, _no_contact(frames)
    if motion.object_quat_w is None:
        msg = "the object has positions but no orientations"
        raise ValueError(msg)
    quats = unit_quaternions(motion.object_quat_w, "the object's quaternion")
    contact = _no_contact(frames)
    if motion.contact is None:
        source["contact"] = "the file labels none"
    else:
        contact = resample_labels(motion.contact, fps)
    return resample(motion.object_pos_w, fps), resample_quat(quats, fps), contact


def _no_contact(frames: int) -> NDArray[np.bool_]:
    return np.zeros((frames, len(CONTACT_NAMES)), dtype=bool)
