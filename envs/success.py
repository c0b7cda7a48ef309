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
MOVED = 0.05


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

    @property
    def to_goal(self) -> Floats:
        """Distance on the floor from the object to its goal `(T,)` [m].

        Raises ValueError if the episode has no goal.
        """
        if self.goal_pos_w is None:
            msg = "this task is judged by its goal, and the episode has none"
            raise ValueError(msg)
        away = np.asarray(self.object_pos_w - self.goal_pos_w)[:, :2]
        return np.linalg.norm(away, axis=1)


Check = tuple[str, Callable[[Trace], bool]]
"""What went wrong where the function says no, and the function."""


@dataclasses.dataclass(frozen=True)
class Criterion:
    """A task is done if every check says yes; the first that says no is the cause."""

    checks: tuple[Check, ...]

    def __call__(self, trace: Trace) -> bool:
        """Whether the episode counts as done."""
        return self.cause(trace) == ""

    def cause(self, trace: Trace) -> str:
        """Why the episode failed, in two or three words; empty if it did not."""
        for name, check in self.checks:
            if not check(trace):
                return name
        return ""


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


def lasts(flags: ArrayLike, dt: float, seconds: float = HELD) -> bool:
    """Whether `flags (T,)`, one every `dt` [s], hold for so long without a break."""
    return longest_run(flags) * dt >= seconds - 1e-9


def longest_run(flags: ArrayLike) -> int:
    """Length of the longest unbroken run of true values in `flags (T,)`."""
    padded = np.concatenate([[False], np.asarray(flags, dtype=bool), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def _stands(trace: Trace) -> bool:
    return bool(trace.standing[-1])


def _upright(trace: Trace) -> bool:
    tilt = np.degrees(np.arccos(np.clip(up(trace.object_quat_w[-1]), -1.0, 1.0)))
    return bool(tilt <= UPRIGHT_DEG)


def _still(trace: Trace) -> bool:
    """Slower than 0.1 m/s over the last 0.4 s."""
    rows = max(2, round(SETTLED / trace.dt) + 1)
    last = trace.object_pos_w[-rows:]
    speed = np.linalg.norm(last[-1] - last[0]) / ((len(last) - 1) * trace.dt)
    return bool(speed <= RESTING_SPEED)


def _at_goal(trace: Trace) -> bool:
    return bool(trace.to_goal[-1] <= GOAL_RADIUS)


def _moved(trace: Trace) -> bool:
    """Whether the object left its place, or had no need to."""
    away = np.linalg.norm(trace.object_pos_w - trace.object_pos_w[0], axis=1)
    return bool((away > MOVED).any()) or _at_goal(trace)


def _lay(trace: Trace) -> bool:
    return abs(float(up(trace.object_quat_w[0]))) < 0.5


def _on_base(trace: Trace) -> bool:
    return abs(trace.object_pos_w[-1, 2] - trace.object.half_size[2]) < 0.03


def _over_seat(trace: Trace) -> Bools:
    """Rows `(T,)` with the pelvis at most 0.2 m beside and 0.22 m above the seat."""
    seat = (SEAT - 0.5) * trace.object.size[2]
    offset = rotations.rotate_inverse(
        trace.object_quat_w, trace.root_pos_w - trace.object_pos_w
    )
    over = np.linalg.norm(offset[:, :2], axis=1) < SEAT_RADIUS
    height = offset[:, 2] - seat
    return over & (height > 0.0) & (height < SEAT_PELVIS)


def _sits(trace: Trace) -> Bools:
    """Rows `(T,)` in which the robot sits upright."""
    return _over_seat(trace) & (up(trace.root_quat_w) >= STANDING_UPRIGHT)


def _in_place(trace: Trace) -> Bools:
    """Rows `(T,)` in which the object is where it was, to 0.2 m."""
    away = np.linalg.norm(trace.object_pos_w - trace.object_pos_w[0], axis=1)
    return away < CHAIR_MOVED


lifted = Criterion(
    (
        ("robot fell", _stands),
        ("object left behind", lambda t: bool((t.rise > MOVED).any())),
        ("not high enough", lambda t: bool((t.rise > LIFT_HEIGHT).any())),
        ("dropped", lambda t: lasts((t.rise > LIFT_HEIGHT) & t.standing, t.dt)),
    )
)
"""Lift, pick: more than 0.25 m up for 1 s, by a robot that stands then and last."""

carried = Criterion(
    (
        ("robot fell", _stands),
        ("object left behind", _moved),
        ("not off the floor", lambda t: bool((t.rise > OFF_FLOOR).any())),
        ("dropped", lambda t: lasts(t.rise > OFF_FLOOR, t.dt)),
        ("not at the goal", _at_goal),
        ("tipped over", _upright),
        ("still moving", _still),
    )
)
"""Carry: taken off the floor, then upright and still within 0.3 m of the goal.

Off the floor is 0.1 m up for 1 s. At the end the object may stand or be held.
"""

pushed = Criterion(
    (
        ("robot fell", _stands),
        ("goal where it began", lambda t: bool(t.to_goal[0] > GOAL_RADIUS)),
        ("object left behind", _moved),
        ("off the floor", lambda t: bool((t.rise < OFF_FLOOR).all())),
        ("tipped over", _upright),
        ("not at the goal", _at_goal),
        ("still moving", _still),
    )
)
"""Push, kick: never off the floor, then upright and still within 0.3 m of the goal.

It must have been brought nearer: a goal that it starts at is no task.
"""

stood_up = Criterion(
    (
        ("robot fell", _stands),
        ("stood already", _lay),
        ("tipped over", _upright),
        ("not on its base", _on_base),
        ("still moving", _still),
    )
)
"""Stand bottle: from lying to upright on the floor, still, the robot standing."""

sat = Criterion(
    (
        ("robot fell", lambda t: bool(up(t.root_quat_w[-1]) >= STANDING_UPRIGHT)),
        ("beside the seat", lambda t: bool(_sits(t).any())),
        ("rose again", lambda t: lasts(_sits(t), t.dt)),
        ("chair shoved away", lambda t: lasts(_sits(t) & _in_place(t), t.dt)),
    )
)
"""Sit: the pelvis over the seat for 1 s, upright, the chair not shoved away.

The pelvis is at most 0.2 m from the seat's middle and 0.22 m above it.
"""
