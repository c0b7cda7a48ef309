"""Contact labels: which bodies touch the object, frame by frame.

Near is not touching: moving with it is. Where an object leaves its rest and comes to
rest again says when it is handled, and which bodies go with it says by whom. A foot
touches while a kick speeds the object up; a pelvis while it stays on the seat.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import SEAT, ObjectSpec, Part
from perception.handled import (
    NEAR_REST_M,
    frames_in,
    grow,
    handled,
    speed_of,
    without_blips,
)
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

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

HANDS, FEET, PELVIS = (0, 1), (2, 3), 4
"""Columns of the labels, in `CONTACT_NAMES` order."""
TOUCH_M = 0.10
REST_M_S = 0.15
NEAR_M, FAR_M, HIDDEN_M = 0.25, 0.12, 0.38
"""Hands within `NEAR_M` may hold it, or `FAR_M` farther than the nearest, whose place
behind an object is a guess, but none beyond `HIDDEN_M`."""
TOLD_M = 0.8
"""The same where only hands can be at it, so that what moves is in them."""
WITH_IT = 0.7
"""Speed against the object, over the object's own, below which a body goes with it."""
MIN_SECONDS, REACH_BACK_S = 0.15, 0.5
KICK_M, KICK_NEAR_M, KICK_PUSH_M = 0.5, 0.6, 0.085
"""A kick is over after the foot went with the object for `KICK_PUSH_M`."""
ROUNDED = 0.8
"""Frames by which a path drawn between key frames leaves its rest too early."""
SEAT_M, SEAT_HYSTERESIS_M, SEAT_ASIDE_M, SEAT_HIGH_M = 0.022, 0.01, 0.12, 0.25


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
    points = body_points(joints_w)
    gap = surface_distance(points, spec, pos_w, quat_w)
    for start, end in handled(spec, pos_w, quat_w, fps):
        hands = [c for c in HANDS if c in named]
        feet = [c for c in FEET if c in named]
        around = slice(max(start - round(0.1 * fps), 0), start + round(0.1 * fps) + 1)
        reach = {c: float(gap[around, c].min()) for c in hands + feet}
        by_foot = feet and (
            not hands
            or min(reach[c] for c in feet) + 0.1 < min(reach[c] for c in hands)
        )
        if by_foot:
            _kick(labels, points, pos_w, gap, feet, start, fps, unsure=bool(hands))
        elif hands:
            _hold(
                labels,
                points,
                gap,
                pos_w,
                quat_w,
                hands,
                (start, end),
                fps,
                unsure=bool(feet),
            )
    if PELVIS in named:
        labels[:, PELVIS] = seated(joints_w, spec, pos_w, quat_w, fps)
    return labels


def seated(
    joints_w: Floats, spec: ObjectSpec, pos_w: Floats, quat_w: Floats, fps: float
) -> Bools:
    """Frames `(T,)` in which the pelvis is down on the object, with hysteresis."""
    pelvis = joints_w[:, [L_HIP, R_HIP]].mean(axis=1)
    offset = rotations.rotate_inverse(quat_w, pelvis - pos_w)
    half = np.asarray(spec.half_size)
    over = (np.abs(offset[:, :2]) < half[:2] + SEAT_ASIDE_M).all(axis=1)
    top = (SEAT - 0.5) * spec.size[2] if spec.shape == "chair" else half[2]
    low = over & (np.abs(offset[:, 2] - top - SEAT_HIGH_M / 2) < SEAT_HIGH_M)
    height = gaussian_filter1d(pelvis[:, 2], 0.03 * fps)
    slow = np.abs(np.gradient(gaussian_filter1d(height, 0.1 * fps)) * fps) < 0.1
    if not (low & slow).any():
        return np.zeros(len(joints_w), bool)
    sat = float(np.median(height[low & slow]))
    sure = low & (height < sat + SEAT_M)
    perhaps = low & (height < sat + SEAT_M + SEAT_HYSTERESIS_M)
    held = grow(sure & slow, sure) | grow(sure, perhaps & slow)
    return without_blips(held, frames_in(MIN_SECONDS, fps))


def _hold(
    labels: Bools,
    points: Floats,
    gap: Floats,
    pos_w: Floats,
    quat_w: Floats,
    hands: list[int],
    span: tuple[int, int],
    fps: float,
    *,
    unsure: bool,
) -> None:
    """Label the hands that go with the object over `span`, and rest on it around."""
    start, end = span
    inside = slice(start, end)
    away = {c: float(np.median(gap[inside, c])) for c in hands}
    nearest = min(away.values())
    hidden = HIDDEN_M if unsure else TOLD_M
    own = float(speed_of(pos_w, 0.05 * fps, fps)[inside].mean())
    for c in hands:
        offset = rotations.rotate_inverse(quat_w, points[:, c] - pos_w)
        slip = speed_of(offset, 0.05 * fps, fps)
        goes = float(slip[inside].mean()) < WITH_IT * own + REST_M_S
        near = away[c] < max(
            NEAR_M, min(nearest + (FAR_M if unsure else TOLD_M), hidden)
        )
        if not near or not (goes or away[c] == nearest):
            continue
        held = np.zeros(len(labels), bool)
        held[inside] = True
        back = frames_in(REACH_BACK_S, fps)
        around = slice(max(start - back, 0), end + back)
        resting = np.zeros(len(labels), bool)
        resting[around] = (gap[around, c] < TOUCH_M) & (slip[around] < REST_M_S)
        labels[:, c] |= grow(held, resting | held)


def _kick(
    labels: Bools,
    points: Floats,
    pos_w: Floats,
    gap: Floats,
    feet: list[int],
    start: int,
    fps: float,
    *,
    unsure: bool,
) -> None:
    """Label the faster foot while it speeds the object up."""
    window = slice(max(start - frames_in(0.15, fps), 0), start + frames_in(0.25, fps))
    foot = max(
        feet, key=lambda c: float(speed_of(points[:, c], 1.0, fps)[window].max())
    )
    if unsure and gap[window, foot].min() > KICK_NEAR_M:
        return
    way = np.linalg.norm(pos_w - pos_w[start], axis=1)
    first = start + int(np.argmax(way[start:] > NEAR_REST_M))
    last = first + int(np.argmax(way[first:] > KICK_M * way[start:].max()))
    speed = (way[last] - way[first]) / max(last - first, 1)
    touch = first - way[first] / max(speed, 1e-3) + ROUNDED
    release = touch + KICK_PUSH_M / max(speed, 1e-3)
    labels[int(np.ceil(touch)) : int(np.floor(release)) + 1, foot] = True


def body_points(joints_w: Floats) -> Floats:
    """Palms, toes' and ankles' nearer ends, and pelvis `(T, 5, 3)` of the joints."""
    hands = palms(joints_w)
    feet = (
        joints_w[:, [L_TOE, L_TOE + 1]] * 0.9
        + joints_w[:, [L_ANKLE, L_ANKLE + 1]] * 0.1
    )
    pelvis = joints_w[:, [L_HIP, R_HIP]].mean(axis=1, keepdims=True)
    return np.concatenate([hands, feet, pelvis], axis=1)
