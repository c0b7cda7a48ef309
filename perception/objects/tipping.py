"""How a cylinder that lies is stood up: it turns about the rim of either end.

It lies, then turns up while hands are at it, then stands: of all such courses, the
one that the pictures agree with best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.objects.shape import resting_height
from perception.objects.silhouette import Pose

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

ANGLES = np.linspace(0.0, np.pi / 2, 9)[1:]
"""Angles [rad] of a cylinder from lying to standing."""
UP = np.array([0.0, 0.0, 1.0])
QUICKLY = 2
"""Most stages that it turns up from one key frame to the next."""
TIME = np.linspace(0.0, 1.0, 101)
ABOUT_M = 0.15
"""How well it is known how near a hand is, behind what it holds."""


def tipped(spec: ObjectSpec, rest: Pose, top: float) -> list[Pose]:
    """Poses from lying at `rest` to standing, at `ANGLES`, on one end.

    `top`, 1 or −1, is the end of the cylinder's own z axis that comes to be above.
    """
    away = top * rotations.rotate(rest.quat_w, UP)
    level = np.cross(away, UP)
    level = level / max(float(np.linalg.norm(level)), 1e-9)
    foot = rest.pos_w - spec.half_size[2] * away
    found = []
    for angle in ANGLES:
        turn = rotations.exp(level * angle)
        pos = foot + rotations.rotate(turn, rest.pos_w - foot)
        quat = rotations.normalize(rotations.multiply(turn, rest.quat_w))
        found.append(Pose(np.array([*pos[:2], resting_height(spec, quat)]), quat))
    return found


def course(looks: Floats, may_turn: Bools) -> tuple[Ints, float]:
    """Stages `(N,)` of the key frames, never falling, that look best, and how well.

    `looks (N, S)` says how well every key frame fits every stage; from the first one
    on. It turns on only into key frames that `may_turn (N,)`. Where nothing tells, it
    has not turned yet.
    """
    count, stages = looks.shape
    came = np.zeros((count, stages), np.intp)
    best = np.full(stages, -np.inf)
    best[0] = looks[0, 0]
    for k in range(1, count):
        steps = range(QUICKLY + 1 if may_turn[k] else 1)
        moved = np.full((len(steps), stages), -np.inf)
        for step in steps:
            moved[step, step:] = best[: stages - step]
        came[k] = np.argmax(moved[::-1], axis=0)
        came[k] = len(steps) - 1 - came[k]
        best = moved[came[k], np.arange(stages)] + looks[k]
    stage = np.zeros(count, np.intp)
    stage[-1] = int(np.argmax(best))
    for k in range(count - 1, 0, -1):
        stage[k - 1] = stage[k] - came[k, stage[k]]
    return stage, float(best.max())


def at_hand(palms_w: Floats, pos_w: Floats) -> Bools:
    """Key frames `(N,)` in which a palm is about as near to `pos_w (3,)` as ever."""
    away = np.linalg.norm(palms_w - pos_w, axis=-1).min(axis=1)
    return away < float(away.min()) + ABOUT_M


def turn_times(stage: Ints, stages: int) -> tuple[int, int]:
    """Key frames until which it lies and from which it stands, of a `course`.

    People begin and end a turn so slowly that pictures do not show it: the smoothest
    motion through the stages between says when it was.
    """
    lies, stands = (int(np.searchsorted(stage, s)) for s in (1, stages - 1))
    turning = np.arange(lies, stands)
    if stands == len(stage) or len(turning) < 2:
        return max(lies - 1, 0), stands
    share = stage[turning] / (stages - 1)
    rate, offset = np.polyfit(turning, np.interp(share, _smoothest(TIME), TIME), 1)
    if rate <= 0.0:
        return max(lies - 1, 0), stands
    begin, end = -offset / rate, (1.0 - offset) / rate
    return int(max(min(begin, lies - 1), 0)), int(np.ceil(max(end, stands)))


def _smoothest(time: Floats) -> Floats:
    """Share of the way of the smoothest motion at a share of its time."""
    return time**3 * (10.0 - 15.0 * time + 6.0 * time**2)
