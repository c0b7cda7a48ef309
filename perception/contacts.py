"""Contact labels: which bodies touch the object, frame by frame.

Near is not touching: moving with it is. Where an object leaves its rest and comes to
rest again says when it is handled, and which bodies go with it says by whom
(`touches`). A foot touches as a kick sets the object off; a pelvis while it stays on
the seat.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec, Part
from perception.handled import handled
from perception.person.skeleton import (
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_TOE,
    L_WRIST,
    PALM_M,
    R_ELBOW,
    R_HIP,
    R_WRIST,
)
from perception.prior import CONTACT_NAMES
from perception.touches import holding, kicked, seated

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

HANDS, FEET, PELVIS = (0, 1), (2, 3), 4
"""Columns of the labels, in `CONTACT_NAMES` order."""


@dataclasses.dataclass(frozen=True)
class Handling:
    """A clip's person and object, in the world, for those who label contacts.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joints_w | (T, 14, 3) | m | world |
    | spec | | | the object |
    | pos_w | (T, 3) | m | world, centre of the object |
    | quat_w | (T, 4) | wxyz | world |
    | fps | () | 1/s | |
    | bodies | | | names of those that can touch it |
    """

    joints_w: Floats
    spec: ObjectSpec
    pos_w: Floats
    quat_w: Floats
    fps: float
    bodies: tuple[str, ...] = CONTACT_NAMES


class ContactLabeller(Protocol):
    """What says which bodies touch the object, frame by frame."""

    name: str

    def label(self, clip: Handling) -> Bools:
        """Labels `(T, C)` in `CONTACT_NAMES` order."""
        ...


class MotionLabeller:
    """Labels from how bodies and object move: `label_contacts`."""

    name = "motion"

    def label(self, clip: Handling) -> Bools:
        """Labels `(T, C)` in `CONTACT_NAMES` order."""
        where = clip.joints_w, clip.spec, clip.pos_w, clip.quat_w
        return label_contacts(*where, clip.fps, clip.bodies)


def palms(joints_w: Floats) -> Floats:
    """Middles of the left and right palm `(T, 2, 3)` [m] of joints `(T, 14, 3)`."""
    wrist = joints_w[:, [L_WRIST, R_WRIST]]
    forearm = wrist - joints_w[:, [L_ELBOW, R_ELBOW]]
    length = np.linalg.norm(forearm, axis=-1, keepdims=True)
    return wrist + forearm / np.maximum(length, 1e-6) * PALM_M


def surface_distance(
    points_w: Floats, spec: ObjectSpec, pos_w: Floats, quat_w: Floats
) -> Floats:
    """Distance `(T, P)` [m] from points `(T, P, 3)` to the object; negative inside."""
    points_o = rotations.rotate_inverse(quat_w[:, None], points_w - pos_w[:, None])
    gaps = [_part_distance(points_o - part.pos_o, part) for part in spec.parts]
    return np.min(gaps, axis=0)


def _part_distance(points: Floats, part: Part) -> Floats:
    half = np.asarray(part.size) / 2
    if part.shape == "sphere":
        return np.linalg.norm(points, axis=-1) - half[0]
    beyond = np.abs(points) - half
    if part.shape == "cylinder":
        around = np.linalg.norm(points[..., :2], axis=-1) - half[0]
        beyond = np.stack([around, beyond[..., 2]], axis=-1)
    outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1)
    return outside + np.minimum(beyond.max(axis=-1), 0.0)


def label_contacts(
    joints_w: Floats,
    spec: ObjectSpec,
    pos_w: Floats,
    quat_w: Floats,
    fps: float,
    bodies: tuple[str, ...] = CONTACT_NAMES,
) -> Bools:
    """Labels `(T, C)` in `CONTACT_NAMES` order; only the named `bodies` can touch."""
    labels = np.zeros((len(joints_w), len(CONTACT_NAMES)), bool)
    named = [CONTACT_NAMES.index(name) for name in bodies]
    hands = [c for c in HANDS if c in named]
    feet = [c for c in FEET if c in named]
    points = body_points(joints_w)
    gap = surface_distance(points, spec, pos_w, quat_w)
    for span in handled(spec, pos_w, quat_w, fps):
        if feet and (not hands or _by_foot(gap, hands, feet, span[0], fps)):
            both = points[:, feet], gap[:, feet]
            labels[:, feet] |= kicked(*both, pos_w, span, fps, unsure=bool(hands))
        elif hands:
            both = points[:, hands], gap[:, hands]
            where = spec, pos_w, quat_w
            held = holding(*both, *where, span, fps, unsure=bool(feet))
            labels[slice(*span), np.array(hands)[held]] = True
    if PELVIS in named:
        labels[:, PELVIS] = seated(points[:, PELVIS], spec, pos_w, quat_w, fps)
    return labels


def _by_foot(
    gap: Floats, hands: list[int], feet: list[int], start: int, fps: float
) -> bool:
    """Whether feet are clearly nearer than hands as it begins to move."""
    around = slice(max(start - round(0.1 * fps), 0), start + round(0.1 * fps) + 1)
    return bool(gap[around, feet].min() + 0.1 < gap[around, hands].min())


def body_points(joints_w: Floats) -> Floats:
    """Palms, toes' and ankles' nearer ends, and pelvis `(T, 5, 3)` of the joints."""
    hands = palms(joints_w)
    feet = (
        joints_w[:, [L_TOE, L_TOE + 1]] * 0.9
        + joints_w[:, [L_ANKLE, L_ANKLE + 1]] * 0.1
    )
    pelvis = joints_w[:, [L_HIP, R_HIP]].mean(axis=1, keepdims=True)
    return np.concatenate([hands, feet, pelvis], axis=1)
