"""Which sides of the object the palms take, and how the robot faces it for that."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.plan import leaning

Floats = NDArray[np.float64]

PALM_GAP = 0.010
"""From the middle of a palm to the face that it presses [m]; its half is thicker."""
PALM_INSET = 0.025
CARRY_INSET = 0.10
"""Middle of a palm behind the near edge of a box [m]. What is carried gets the whole
hand: held by its edge, a deep box hangs a quarter of a metre before the palms, and
their friction alone keeps it from tipping."""
PALM_RISE = 0.20
"""Height of the palms over the object's centre, over half its height."""
PALM_PITCH = 0.4
LYING_RISE = 0.03
TIP_HOLD = 0.08
"""How far from its middle to its top what lies is held: its foot stays down, and it is
within reach of a robot in balance."""
PUSH_HEIGHT = 0.66
"""Height [m] of palms that push, at most, and at most 0.88 of the object's."""
PUSH_APART = 0.14
PUSH_PITCH = 0.5
"""How far [rad] pushing hands point down: forearms and wrists as they hang, bent."""
PUSH_REACH = 0.086
"""From the middle of a palm to the face that its fingers press [m], so pitched."""
LEVEL = 0.5
"""Vertical part of an axis below which it counts as lying."""


@dataclasses.dataclass(frozen=True)
class Grasp:
    """Palms on an object, in a frame with x ahead of the robot and z up.

    | field | shape | unit | frame |
    |---|---|---|---|
    | heading | () | rad | world, of the robot as it takes the object |
    | quat | (4,) | wxyz | the object at rest, ahead frame |
    | half | (3,) | m | extents of the object at rest, ahead frame |
    | tip | () | | 1 if it lies with its top away from the robot, −1 near, 0 if not |
    | palm_o | (2, 3) | m | object, where left and right palm press |
    | raised | () | m | palms above those points |
    | outward | (2, 3) | | ahead frame, off the object |
    | palm_quat | (2, 4) | wxyz | ahead frame |
    | pushes | () | | whether both hands press the near face |
    """

    heading: float
    quat: Floats
    half: Floats
    tip: int
    palm_o: Floats
    raised: float
    outward: Floats
    palm_quat: Floats
    pushes: bool = False


def find_grasp(demo: Demonstration, obj: ObjectSpec) -> Grasp:
    """The grasp that the task and the person's hands ask for."""
    if demo.interaction.name == "push-box":
        return _push(demo, obj)
    if obj.shape == "box":
        left, quat = _box_sides(demo)
        forward = np.array([left[1], -left[0]])
    else:
        forward, quat = _round_sides(demo)
    if forward @ _towards(demo) < 0.0 and obj.shape == "box":
        forward = -forward  # the estimator took the left side for the right
    half = np.abs(rotations.to_matrix(quat)) @ np.asarray(obj.half_size)
    up = rotations.rotate(quat, np.array([0.0, 0.0, 1.0]))
    tip = int(np.sign(up[0])) if abs(up[2]) < LEVEL else 0
    side = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    carried = demo.interaction.name == "carry-box"
    inset = CARRY_INSET if carried else PALM_INSET
    point = np.array([-half[0] + inset, 0.0, 0.0])
    point[2] = PALM_RISE * half[2]
    if obj.shape != "box":
        point = np.array([0.0, 0.0, PALM_RISE * obj.half_size[2] * 1.5])
        if tip:
            point = np.array([tip * TIP_HOLD * obj.half_size[2], 0.0, 0.0])
    palms = point + side * (half[1] + PALM_GAP)
    zero = np.zeros(2)
    return Grasp(
        heading=float(np.arctan2(forward[1], forward[0])),
        quat=quat,
        half=half,
        tip=tip,
        palm_o=np.asarray(rotations.rotate_inverse(quat, palms), dtype=np.float64),
        raised=LYING_RISE if tip else 0.0,
        outward=side,
        palm_quat=leaning(zero, PALM_PITCH),
    )


def _push(demo: Demonstration, obj: ObjectSpec) -> Grasp:
    """Both hands' fingers on the face that looks back along the way the object goes."""
    moved = np.median(demo.object_pos[demo.end - 5 :], axis=0) - demo.rest
    axis_w = _box_axes(demo, slice(0, max(demo.start, 5)))
    along = axis_w @ moved[:2]
    axis = int(np.argmax(np.abs(along)))
    forward = axis_w[axis] * np.sign(along[axis])
    quat = np.asarray(rotations.from_yaw(0.0 if axis == 0 else np.pi / 2))
    half = np.abs(rotations.to_matrix(quat)) @ np.asarray(obj.half_size)
    apart = min(PUSH_APART, half[1] - 0.05)
    height = min(PUSH_HEIGHT, 0.88 * 2 * half[2]) - half[2]
    palms = np.array([[-half[0], apart, height], [-half[0], -apart, height]])
    back = np.array([[-1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    palms = palms + PUSH_REACH * back
    return Grasp(
        heading=float(np.arctan2(forward[1], forward[0])),
        quat=np.asarray(quat, dtype=np.float64),
        half=half,
        tip=0,
        palm_o=np.asarray(rotations.rotate_inverse(quat, palms), dtype=np.float64),
        raised=0.0,
        outward=back,
        palm_quat=leaning(np.zeros(2), PUSH_PITCH),
        pushes=True,
    )


def _towards(demo: Demonstration) -> Floats:
    """The way `(2,)` from the feet to the object as it is touched."""
    return demo.rest[:2] - demo.place[demo.start, :2]


def _box_axes(demo: Demonstration, part: slice) -> Floats:
    """The object's two level axes `(2, 2)`, x then y, as horizontal unit vectors."""
    axes = rotations.to_matrix(demo.object_quat[part])[:, :2, :2]
    turned = np.arctan2(axes[:, 1, 0], axes[:, 0, 0])
    yaw = np.angle(np.exp(2j * turned).mean()) / 2.0
    return np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])


def _box_sides(demo: Demonstration) -> tuple[Floats, Floats]:
    """The person's left `(2,)` along the faces taken, and the box's orientation.

    A box looks the same after a half turn, so the turn nearest to none is chosen.
    """
    held = slice(demo.start, min(demo.end, demo.start + 50))
    wrists, quats = demo.wrists[held], demo.object_quat[held]
    up_o = rotations.rotate_inverse(quats, np.array([0.0, 0.0, 1.0])).mean(0)
    up = int(np.argmax(np.abs(up_o)))
    if up != 2:
        msg = f"track: the object lies on its {'xy'[up]} side, expected it upright"
        raise ValueError(msg)
    axes = _box_axes(demo, held)
    across = (wrists[:, 0] - wrists[:, 1]).mean(axis=0)[:2]
    along = axes @ across
    axis = int(np.argmax(np.abs(along)))
    left = axes[axis] * np.sign(along[axis])
    yaw = np.pi / 2 if axis == 0 else 0.0
    return left, np.asarray(rotations.from_yaw(yaw), dtype=np.float64)


def _round_sides(demo: Demonstration) -> tuple[Floats, Floats]:
    """The way `(2,)` that the robot faces a cylinder, and the cylinder's orientation.

    What stands is taken from where the person is, what lies along its axis.
    """
    towards = _towards(demo)
    towards = towards / max(float(np.linalg.norm(towards)), 1e-6)
    axes = rotations.rotate(demo.object_quat, np.array([0.0, 0.0, 1.0]))
    first = np.median(axes[: max(demo.start, 5)], axis=0)
    if abs(first[2]) > LEVEL:
        return towards, np.array([1.0, 0.0, 0.0, 0.0])
    if np.median(axes[-10:, 2]) < 0.0:
        first = -first  # the end that comes to be above is the top
    level = first[:2] / np.linalg.norm(first[:2])
    tip = 1.0 if level @ towards >= 0.0 else -1.0
    return tip * level, leaning(np.zeros(1), tip * np.pi / 2)[0]
