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
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from assets import rotations
from assets.objects import SEAT, ObjectSpec, Part
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
MOVING_M_S, LIFTED_M = 0.06, 0.04
NEAR_M, FAR_M, HIDDEN_M = 0.25, 0.12, 0.38
"""Hands within `NEAR_M` may hold it, or `FAR_M` farther than the nearest, whose place
behind an object is a guess, but none beyond `HIDDEN_M`."""
WITH_IT = 0.7
"""Speed against the object, over the object's own, below which a body goes with it."""
MIN_SECONDS, PAUSE_S, REACH_BACK_S = 0.15, 0.4, 0.5
MIN_MOVED_M, NEAR_REST_M, FROM_REST_M = 0.03, 0.03, 0.09
KICK_M, KICK_NEAR_M, KICK_PUSH_M = 0.5, 0.6, 0.085
"""A kick is over after the foot went with the object for `KICK_PUSH_M`."""
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
            _kick(labels, pos_w, gap, feet, start, fps)
        elif hands:
            _hold(labels, points, gap, pos_w, quat_w, hands, (start, end), fps)
    if PELVIS in named:
        labels[:, PELVIS] = seated(joints_w, spec, pos_w, quat_w, fps)
    return labels


def handled(
    spec: ObjectSpec, pos_w: Floats, quat_w: Floats, fps: float
) -> list[tuple[int, int]]:
    """Frames `[start, end)` in which something other than the floor moves the object.

    Both ends are drawn out to where the motion, slow at first, begins and ends.
    """
    speed = _speed(pos_w, 0.05 * fps, fps) + _turning(quat_w, spec, fps)
    up = pos_w[:, 2] - np.percentile(pos_w[:, 2], 2) > LIFTED_M
    still_up = np.abs(rotations.to_matrix(quat_w)[:, 2, 2])
    up &= (still_up < 0.98) | (pos_w[:, 2] > spec.size[2] / 2 + LIFTED_M)
    busy = without_blips(speed > MOVING_M_S, _frames(0.1, fps)) | up
    busy = _closed(busy, _frames(PAUSE_S, fps))
    found = []
    for start, end in _runs(busy):
        way = _way(spec, pos_w, quat_w, start)
        if way[start:end].max() < MIN_MOVED_M:
            continue
        begin = _begin(way, start, end)
        finish = end
        if end < len(busy):
            back = _way(spec, pos_w, quat_w, end)[::-1]
            last = len(busy) - 1
            finish = last - _begin(back, last - end, last - start) + 1
        found.append((max(begin, 0), min(finish, len(busy))))
    return found


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
    return without_blips(held, _frames(MIN_SECONDS, fps))


def without_blips(labels: Bools, frames: int) -> Bools:
    """Labels `(T,)` or `(T, C)` without gaps, then runs, shorter than `frames`.

    What a clip begins or ends with goes on beyond it.
    """
    columns = labels.reshape(len(labels), -1)
    padded = np.pad(columns, ((frames, frames), (0, 0)), mode="edge")
    size = np.ones((frames, 1))
    clean = binary_opening(binary_closing(padded, size), size)
    return np.asarray(clean, bool)[frames:-frames].reshape(labels.shape)


def _hold(
    labels: Bools,
    points: Floats,
    gap: Floats,
    pos_w: Floats,
    quat_w: Floats,
    hands: list[int],
    span: tuple[int, int],
    fps: float,
) -> None:
    """Label the hands that go with the object over `span`, and rest on it around."""
    start, end = span
    inside = slice(start, end)
    away = {c: float(np.median(gap[inside, c])) for c in hands}
    nearest = min(away.values())
    own = float(_speed(pos_w, 0.05 * fps, fps)[inside].mean())
    for c in hands:
        offset = rotations.rotate_inverse(quat_w, points[:, c] - pos_w)
        slip = _speed(offset, 0.05 * fps, fps)
        goes = float(slip[inside].mean()) < WITH_IT * own + REST_M_S
        near = away[c] < max(NEAR_M, min(nearest + FAR_M, HIDDEN_M))
        if not near or not (goes or away[c] == nearest):
            continue
        held = np.zeros(len(labels), bool)
        held[inside] = True
        back = _frames(REACH_BACK_S, fps)
        around = slice(max(start - back, 0), end + back)
        resting = np.zeros(len(labels), bool)
        resting[around] = (gap[around, c] < TOUCH_M) & (slip[around] < REST_M_S)
        labels[:, c] |= grow(held, resting | held)


def _kick(
    labels: Bools, pos_w: Floats, gap: Floats, feet: list[int], start: int, fps: float
) -> None:
    """Label the nearer foot while it speeds the object up."""
    window = slice(max(start - _frames(0.15, fps), 0), start + _frames(0.25, fps))
    foot = min(feet, key=lambda c: float(gap[window, c].min()))
    if gap[window, foot].min() > KICK_NEAR_M:
        return
    way = np.linalg.norm(pos_w - pos_w[start], axis=1)
    first = start + int(np.argmax(way[start:] > NEAR_REST_M))
    last = first + int(np.argmax(way[first:] > KICK_M * way[start:].max()))
    speed = (way[last] - way[first]) / max(last - first, 1)
    touch = first - way[first] / max(speed, 1e-3)
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


def _way(spec: ObjectSpec, pos_w: Floats, quat_w: Floats, frame: int) -> Floats:
    """How far `(T,)` [m] the object is from where it was before `frame`."""
    frame = min(max(frame, 0), len(pos_w) - 1)
    turned = rotations.angle(quat_w, quat_w[frame])
    if spec.shape == "sphere":
        turned = 0.0 * turned
    away = np.linalg.norm(pos_w - pos_w[frame], axis=1)
    return away + turned * min(spec.half_size)


def _begin(way: Floats, start: int, end: int) -> int:
    """The frame at which a motion, slow at first, began.

    It grows like a cube of time: two crossings tell when it was nothing.
    """
    part = way[start:end]
    crossed = []
    for level in (NEAR_REST_M, FROM_REST_M):
        above = part > min(level, 0.9 * part.max())
        i = int(np.argmax(above))
        low = part[i - 1] if i else 0.0
        crossed.append(start + i - (part[i] - level) / max(part[i] - low, 1e-6))
    ratio = (FROM_REST_M / NEAR_REST_M) ** (1 / 3)
    begin = crossed[0] - (crossed[1] - crossed[0]) / (ratio - 1.0)
    return int(np.clip(np.ceil(begin), start - 30, crossed[0]))


def _turning(quat_w: Floats, spec: ObjectSpec, fps: float) -> Floats:
    """Speed `(T,)` [m/s] at the object's skin from turning."""
    if len(quat_w) < 2 or spec.shape == "sphere":
        return np.zeros(len(quat_w))
    rate = rotations.angle(quat_w[1:], quat_w[:-1]) * fps
    rate = np.concatenate([rate[:1], rate])
    return 0.5 * gaussian_filter1d(rate, 0.05 * fps) * min(spec.half_size)


def _closed(busy: Bools, frames: int) -> Bools:
    """Runs whose gaps of up to `frames` are filled."""
    padded = np.pad(busy, frames)
    return np.asarray(binary_closing(padded, np.ones(frames)), bool)[frames:-frames]


def _runs(values: Bools) -> list[tuple[int, int]]:
    """Where `values (T,)` are true, as `[start, end)`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def grow(seed: Bools, allowed: Bools) -> Bools:
    """Runs of `allowed` that hold some `seed`."""
    kept = np.zeros_like(allowed)
    for start, end in _runs(allowed):
        kept[start:end] = seed[start:end].any()
    return kept


def _speed(path: Floats, width: float, fps: float) -> Floats:
    smooth = gaussian_filter1d(path, width, axis=0)
    return np.linalg.norm(np.gradient(smooth, 1.0 / fps, axis=0), axis=-1)


def _frames(seconds: float, fps: float) -> int:
    return max(1, round(seconds * fps))
