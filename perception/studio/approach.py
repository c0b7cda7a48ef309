"""What the tasks share: stations, stooping, and what makes a plan be drawn again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.rotations import Array
from perception.prior import CONTACT_NAMES
from perception.studio import route
from perception.studio.motion import CLEARANCE, Motion, clearance
from perception.studio.posture import Score, embody
from perception.studio.route import Gait, Step, direction, station

_TRIES = 60
_MARGIN = 0.008
ARMS_INSIDE = 0.015
"""How far [m] sleeves may be dented by the object."""


def first_that_fits(
    task: str,
    act: Callable[[np.random.Generator], Motion | str],
    rng: np.random.Generator,
) -> Motion:
    """The first performance out of fresh draws that is one, and not a reason why not.

    Raises RuntimeError with the last reason when none is.
    """
    reason = ""
    for _ in range(_TRIES):
        motion = act(rng)
        if isinstance(motion, Motion):
            return motion
        reason = motion
    msg = f"{task}: none of {_TRIES} plans works; the last: {reason}"
    raise RuntimeError(msg)


def fault(
    model: mujoco.MjModel, motion: Motion, but: tuple[str, ...] = ()
) -> str | None:
    """Why this is no performance: out of reach, or into the object; None if it is."""
    legs = motion.stretch[:, 2:].max()
    if legs > 1.0:
        return f"a leg would stretch to {legs:.3f} of its length"
    hands = motion.stretch[:, :2][motion.contact[:, :2]]
    if len(hands) and hands.max() > 1.0:
        return f"an arm would stretch to {hands.max():.3f} of its length"
    gap = clearance(model, motion, but=but).min()
    if gap < CLEARANCE:
        return f"the body comes within {gap:.3f} m of the object"
    dent = clearance(model, motion, arms=True).min()
    if dent < -ARMS_INSIDE:
        return f"an arm is {-dent:.3f} m inside the object"
    return None


@dataclasses.dataclass(frozen=True)
class WalkUp:
    """A walk up to an object: from one station to the one it is handled from.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | start, goal | (4,) | m, rad | stations |
    | stations | (N, 4) | m, rad | the way between them, as of `route.path` |
    | first | () | – | side of the first step |
    | spot_w | (2,) | m | world, where the object's middle is |
    """

    gait: Gait
    start: Array
    goal: Array
    stations: Array
    first: int
    spot_w: Array

    @property
    def heading(self) -> float:
        """Where the person looks in the end [rad]."""
        return float(self.goal[2])

    @property
    def duration(self) -> float:
        """How long the walk takes [s]."""
        return route.duration(self.gait, self.stations)

    def steps(self, begin: float) -> list[Step]:
        """The footsteps, the first lifted at `begin` [s]."""
        return route.footsteps(self.gait, self.stations, begin, self.first)


def draw_walk_up(
    model: mujoco.MjModel,
    rng: np.random.Generator,
    ahead: float,
    half: float | None = None,
    aside: float = 0.0,
    turn: float = 0.5,
) -> WalkUp:
    """A way to an object 1.1 to 2.6 m from the start, which is the world's origin.

    In the end the object's middle is `ahead` [m] before the ankles' and `aside` to
    the left, and the ankles are `half` from the body's middle: the gait's own width
    if None. The person ends up to `turn` [rad] off the straight line to it.
    """
    way = route.draw_gait(model, rng)
    bearing = rng.uniform(-0.4, 0.4)
    heading = bearing + rng.uniform(-turn, turn)
    spot = max(rng.uniform(1.1, 2.6), ahead + 0.35) * direction(bearing)
    start = station(np.zeros(2), rng.uniform(-0.5, 0.5), rng.uniform(0.08, 0.12))
    at = spot - ahead * direction(heading) - aside * direction(heading + np.pi / 2)
    goal = station(at, heading, half or way.half_width)
    stations = route.path(start, goal, way)
    return WalkUp(way, start, goal, stations, int(rng.integers(2)), spot)


def crouch(
    model: mujoco.MjModel,
    score: Score,
    item: tuple[Array, Array],
    frame: int,
    pitch: float,
    most: float = 0.94,
    deepest: float = 0.55,
) -> tuple[float, float] | str:
    """How far to lean, from `pitch` [rad], and lower the pelvis [m] for the palms.

    Both palms of `frame` are then within reach and the body off the object at poses
    `item`; else says which of the two fails. An arm stretches to `most` of its length,
    the pelvis sinks by `deepest` of its height.
    """
    hip = model.body("pelvis").pos[2]
    drops = np.arange(0.03, deepest, 0.01) * hip
    same = np.full(len(drops), frame)
    there = score.at(same)
    there.drop, there.reach[:] = drops, 1.0
    reason = "the palms do not reach the object"
    while pitch < np.radians(88.0):
        there.pitch[:] = pitch
        solution = embody(model, there, None)
        near = np.flatnonzero(solution.stretch[:, :2].max(axis=1) < most)[:1]
        if len(near):
            pos, quat = (part[same[:1]] for part in item)
            none = np.zeros((1, len(CONTACT_NAMES)), dtype=bool)
            bent = solution.qpos[near], pos, quat, none, solution.stretch[near]
            gap = clearance(model, Motion(*bent))[0]
            if gap > CLEARANCE + _MARGIN:
                return pitch, float(drops[near[0]])
            reason = f"stooping brings the body within {gap:.3f} m of the object"
        pitch += np.radians(4.0)
    return reason


def hold(
    score: Score,
    item: tuple[Array, Array],
    grip_o: Array,
    hand_w: Array,
    reach: Array,
) -> None:
    """Send both palms to `grip_o (T, 2, 3)` of an object on the move.

    `item` is its poses, `hand_w (T, 4)` or `(T, 2, 4)` the hands' orientation, `reach
    (T,)` how far the arms have left their swing for it.
    """
    pos, quat = item
    score.palm_w = pos[:, None] + rotations.rotate(quat[:, None], grip_o)
    each = hand_w if hand_w.ndim == 3 else hand_w[:, None]
    score.hand_quat_w = np.broadcast_to(each, (len(reach), 2, 4)).copy()
    score.reach = np.repeat(reach[:, None], 2, axis=1)


def hands(t: Array, touching: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Labels `(T, C)` of two hands that touch together."""
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    columns = [CONTACT_NAMES.index(name) for name in ("left_hand", "right_hand")]
    contact[:, columns] = touching[:, None]
    return contact
