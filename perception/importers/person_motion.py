"""A person's joints from somebody's file to a `Track`: axes, units, floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.importers.robot_motion import NO_OBJECT, PARKED
from perception.prior import CONTACT_NAMES
from perception.timeline import check_fps
from perception.track import JOINTS, Track

Floats = NDArray[np.float64]

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "CMU": 0.0564444}
"""Metres per unit; CMU's are inches over 0.45 (its FAQ: (1/0.45)·2.54/100)."""
LEG = (0.55, 1.15)
"""Length [m] of a person's leg, hip to ankle."""
ANKLE_HEIGHT, TOE_HEIGHT = 0.08, 0.02
MIN_UP = 0.75


def make_track(joints: Floats, fps: float) -> Track:
    """A valid track from `joints (T, 14, 3)` in any unit and with any axis up.

    The unit is what makes the legs a person's, the axis up is the one along which
    shoulders stand over ankles, and the floor is what the feet reach down to. The
    object is `NO_OBJECT`, parked 3 m away; the camera is a nominal one, 4 m away.
    Raises ValueError in one line.
    """
    check_fps(fps, len(joints))
    if not np.isfinite(joints).all():
        msg = (
            f"joints are not finite at frame {np.argwhere(~np.isfinite(joints))[0][0]}"
        )
        raise ValueError(msg)
    joints = joints * unit_of(joints)
    joints = joints @ up_axis(joints).T
    _check_sides(joints)
    joints = joints - np.array([0.0, 0.0, floor_height(joints)])
    frames = len(joints)
    away = [*(joints[..., :2].min(axis=(0, 1)) - PARKED), NO_OBJECT.half_size[2]]
    track = Track(
        fps=fps,
        joints_w=joints,
        visibility=np.ones((frames, len(JOINTS))),
        object_pos_w=np.tile(np.array(away), (frames, 1)),
        object_quat_w=np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (frames, 1)),
        contact=np.zeros((frames, len(CONTACT_NAMES)), dtype=bool),
        K=np.array([[1000.0, 0.0, 640.0], [0.0, 1000.0, 360.0], [0.0, 0.0, 1.0]]),
        T_world_to_cam=np.tile(_camera(joints), (frames, 1, 1)),
    )
    track.validate()
    return track


def joint(joints: Floats, name: str) -> Floats:
    """Both sides' joint `(T, 2, 3)`: left, then right."""
    names: list[str] = [*JOINTS]
    return joints[:, [names.index(f"{side}_{name}") for side in ("l", "r")]]


def unit_of(joints: Floats) -> float:
    """Metres per unit of `joints (T, 14, 3)`; ValueError if no unit fits the legs."""
    hip, knee, ankle = (joint(joints, name) for name in ("hip", "knee", "ankle"))
    leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
    length = float(np.median(leg))
    for scale in UNITS.values():
        if LEG[0] <= length * scale <= LEG[1]:
            return scale
    msg = (
        f"legs are {length:.3g} units long; expected {LEG[0]} to {LEG[1]} m in "
        f"{', '.join(UNITS)}"
    )
    raise ValueError(msg)


def up_axis(joints: Floats) -> Floats:
    """Rotation `(3, 3)` that turns the file's axis up into z.

    Files have y or z up. Raises ValueError if the person stands along neither, as
    someone who lies.
    """
    body = joint(joints, "shoulder").mean(axis=1) - joint(joints, "ankle").mean(axis=1)
    lean = np.median(body, axis=0)
    axis = int(np.argmax(np.abs(lean)))
    if axis == 0 or abs(lean[axis]) < MIN_UP * np.linalg.norm(lean):
        msg = "cannot tell which axis is up: the person does not stand for most of it"
        raise ValueError(msg)
    sign = 1.0 if lean[axis] > 0.0 else -1.0
    turn = np.zeros((3, 3))
    turn[2, axis] = sign
    turn[0, (axis + 1) % 3] = 1.0
    turn[1, (axis + 2) % 3] = sign
    return turn


def floor_height(joints: Floats) -> float:
    """Height [m] of the floor under `joints (T, 14, 3)`: the feet's lowest reach."""
    toes = joint(joints, "toe")[..., 2] - TOE_HEIGHT
    ankles = joint(joints, "ankle")[..., 2] - ANKLE_HEIGHT
    return float(np.quantile(np.minimum(toes, ankles).min(axis=1), 0.05))


def _check_sides(joints: Floats) -> None:
    """Refuse mirrored people: their left hip is on the right of where they face."""
    ahead = (joint(joints, "toe") - joint(joints, "ankle")).mean(axis=1)[:, :2]
    across = -np.diff(joint(joints, "hip"), axis=1)[:, 0, :2]
    turn = ahead[:, 0] * across[:, 1] - ahead[:, 1] * across[:, 0]
    if np.median(turn) < 0.0:
        msg = "left and right swapped: left-handed axes, or toes that point back"
        raise ValueError(msg)


def _camera(joints: Floats) -> Floats:
    """World to a camera `(4, 4)` 4 m behind −x of where the person is, level."""
    middle = np.median(joints.mean(axis=1), axis=0)
    rotation = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    eye = np.array([middle[0] - 4.0, middle[1], 1.2])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ eye
    return matrix
