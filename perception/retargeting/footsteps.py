"""Footsteps of the robot's own size and pace along a way, and where they may press."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.retargeting.body import Body
from perception.smoothing import gaussian, min_jerk

Floats = NDArray[np.float64]

STRIDE = 0.27
"""Way [m] forward from one foot to the next; the robot walks no faster than learns."""
BACKWARD, SIDEWAYS, TURN = 0.15, 0.09, 0.32
"""The same backward [m], sideways [m] and turning [rad]."""
DOUBLE = 6
"""Frames with both feet down in each step."""
SWING = 24
"""Frames for which a foot swings."""
SHIFT = 18
"""Frames in which the weight goes over one foot first, and back between both last."""
CLEARANCE = 0.05
LATE = 0.1
"""Share of a swing in which the foot rises before it goes, and goes no more."""
BASE_SIGMA = 6.0
ZMP_SIGMA = 3.0


@dataclasses.dataclass(frozen=True)
class Move:
    """Standing at one place, or walking along a way.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | video | (2,) | frame | the part of the demonstration that it follows |
    | way | (N, 3) | m, m, rad | places in order; a single one is stood at |
    | frames | () | 1/50 s | how long it is stood there; a walk takes its own time |
    | stride | () | m | longest step forward |
    | half | () | m | half the stance that a walk ends in; as it was where not given |
    """

    video: tuple[float, float]
    way: Floats
    frames: int = 0
    stride: float = STRIDE
    half: float | None = None

    @property
    def walks(self) -> bool:
        """Whether the feet leave their places."""
        return len(self.way) > 1


@dataclasses.dataclass(frozen=True)
class Gait:
    """Feet and body along the moves, at 50 Hz, in the video's world.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | base | (T, 3) | m, m, rad | smooth way of the body between the feet |
    | foot | (T, 2, 4) | m, m, m, rad | sole x, y, height over the floor, heading |
    | planted | (T, 2) | bool | the foot stands still |
    | zmp | (T, 2) | m | where the weight should press |
    | swing | (T,) | −1 to 1 | the left (+) or right (−) foot is ahead in its swing |
    | video | (T,) | frame | of the demonstration |
    | spans | M × (first, past) | frame | of each move |
    """

    base: Floats
    foot: Floats
    planted: NDArray[np.bool_]
    zmp: Floats
    swing: Floats
    video: Floats
    spans: tuple[tuple[int, int], ...]

    @property
    def num_frames(self) -> int:
        """Number of frames at 50 Hz, T."""
        return len(self.base)


def plan_gait(moves: list[Move], body: Body, half_stance: float) -> Gait:
    """Lay the moves end to end; feet stand `half_stance` [m] beside the way at first.

    A walk whose `half` is given ends in that stance, in which all goes on.
    """
    parts = []
    for move in moves:
        lay = _walk if move.walks else _stand
        parts.append(lay(move, body, half_stance))
        if move.walks and move.half is not None:
            half_stance = move.half
    ends = np.cumsum([len(part[0]) for part in parts])
    base, foot, planted, zmp, swing = (
        np.concatenate(values) for values in zip(*parts, strict=True)
    )
    video = [
        np.linspace(*m.video, len(p[0]), endpoint=False)
        for m, p in zip(moves, parts, strict=True)
    ]
    return Gait(
        base=base,
        foot=foot,
        planted=planted.astype(bool),
        zmp=gaussian(zmp, ZMP_SIGMA),
        swing=swing,
        video=np.concatenate(video),
        spans=tuple(zip([0, *map(int, ends[:-1])], map(int, ends), strict=True)),
    )


def blend_way(way: Floats, start: Floats, end: Floats) -> Floats:
    """`way (N, 3)` shifted so that it begins and ends at these places `(3,)`.

    The heading's ends are taken by the shorter turn.
    """
    step = np.linalg.norm(np.diff(way[:, :2], axis=0), axis=1)
    step = step + 0.2 * np.abs(np.diff(way[:, 2])) + 1e-6
    part = np.concatenate([[0.0], np.cumsum(step)])[:, None] / step.sum()
    return way + (1.0 - part) * wrap(start - way[0]) + part * wrap(end - way[-1])


def wrap(step: Floats) -> Floats:
    """A difference of places `(..., 3)` with its turn within half a circle."""
    out = step.copy()
    out[..., 2] = (out[..., 2] + np.pi) % (2.0 * np.pi) - np.pi
    return out


def offset(place: Floats, ahead: float | Floats, left: float | Floats) -> Floats:
    """Points `(..., 2)` [m] ahead of and to the left of places `(..., 3)`."""
    c, s = np.cos(place[..., 2]), np.sin(place[..., 2])
    x = place[..., 0] + ahead * c - left * s
    y = place[..., 1] + ahead * s + left * c
    return np.stack([x, y], axis=-1)


def _stand(move: Move, body: Body, half: float) -> tuple[Floats, ...]:
    place, n = move.way[0], move.frames
    foot = np.tile(np.stack([_print(place, s, half) for s in (0, 1)]), (n, 1, 1))
    middle = offset(place, body.sole_middle, 0.0)
    return (
        np.tile(place, (n, 1)),
        foot,
        np.ones((n, 2)),
        np.tile(middle, (n, 1)),
        np.zeros(n),
    )


def _walk(move: Move, body: Body, half: float) -> tuple[Floats, ...]:
    """Body, feet, planted, weight and swing of one walk."""
    places, side = _places(move)
    steps = len(places)
    n = 2 * SHIFT + steps * (DOUBLE + SWING)
    now = np.stack([_print(move.way[0], s, half) for s in (0, 1)])
    foot, planted = np.tile(now, (n, 1, 1)), np.ones((n, 2))
    zmp = np.tile(offset(move.way[0], body.sole_middle, 0.0), (n, 1))
    swing = np.zeros(n)
    end = half if move.half is None else move.half
    knots, along = [SHIFT // 2], [0.0]
    at = SHIFT
    for index, place in enumerate(places):
        stands = 1 - side
        support = offset(_sole(now[stands]), body.sole_middle, 0.0)
        lead = SHIFT if index == 0 else DOUBLE
        begin = at + DOUBLE - lead
        rise = min_jerk((np.arange(lead) + 1.0) / lead)[:, None]
        zmp[begin : at + DOUBLE] = zmp[begin] + rise * (support - zmp[begin])
        zmp[at + DOUBLE :] = support
        at += DOUBLE
        goal = _print(place, side, end if index >= steps - 2 else half)
        phase = (np.arange(SWING) + 1.0) / SWING
        foot[at : at + SWING, side] = swing_foot(now[side], goal, phase)
        foot[at + SWING :, side] = goal
        planted[at : at + SWING, side] = 0.0
        sign = 1.0 if side == 0 else -1.0
        swing[at : at + SWING] = sign * np.sin(np.pi * phase)
        now[side] = goal
        at += SWING
        knots.append(at - SWING // 4)
        along.append(min((index + 0.5) / (steps - 1), 1.0) if steps > 1 else 1.0)
        side = stands
    middle = offset(move.way[-1], body.sole_middle, 0.0)
    back = min_jerk((np.arange(SHIFT) + 1.0) / SHIFT)[:, None]
    zmp[at:] = zmp[at - 1] + back * (middle - zmp[at - 1])
    knots.append(n - 3 * int(BASE_SIGMA) // 2)
    along.append(1.0)
    part = gaussian(np.interp(np.arange(n), knots, along), BASE_SIGMA)
    part = (part - part[0]) / (part[-1] - part[0])
    return _along(move, part), foot, planted, zmp, gaussian(swing, 4.0)


def _places(move: Move) -> tuple[Floats, int]:
    """Body places `(S, 3)` at which each step's foot lands, and the first side."""
    cost = _cost(move)
    count = max(int(np.ceil(cost[-1] - 1e-6)), 1)
    part = np.arange(1, count + 1) / count
    places = _along(move, np.append(part, 1.0))
    step = wrap(places[0] - move.way[0])
    left = -np.sin(move.way[0, 2]) * step[0] + np.cos(move.way[0, 2]) * step[1]
    side = 0 if left / SIDEWAYS + step[2] / TURN >= 0.0 else 1
    return places, side


def _cost(move: Move) -> Floats:
    """Steps needed `(N,)` from the way's begin to each of its places."""
    step = wrap(np.diff(move.way, axis=0))
    heading = move.way[:-1, 2] + step[:, 2] / 2
    ahead = np.cos(heading) * step[:, 0] + np.sin(heading) * step[:, 1]
    left = -np.sin(heading) * step[:, 0] + np.cos(heading) * step[:, 1]
    forward = np.where(ahead > 0.0, ahead / move.stride, ahead / BACKWARD)
    parts = np.stack([forward, left / SIDEWAYS, step[:, 2] / TURN])
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(parts, axis=0))])


def _along(move: Move, part: Floats) -> Floats:
    """Places `(K, 3)` at shares `part (K,)` of the steps that the way needs."""
    cost = _cost(move)
    way = move.way.copy()
    way[:, 2] = np.unwrap(way[:, 2])
    at = part * cost[-1]
    return np.stack([np.interp(at, cost, way[:, i]) for i in range(3)], axis=-1)


def _print(place: Floats, side: int, half: float) -> Floats:
    """A foot `(4,)` standing beside a place of the body."""
    xy = offset(place, 0.0, half if side == 0 else -half)
    return np.array([*xy, 0.0, place[2]])


def _sole(foot: Floats) -> Floats:
    return foot[[0, 1, 3]]


def swing_foot(start: Floats, goal: Floats, phase: Floats) -> Floats:
    """Foot `(K, 4)` from one print to the next."""
    way = start + min_jerk((phase - LATE) / (1.0 - 2.0 * LATE))[:, None] * (
        goal - start
    )
    way[:, 2] += CLEARANCE * 64.0 * (phase * (1.0 - phase)) ** 3
    return way


def foot_poses(gait: Gait, body: Body) -> tuple[Floats, Floats]:
    """Poses of the feet's bodies: positions `(T, 2, 3)` [m], orientations wxyz."""
    pos = gait.foot[..., :3].copy()
    pos[..., 2] += body.ankle_height
    return pos, np.asarray(rotations.from_yaw(gait.foot[..., 3]), dtype=np.float64)
