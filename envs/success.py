"""When a task counts as done: criteria in numbers, for simulation and robot alike.

SUGAR publishes success rates without thresholds; the numbers here are ours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets import rotations
from assets.objects import SEAT, ObjectSpec

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

STANDING_HEIGHT = 0.55
STANDING_UPRIGHT = 0.8
LIFT_HEIGHT = 0.25
HELD = 1.0
GOAL_RADIUS = 0.30
OFF_FLOOR = 0.10
UPRIGHT_DEG = 20.0
RESTING_SPEED = 0.10
SETTLED = 0.4
SEAT_RADIUS = 0.20
SEAT_PELVIS = 0.22
CHAIR_MOVED = 0.20


@dataclasses.dataclass(frozen=True)
class Trace:
    """An episode of T rows, one every `dt` [s], the first before anything is touched.

    | field | shape | unit | frame |
    |---|---|---|---|
    | object_pos_w, object_quat_w | (T, 3), (T, 4) | m, wxyz | world |
    | root_pos_w, root_quat_w | (T, 3), (T, 4) | m, wxyz | world |
    | goal_pos_w | (3,) | m | world; None where nobody set a goal |
    """

    object_pos_w: Floats
    object_quat_w: Floats
    root_pos_w: Floats
    root_quat_w: Floats
    dt: float
    object: ObjectSpec
    goal_pos_w: Floats | None = None

    def __post_init__(self) -> None:
        if not len(self.object_pos_w):
            msg = "an episode without a single row cannot be judged"
            raise ValueError(msg)

    @classmethod
    def of_states(
        cls,
        qpos: Floats,
        dt: float,
        obj: ObjectSpec,
        goal_pos_w: Floats | None = None,
    ) -> Trace:
        """From simulator states `(T, nq)`: root first, the object's free joint last."""
        root, last = qpos[:, :7], qpos[:, -7:]
        return cls(
            last[:, :3], last[:, 3:], root[:, :3], root[:, 3:], dt, obj, goal_pos_w
        )

    @property
    def rise(self) -> Floats:
        """How far the object is above where it started `(T,)` [m]."""
        return self.object_pos_w[:, 2] - self.object_pos_w[0, 2]

    @property
    def standing(self) -> Bools:
        """Rows `(T,)` in which the robot stands."""
        return standing(self.root_pos_w[:, 2], up(self.root_quat_w))


Criterion = Callable[[Trace], bool]


def up(quat: Floats) -> Floats:
    """Z component `(...)` of a body's z axis, for orientations `(..., 4)`."""
    return 1.0 - 2.0 * (quat[..., 1] ** 2 + quat[..., 2] ** 2)


def standing(root_height: ArrayLike, upright: ArrayLike) -> Bools:
    """Whether a humanoid of the G1's size stands, `(...)`.

    `root_height (...)` [m] is the pelvis above the floor, `upright (...)` the cosine
    of its tilt (1 is vertical); a G1 stands at 0.76 m and kneels below 0.5 m.
    """
    tall = np.asarray(root_height) >= STANDING_HEIGHT
    return tall & (np.asarray(upright) >= STANDING_UPRIGHT)


def lifted(trace: Trace) -> bool:
    """Lift, pick: more than 0.25 m up for 1 s, by a robot that stands then and last."""
    stands = trace.standing
    held = (trace.rise > LIFT_HEIGHT) & stands
    return bool(stands[-1]) and lasts(held, trace.dt)


def carried(trace: Trace) -> bool:
    """Carry: taken off the floor, then upright and still within 0.3 m of the goal.

    Off the floor is 0.1 m up for 1 s. At the end the object may stand or be held.
    """
    aloft = lasts(trace.rise > OFF_FLOOR, trace.dt)
    return aloft and _at_goal(trace) and _resting(trace) and bool(trace.standing[-1])


def pushed(trace: Trace) -> bool:
    """Push, kick: never off the floor, then upright and still within 0.3 m of the goal.

    It must have been brought nearer: a goal that it starts at is no task.
    """
    goal = _goal(trace)
    start = float(np.linalg.norm((trace.object_pos_w[0] - goal)[:2]))
    grounded = bool((trace.rise < OFF_FLOOR).all()) and start > GOAL_RADIUS
    return grounded and _at_goal(trace) and _resting(trace) and bool(trace.standing[-1])


def stood_up(trace: Trace) -> bool:
    """Stand bottle: from lying to upright on the floor, still, the robot standing."""
    lay = abs(float(up(trace.object_quat_w[0]))) < 0.5
    low = abs(trace.object_pos_w[-1, 2] - trace.object.half_size[2]) < 0.03
    return lay and low and _resting(trace) and bool(trace.standing[-1])


def sat(trace: Trace) -> bool:
    """Sit: the pelvis over the seat for 1 s, upright, the chair not shoved away.

    The pelvis is at most 0.2 m from the seat's middle and 0.22 m above it.
    """
    seat = (SEAT - 0.5) * trace.object.size[2]
    offset = rotations.rotate_inverse(
        trace.object_quat_w, trace.root_pos_w - trace.object_pos_w
    )
    over = np.linalg.norm(offset[:, :2], axis=1) < SEAT_RADIUS
    height = offset[:, 2] - seat
    on_it = over & (height > 0.0) & (height < SEAT_PELVIS)
    stays = np.linalg.norm(trace.object_pos_w - trace.object_pos_w[0], axis=1)
    upright = up(trace.root_quat_w) >= STANDING_UPRIGHT
    seated = on_it & upright & (stays < CHAIR_MOVED)
    return lasts(seated, trace.dt) and bool(upright[-1])


def lasts(flags: ArrayLike, dt: float, seconds: float = HELD) -> bool:
    """Whether `flags (T,)`, one every `dt` [s], hold for so long without a break."""
    return longest_run(flags) * dt >= seconds - 1e-9


def longest_run(flags: ArrayLike) -> int:
    """Length of the longest unbroken run of true values in `flags (T,)`."""
    padded = np.concatenate([[False], np.asarray(flags, dtype=bool), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def _goal(trace: Trace) -> Floats:
    if trace.goal_pos_w is None:
        msg = "this task is judged by its goal, and the episode has none"
        raise ValueError(msg)
    return trace.goal_pos_w


def _at_goal(trace: Trace) -> bool:
    away = np.linalg.norm((trace.object_pos_w[-1] - _goal(trace))[:2])
    return bool(away <= GOAL_RADIUS)


def _resting(trace: Trace) -> bool:
    """Upright and slower than 0.1 m/s over the last 0.4 s."""
    rows = max(2, round(SETTLED / trace.dt) + 1)
    last = trace.object_pos_w[-rows:]
    speed = np.linalg.norm(last[-1] - last[0]) / ((len(last) - 1) * trace.dt)
    tilt = np.degrees(np.arccos(np.clip(up(trace.object_quat_w[-1]), -1.0, 1.0)))
    return bool(speed <= RESTING_SPEED and tilt <= UPRIGHT_DEG)
