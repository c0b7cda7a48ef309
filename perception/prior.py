"""`Prior`: one human-object interaction in robot space, the border to `envs`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from assets.robot import RobotSpec

SCHEMA = 1
RATE = 50.0
CONTACT_NAMES = ("left_hand", "right_hand", "left_foot", "right_foot", "pelvis")

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Prior:
    """Robot and object motion at 50 Hz with contact labels, world frame Z up.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos | (T, J) | rad | RobotSpec order |
    | root_pos_w | (T, 3) | m | world |
    | root_quat_w | (T, 4) | wxyz | world |
    | object_pos_w | (T, 3) | m | world |
    | object_quat_w | (T, 4) | wxyz | world |
    | contact | (T, C) | bool | order of contact_names |
    | confidence | (T,) | 0 to 1 | |
    | goal_pos_w | (3,) | m | world |
    | goal_quat_w | (4,) | wxyz | world |

    The contact labels say that a body touches the object (hands, feet, pelvis).
    `source` records the video's hash, the settings and the versions; `quality` the
    figures of the feasibility pass (metres, newtons). Both hold JSON values only.
    """

    joint_pos: Floats
    root_pos_w: Floats
    root_quat_w: Floats
    object_pos_w: Floats
    object_quat_w: Floats
    contact: NDArray[np.bool_]
    confidence: Floats
    goal_pos_w: Floats
    goal_quat_w: Floats
    joint_names: tuple[str, ...]
    object: ObjectSpec
    task: str
    name: str
    contact_names: tuple[str, ...] = CONTACT_NAMES
    fps: float = RATE
    source: dict[str, Any] = dataclasses.field(default_factory=dict)
    quality: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def num_frames(self) -> int:
        """Number of frames, T."""
        return len(self.joint_pos)

    def validate(self, robot: RobotSpec) -> None:
        """Raise ValueError in one line that names the first fault found."""
        for check in (
            _check_shapes,
            _check_finite,
            _check_joints,
            _check_quaternions,
            _check_upright,
            _check_object,
            _check_sides,
        ):
            fault = check(self, robot)
            if fault:
                msg = f"prior '{self.name}': {fault}"
                raise ValueError(msg)

    def save(self, path: Path) -> None:
        """Write as .npz without pickled objects."""
        arrays = {f: getattr(self, f) for f in _ARRAYS}
        meta = {
            "schema": SCHEMA,
            "joint_names": self.joint_names,
            "object": self.object.to_dict(),
            "task": self.task,
            "name": self.name,
            "contact_names": self.contact_names,
            "fps": self.fps,
            "source": self.source,
            "quality": self.quality,
        }
        with path.open("wb") as file:
            np.savez_compressed(file, meta=np.array(json.dumps(meta)), **arrays)

    @classmethod
    def load(cls, path: Path) -> Prior:
        """Read what `save` wrote; raises ValueError naming the file and the fault."""
        try:
            with np.load(path, allow_pickle=False) as file:
                meta = json.loads(str(file["meta"]))
                arrays = {f: np.array(file[f]) for f in _ARRAYS}
        except Exception as error:
            msg = f"{path}: not a readable prior ({error}); make it again with `priors`"
            raise ValueError(msg) from error
        if meta.pop("schema", None) != SCHEMA:
            msg = f"{path}: prior schema differs from {SCHEMA}; make it again"
            raise ValueError(msg)
        meta["object"] = ObjectSpec.from_dict(meta["object"])
        for key in ("joint_names", "contact_names"):
            meta[key] = tuple(meta[key])
        return cls(**arrays, **meta)


_ARRAYS = (
    "joint_pos",
    "root_pos_w",
    "root_quat_w",
    "object_pos_w",
    "object_quat_w",
    "contact",
    "confidence",
    "goal_pos_w",
    "goal_quat_w",
)


def _check_shapes(prior: Prior, robot: RobotSpec) -> str | None:
    t, c = prior.num_frames, len(prior.contact_names)
    expected = {
        "joint_pos": (t, robot.num_joints),
        "root_pos_w": (t, 3),
        "root_quat_w": (t, 4),
        "object_pos_w": (t, 3),
        "object_quat_w": (t, 4),
        "contact": (t, c),
        "confidence": (t,),
        "goal_pos_w": (3,),
        "goal_quat_w": (4,),
    }
    for field, shape in expected.items():
        found = getattr(prior, field).shape
        if found != shape:
            return f"{field} has shape {found}, expected {shape}"
    if prior.contact.dtype != np.bool_:
        return f"contact has type {prior.contact.dtype}, expected bool"
    if t < 10:
        return f"{t} frames, expected at least 10 ({10 / prior.fps:.1f} s)"
    if prior.fps != RATE:
        return f"{prior.fps:g} frames/s, expected {RATE:g}"
    return None


def _check_finite(prior: Prior, robot: RobotSpec) -> str | None:
    del robot
    for field in _ARRAYS:
        values = getattr(prior, field)
        bad = ~np.isfinite(values.astype(float))
        if bad.any():
            return f"{field} is not finite at frame {np.argwhere(bad)[0][0]}"
    return None


def _check_joints(prior: Prior, robot: RobotSpec) -> str | None:
    pairs = enumerate(zip(prior.joint_names, robot.joint_names, strict=False))
    for index, (found, expected) in pairs:
        if found != expected:
            return (
                f"joint order differs from RobotSpec at index {index}: "
                f"found {found}, expected {expected}"
            )
    if len(prior.joint_names) != robot.num_joints:
        return f"{len(prior.joint_names)} joint names, expected {robot.num_joints}"
    over = np.maximum(
        prior.joint_pos - robot.array("upper"), robot.array("lower") - prior.joint_pos
    )
    frame, joint = np.unravel_index(np.argmax(over), over.shape)
    if over[frame, joint] > 1e-3:
        return (
            f"{robot.joint_names[joint]} is {over[frame, joint]:.3f} rad outside "
            f"its range at frame {frame}"
        )
    return None


def _check_quaternions(prior: Prior, robot: RobotSpec) -> str | None:
    del robot
    for field in ("root_quat_w", "object_quat_w", "goal_quat_w"):
        norms = np.atleast_1d(np.linalg.norm(getattr(prior, field), axis=-1))
        worst = int(np.argmax(np.abs(norms - 1.0)))
        if abs(norms[worst] - 1.0) > 1e-3:
            return f"{field} has norm {norms[worst]:.3f} at frame {worst}, expected 1"
    return None


def _check_upright(prior: Prior, robot: RobotSpec) -> str | None:
    if not robot.stands:
        moved = np.ptp(np.hstack([prior.root_pos_w, prior.root_quat_w]), axis=0).max()
        return f"the bolted base moves by {moved:.3f}" if moved > 1e-6 else None
    if np.median(prior.root_pos_w[:, 2]) < 0.1:
        horizontal = np.median(np.abs(prior.root_pos_w[:, 1]))
        if horizontal > 0.4:
            return "root lies flat: up axis is y, expected z"
        return f"root height is {np.median(prior.root_pos_w[:, 2]):.2f} m, expected > 0"
    up = rotations.to_matrix(prior.root_quat_w)[:, :, 2]
    if np.median(up[:, 2]) < 0.3:
        axis = "xyz"[int(np.argmax(np.abs(np.median(up, axis=0))))]
        return f"root lies flat: up axis is {axis}"
    highest = float(prior.root_pos_w[:, 2].max())
    if highest > 2.5 * robot.default_height:
        return f"root at {highest:.2f} m, too high for {robot.name}"
    return None


def _check_object(prior: Prior, robot: RobotSpec) -> str | None:
    del robot
    half = np.asarray(prior.object.half_size)
    extent = np.abs(rotations.to_matrix(prior.object_quat_w)[:, 2, :]) @ half
    below = extent - prior.object_pos_w[:, 2]
    frame = int(np.argmax(below))
    if below[frame] > 0.10:
        return f"object {below[frame]:.2f} m below the floor at frame {frame}"
    return None


def _check_sides(prior: Prior, robot: RobotSpec) -> str | None:
    """Swapped sides put both hip and shoulder rolls on the wrong side of zero."""
    del robot
    names = list(prior.joint_names)
    rolls = ("left_shoulder_roll_joint", "right_shoulder_roll_joint")
    if any(name not in names for name in rolls):
        return None
    left, right = (np.median(prior.joint_pos[:, names.index(n)]) for n in rolls)
    if left < -0.3 and right > 0.3:
        return "left and right swapped: both arms cross the body"
    return None
