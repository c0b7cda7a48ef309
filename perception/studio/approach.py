"""What the tasks share: stations, stooping, and what makes a plan be drawn again."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.rotations import Array
from perception.prior import CONTACT_NAMES
from perception.studio.motion import CLEARANCE, Motion, clearance
from perception.studio.posture import Score, embody

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


def station(x: float, y: float, heading: float, half: float) -> Array:
    """A row of a path: where the body's middle is, its heading, half its stance."""
    return np.array([x, y, heading, half])


def before(point: Array, heading: float, distance: float, half: float) -> Array:
    """The station from which `point (2,)` lies `distance` ahead."""
    x, y = point - distance * np.array([np.cos(heading), np.sin(heading)])
    return station(x, y, heading, half)


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
    while pitch < np.radians(86.0):
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


def hands(t: Array, touching: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Labels `(T, C)` of two hands that touch together."""
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    columns = [CONTACT_NAMES.index(name) for name in ("left_hand", "right_hand")]
    contact[:, columns] = touching[:, None]
    return contact
