"""From what each key frame shows to one path that physics allows.

All key frames are weighed together, each in the directions that its outline tells:
still until touched, on the floor when it lies there again, without jerks between.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.banded import Banded
from perception.objects.rests import last_at_rest, set_down
from perception.objects.shape import hull_points, resting_height, unseen_turns
from perception.objects.silhouette import Pose

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

TRUST = 0.15
"""Edges along an outline err together, so each counts as this much of one."""
MAX_INFORMATION = np.array([3e-3] * 3 + [8e-3] * 3) ** -2.0
ACCELERATION = np.array([4.0] * 3 + [15.0] * 3)
"""Usual size [m/s², rad/s²] of what moves an object."""
SOFT_START = 5.0
CARRY_M, CARRY_REACH_M = 0.05, 0.3
STILL_M_S, LOW_M, LEVEL = 0.10, 0.15, 0.97
HELD = np.array([1e-3] * 6) ** -2.0
FLOOR_M, FLOOR_RAD = 0.003, 0.006
MIN_REST_S = 0.35
DRIFT_M = 0.12


@dataclasses.dataclass(frozen=True)
class Manner:
    """How an object may move: at all, off the floor, over onto another side.

    `lies` says whether a cylinder lies at first, if that is known.
    """

    moves: bool = True
    on_floor: bool = False
    tips: bool = False
    lies: bool | None = None


@dataclasses.dataclass(frozen=True)
class ObjectTrack:
    """An object over a clip.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_w | (T, 3) | m | world, centre of the bounding box |
    | quat_w | (T, 4) | wxyz | world |
    | seen | (T,) | 0 to 1 | share of the outline that was found |
    | moved | () | m | how far it came from where it rested |
    """

    pos_w: Floats
    quat_w: Floats
    seen: Floats
    moved: float


@dataclasses.dataclass(frozen=True)
class Sight:
    """What the key frames show of an object.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | index | (N,) | | frames of the video |
    | poses | N | | in the world |
    | information | (N, 6, 6) | 1/m², 1/rad² | how well each is known; zeros: not seen |
    | seen | (N,) | 0 to 1 | share of the outline that was found |
    | start | () | | key frame until which it rests untouched |
    | stands | () | | key frame from which it stands on end for good, if known |
    """

    index: NDArray[np.intp]
    poses: list[Pose]
    information: Floats
    seen: Floats
    start: int
    stands: int | None = None


def settle(
    sight: Sight,
    spec: ObjectSpec,
    rest: Pose,
    hands_w: Floats,
    manner: Manner,
    count: int,
    fps: float,
) -> ObjectTrack:
    """The object at all `count` frames; `hands_w (N, 3)` is where the palms' middle is.

    Two passes: the second knows where the first left its rest and came to another.
    """
    pos = np.stack([pose.pos_w for pose in sight.poses])
    quat = rotations.continuous(np.stack([pose.quat_w for pose in sight.poses]))
    pos_s, quat_s = pos, quat
    stands = len(pos) if sight.stands is None else sight.stands
    down = np.arange(len(pos)) >= stands
    for again in (False, True):
        if again and spec.shape == "box" and manner.moves:
            high, away = pos_s[:, 2] - _lowest(spec, quat_s), pos_s - rest.pos_w
            sight = dataclasses.replace(sight, start=last_at_rest(sight.start, away))
            put = set_down(sight.start, high, away, sight.index / fps)
            down = put if put.any() else down
        change = _solve(sight, spec, pos, quat, rest, hands_w, manner, down, fps)
        pos_s = pos + change[:, :3]
        quat_s = rotations.multiply(rotations.exp(change[:, 3:]), quat)
        down = _down_again(sight, spec, pos_s, quat_s, fps)
    pos_s, quat_s = _on_floor(spec, pos_s, quat_s)
    away = np.linalg.norm(pos_s - rest.pos_w, axis=1)
    turned = rotations.angle(quat_s, rest.quat_w) * min(spec.half_size)
    return _everywhere(sight, pos_s, quat_s, count, float((away + turned).max()))


def _solve(
    sight: Sight,
    spec: ObjectSpec,
    pos: Floats,
    quat: Floats,
    rest: Pose,
    hands_w: Floats,
    manner: Manner,
    down: Bools,
    fps: float,
) -> Floats:
    """Changes `(N, 6)` of the key poses that agree best with everything known."""
    n = len(pos)
    system = Banded(n)
    for k in range(n):
        if k <= sight.start or not manner.moves:
            system.add(k, np.diag(HELD), Pose(pos[k], quat[k]).to(rest))
            continue
        limit = np.minimum(1.0, MAX_INFORMATION / _diagonal(sight.information[k]))
        scale = TRUST * np.sqrt(limit[:, None] * limit)
        system.add(k, sight.information[k] * scale, np.zeros(6))
        spin = np.zeros((6, 6))
        spin[3:, 3:] = 100.0 * unseen_turns(spec, quat[k])
        system.add(k, spin + 1e-3 * np.eye(6), np.zeros(6))
        if down[k] or manner.on_floor:
            stood = bool(manner.lies and down[k])
            _lie(system, k, spec, pos[k], quat[k], stood=stood)
    seconds = np.diff(sight.index) / fps
    _carry(system, sight, spec, pos, quat, hands_w)
    _smooth(system, sight, pos, quat, seconds)
    for k in np.flatnonzero(down[1:] & down[:-1]).tolist():
        apart = Pose(pos[k], quat[k]).to(Pose(pos[k + 1], quat[k + 1]))
        system.tie([k, k + 1], [-1.0, 1.0], -apart, HELD)
    return system.solve()


def _lie(
    system: Banded,
    k: int,
    spec: ObjectSpec,
    pos: Floats,
    quat: Floats,
    *,
    stood: bool = False,
) -> None:
    """It lies on the floor on the side that is lowest, level, or on end if `stood`."""
    up_o = rotations.rotate_inverse(quat, np.array([0.0, 0.0, 1.0]))
    axis = 2 if stood else int(np.argmax(np.abs(up_o)))
    if spec.shape == "sphere":
        tilt = np.zeros(3)
    elif spec.shape == "cylinder" and axis != 2:
        z_w = rotations.rotate(quat, np.array([0.0, 0.0, 1.0]))
        tilt = np.cross(z_w, z_w * [1.0, 1.0, 0.0])
    else:
        own = np.sign(up_o[axis]) * np.eye(3)[axis]
        tilt = np.cross(rotations.rotate(quat, own), [0.0, 0.0, 1.0])
    level = rotations.multiply(rotations.exp(tilt), quat)
    off = np.zeros(6)
    off[2] = resting_height(spec, level) - pos[2]
    off[3:] = tilt
    known = np.array([0.0, 0.0, FLOOR_M**-2, FLOOR_RAD**-2, FLOOR_RAD**-2, 0.0])
    system.add(k, np.diag(known), off)


def _carry(
    system: Banded,
    sight: Sight,
    spec: ObjectSpec,
    pos: Floats,
    quat: Floats,
    hands_w: Floats,
) -> None:
    """Where hands are at it and little is seen of it, it goes as they go."""
    beyond = np.abs(rotations.rotate_inverse(quat, hands_w - pos))
    gap = np.linalg.norm(np.maximum(beyond - spec.half_size, 0.0), axis=1)
    low = pos[:, 2] - _lowest(spec, quat) < CARRY_M
    for k in range(sight.start, len(pos) - 1):
        if max(gap[k], gap[k + 1]) > CARRY_REACH_M or low[k]:
            continue
        went = (hands_w[k + 1] - hands_w[k]) - (pos[k + 1] - pos[k])
        weight = np.concatenate([np.full(3, CARRY_M**-2), np.full(3, 1.0)])
        system.tie([k, k + 1], [-1.0, 1.0], np.concatenate([went, np.zeros(3)]), weight)


def _smooth(
    system: Banded, sight: Sight, pos: Floats, quat: Floats, seconds: Floats
) -> None:
    """Neither speed nor turn changes abruptly, but where it is first touched."""
    turn = rotations.difference(quat[1:], quat[:-1])
    rate = np.concatenate([np.diff(pos, axis=0), turn], axis=1) / seconds[:, None]
    for k in range(1, len(pos) - 1):
        a, b = 1.0 / seconds[k - 1], 1.0 / seconds[k]
        step = (seconds[k - 1] + seconds[k]) / 2
        usual = ACCELERATION * step
        if abs(k - sight.start) <= 1:
            usual = usual * SOFT_START
        jump = rate[k] - rate[k - 1]
        system.tie([k - 1, k, k + 1], [a, -a - b, b], -jump, usual**-2.0)


def _down_again(
    sight: Sight,
    spec: ObjectSpec,
    pos: Floats,
    quat: Floats,
    fps: float,
) -> Bools:
    """Key frames, to the clip's end, in which it lies still and low and level."""
    if sight.stands is not None:
        return np.arange(len(pos)) >= sight.stands
    seconds = np.maximum(np.gradient(sight.index) / fps, 1e-3)
    speed = np.linalg.norm(np.gradient(pos, axis=0), axis=1) / seconds
    up_o = rotations.rotate_inverse(quat, np.array([0.0, 0.0, 1.0]))
    flat = np.abs(up_o).max(axis=1) > LEVEL
    if spec.shape == "cylinder":
        flat = (np.abs(up_o[:, 2]) > LEVEL) | (np.abs(up_o[:, 2]) < 0.25)
    flat |= spec.shape == "sphere"
    low = pos[:, 2] - _lowest(spec, quat) < LOW_M
    lies = low & flat
    lies[: sight.start + 1] = False
    until = np.logical_and.accumulate(lies[::-1])[::-1]
    for k in np.flatnonzero(until & (speed < STILL_M_S)):
        drift = np.linalg.norm(pos[k:] - np.median(pos[k:], axis=0), axis=1)
        if (len(pos) - k) * seconds[-1] >= MIN_REST_S and drift.max() < DRIFT_M:
            return np.arange(len(pos)) >= k
    return np.zeros(len(pos), bool)


def _lowest(spec: ObjectSpec, quat: Floats) -> Floats:
    """Heights `(N,)` [m] of the centre at which the object would touch the floor."""
    points = np.concatenate(hull_points(spec))
    down = rotations.rotate_inverse(quat, np.array([0.0, 0.0, 1.0]))
    return -(down @ points.T).min(axis=1)


def _on_floor(spec: ObjectSpec, pos: Floats, quat: Floats) -> tuple[Floats, Floats]:
    """Nothing sinks into the floor."""
    lifted = pos.copy()
    lifted[:, 2] = np.maximum(pos[:, 2], _lowest(spec, quat))
    return lifted, quat


def _everywhere(
    sight: Sight, pos: Floats, quat: Floats, count: int, moved: float
) -> ObjectTrack:
    """Key poses at every frame of the clip."""
    frames = np.arange(count)
    at = np.clip(frames, sight.index[0], sight.index[-1])
    seen = np.interp(at, sight.index, sight.seen)
    if len(pos) < 2:
        still = np.zeros(count, int)
        return ObjectTrack(pos[still], quat[still], seen, moved)
    path = PchipInterpolator(sight.index, pos)(at)
    left = np.clip(np.searchsorted(sight.index, at, side="right") - 1, 0, len(pos) - 2)
    share = (at - sight.index[left]) / (sight.index[left + 1] - sight.index[left])
    turned = rotations.slerp(quat[left], quat[left + 1], share)
    return ObjectTrack(path, rotations.normalize(turned), seen, moved)


def _diagonal(information: Floats) -> Floats:
    return np.maximum(np.diag(information), 1e-9)
