"""Terminations: pure functions of a `Step` to bool `(N,)` (SUGAR, section 3.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from envs.quantities import Step
from envs.rewards.terms import _angle_square

Bools = NDArray[np.bool_]

FASTEST = 100.0
"""Joint speed [rad/s] beyond which a simulation counts as exploded."""


@dataclasses.dataclass(frozen=True)
class Termination:
    """One row: an episode ends when the function exceeds `limit`."""

    name: str
    function: Callable[[Step], NDArray[np.floating]]
    limit: float


def anchor_tilt(s: Step) -> NDArray[np.floating]:
    """Difference of gravity's z component seen from the anchor, robot and prior."""
    now, ref = s.now.body_quat[:, s.anchor], s.ref.body_quat[:, s.anchor]
    return np.abs(_up(now) - _up(ref))


def anchor_position(s: Step) -> NDArray[np.floating]:
    """Distance of the anchor from the prior's [m]."""
    delta = s.now.body_pos[:, s.anchor] - s.ref.body_pos[:, s.anchor]
    return np.linalg.norm(delta, axis=-1)


def end_effector_position(s: Step) -> NDArray[np.floating]:
    """Largest distance of an ankle or wrist from the prior's [m]."""
    ends = s.end_effectors
    delta = s.now.body_pos[:, ends] - s.ref.body_pos[:, ends]
    return np.linalg.norm(delta, axis=-1).max(axis=1)


def object_position(s: Step) -> NDArray[np.floating]:
    """Distance of the object from the prior's [m]."""
    return np.linalg.norm(s.now.object_pos - s.ref.object_pos, axis=-1)


def object_orientation(s: Step) -> NDArray[np.floating]:
    """Angle between the object and the prior's [rad]."""
    return np.sqrt(_angle_square(s.now.object_quat, s.ref.object_quat))


def exploded(s: Step) -> NDArray[np.floating]:
    """1 where any joint speed is not finite or beyond `FASTEST`."""
    fastest = np.abs(s.now.joint_vel).max(axis=1)
    return (~(fastest < FASTEST)).astype(np.float32)


SUGAR: tuple[Termination, ...] = (
    Termination("exploded", exploded, 0.5),
    Termination("anchor_tilt", anchor_tilt, 0.8),
    Termination("anchor_position", anchor_position, 0.3),
    Termination("end_effector", end_effector_position, 0.3),
    Termination("object_position", object_position, 0.3),
    Termination("object_orientation", object_orientation, 0.8),
)
"""The paper's terminations; the end of the trajectory is a time limit, not one."""


def evaluate(rows: tuple[Termination, ...], step: Step) -> NDArray[np.int64]:
    """Index of the first row that ends each episode, or −1, `(N,)`."""
    cause = np.full(len(step.action), -1)
    for index in reversed(range(len(rows))):
        row = rows[index]
        over = ~(row.function(step) <= row.limit)
        cause[over] = index
    return cause


def _up(quat: NDArray[np.floating]) -> NDArray[np.floating]:
    """Z component of the body's z axis in the world."""
    return 1.0 - 2.0 * (quat[..., 1] ** 2 + quat[..., 2] ** 2)
