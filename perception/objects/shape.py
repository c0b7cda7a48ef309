"""What a shape looks like from outside: hulls, resting poses, unseen turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec, Part

Floats = NDArray[np.floating]

RING = 24
CAP = 0.5
"""Length of a bottle's cap, whose colour is its own, in diameters at most."""


def hull_points(spec: ObjectSpec) -> list[Floats]:
    """Per part, points `(N, 3)` [m] in the object's frame whose hull is the part."""
    return [_part_points(part) for part in spec.parts]


def _part_points(part: Part) -> Floats:
    half = np.asarray(part.size) / 2
    if part.shape == "box":
        bits = np.array([[(i >> k) & 1 for k in range(3)] for i in range(8)])
        return np.asarray(part.pos_o) + (2 * bits - 1) * half
    turn = np.linspace(0, 2 * np.pi, RING, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    levels = [-1.0, 1.0] if part.shape == "cylinder" else np.linspace(-1, 1, 17)
    rings = []
    for level in levels:
        radius = 1.0 if part.shape == "cylinder" else np.sqrt(1 - level**2)
        rings.append(np.column_stack([radius * ring, np.full(len(ring), level)]))
    return np.asarray(part.pos_o) + np.concatenate(rings) * half


def resting_quats(spec: ObjectSpec, lies: bool | None = None) -> list[Floats]:
    """Orientations `(4,)` wxyz, up to a turn about Z, in which it lies on a floor.

    A cylinder stands or `lies` along x, both if not known; boxes and chairs stand.
    """
    if spec.shape != "cylinder":
        return [rotations.IDENTITY]
    quarter = np.sqrt(0.5)
    both = [rotations.IDENTITY, np.array([quarter, 0.0, quarter, 0.0])]
    return both if lies is None else [both[int(lies)]]


def capped(spec: ObjectSpec) -> float:
    """How far, in widths, parts of another colour may go on beyond what is known."""
    return CAP if spec.shape == "cylinder" else 0.0


def resting_height(spec: ObjectSpec, quat_w: Floats) -> float:
    """Height [m] of the centre over the floor on which it lies turned so."""
    points = np.concatenate(hull_points(spec))
    return -float(rotations.rotate(quat_w, points)[:, 2].min())


def half_turn(spec: ObjectSpec, quat_w: Floats) -> float:
    """The turn about Z [rad] after which a resting object looks the same."""
    upright = abs(rotations.rotate(quat_w, np.array([0.0, 0.0, 1.0]))[2]) > 0.7
    if spec.shape == "sphere" or (spec.shape == "cylinder" and upright):
        return 0.0
    if spec.shape == "chair":
        return 2 * np.pi
    square = spec.shape == "box" and abs(spec.size[0] - spec.size[1]) < 0.01
    return np.pi / 2 if square and upright else np.pi


def unseen_turns(spec: ObjectSpec, quat_w: Floats) -> Floats:
    """Axes in the world, as a projector `(3, 3)`, about which turning changes nothing.

    All for a sphere, its own z for a cylinder, none for what has corners.
    """
    if spec.shape == "sphere":
        return np.eye(3)
    if spec.shape == "cylinder":
        axis = rotations.rotate(quat_w, np.array([0.0, 0.0, 1.0]))
        return np.outer(axis, axis)
    return np.zeros((3, 3))


def same_looks(spec: ObjectSpec) -> Floats:
    """Turns `(S, 4)` in the object's frame that leave its looks as they are.

    A cylinder's spin and a sphere's turns are endless: see `unseen_turns`.
    """
    if spec.shape in ("chair", "sphere"):
        return rotations.IDENTITY[None]
    about_x = np.array([0.0, 1.0, 0.0, 0.0])
    turns = [rotations.IDENTITY, about_x]
    if spec.shape == "box":
        turns = [*np.eye(4)]
        quarter = np.sqrt(0.5)
        for axis in range(3):
            others = [spec.size[i] for i in range(3) if i != axis]
            if abs(others[0] - others[1]) < 0.01:
                turn = np.array([quarter, 0.0, 0.0, 0.0])
                turn[1 + axis] = quarter
                turns += [rotations.multiply(t, turn) for t in turns[:4]]
    return np.stack(turns)
