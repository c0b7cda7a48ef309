"""Reward terms: pure functions of a `Step`, `(N,)` each (SUGAR, table of rewards).

A tracking term is exp(−error²/std²), in [0, 1]; a penalty is a non-negative size that
the task's table weighs negatively.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.quantities import Step

Floats = NDArray[np.floating]
Reward = Callable[..., Floats]


def _kernel(square: Floats, std: float) -> Floats:
    return np.exp(square * (-1.0 / std**2))


def _square(a: Floats, b: Floats) -> Floats:
    """Squared distance over the last axis."""
    delta = a - b
    return np.einsum("...i,...i->...", delta, delta)


def _angle_square(a: Floats, b: Floats) -> Floats:
    """Squared angle [rad²] between unit quaternions `(..., 4)`."""
    dot = np.abs(np.einsum("...i,...i->...", a, b))
    return (2.0 * np.arccos(np.minimum(dot, 1.0))) ** 2


def joint_position(s: Step, std: float) -> Floats:
    """Joints near the prior's; root mean square over joints [rad]."""
    return _kernel(
        _square(s.now.joint_pos, s.ref.joint_pos) / s.ref.joint_pos.shape[1], std
    )


def anchor_position(s: Step, std: float) -> Floats:
    """Anchor body near the prior's, world [m]."""
    a = s.anchor
    return _kernel(_square(s.now.body_pos[:, a], s.ref.body_pos[:, a]), std)


def anchor_orientation(s: Step, std: float) -> Floats:
    """Anchor body oriented as the prior's, world [rad]."""
    a = s.anchor
    return _kernel(_angle_square(s.now.body_quat[:, a], s.ref.body_quat[:, a]), std)


def body_position(s: Step, std: float) -> Floats:
    """Tracked bodies where the prior has them, in the anchor's heading frame [m]."""
    return _kernel(_square(s.local_pos, s.ref_local_pos).mean(axis=1), std)


def body_orientation(s: Step, std: float) -> Floats:
    """Tracked bodies oriented as the prior's, in the anchor's heading frame [rad]."""
    return _kernel(_angle_square(s.local_quat, s.ref_local_quat).mean(axis=1), std)


def body_linear_velocity(s: Step, std: float) -> Floats:
    """Tracked bodies as fast as the prior's, world [m/s]."""
    return _kernel(_square(s.now.body_lin_vel, s.ref.body_lin_vel).mean(axis=1), std)


def body_angular_velocity(s: Step, std: float) -> Floats:
    """Tracked bodies turning as the prior's, world [rad/s]."""
    return _kernel(_square(s.now.body_ang_vel, s.ref.body_ang_vel).mean(axis=1), std)


def object_position(s: Step, std: float) -> Floats:
    """Object near the prior's, world [m]."""
    return _kernel(_square(s.now.object_pos, s.ref.object_pos), std)


def object_orientation(s: Step, std: float) -> Floats:
    """Object oriented as the prior's, world [rad]."""
    return _kernel(_angle_square(s.now.object_quat, s.ref.object_quat), std)


def object_linear_velocity(s: Step, std: float) -> Floats:
    """Object as fast as the prior's, world [m/s]."""
    return _kernel(_square(s.now.object_lin_vel, s.ref.object_lin_vel), std)


def object_angular_velocity(s: Step, std: float) -> Floats:
    """Object turning as the prior's, world [rad/s]."""
    return _kernel(_square(s.now.object_ang_vel, s.ref.object_ang_vel), std)


def object_to_body_position(s: Step, std: float) -> Floats:
    """Vectors from tracked bodies to the object as in the prior, world [m]."""
    offset = (s.now.object_pos - s.ref.object_pos)[:, None]
    return _kernel(_square(offset, s.now.body_pos - s.ref.body_pos).mean(axis=1), std)


def object_to_body_orientation(s: Step, std: float) -> Floats:
    """Object's orientation seen from tracked bodies as in the prior [rad]."""
    now = _relative_dot(s.now.body_quat, s.now.object_quat)
    ref = _relative_dot(s.ref.body_quat, s.ref.object_quat)
    return _kernel(_angle_square(now, ref).mean(axis=1), std)


def _relative_dot(bodies: Floats, obj: Floats) -> Floats:
    """Quaternions conj(body) ⊗ object `(N, B, 4)`."""
    return rotations.multiply(rotations.conjugate(bodies), obj[:, None])


def contact(s: Step) -> Floats:
    """1 where every contact body touches the object exactly when the prior says so."""
    return (s.now.contact == s.ref.contact).all(axis=1).astype(np.float32)


def joint_acceleration(s: Step) -> Floats:
    """Sum of squared joint accelerations [rad²/s⁴]."""
    return np.einsum("ni,ni->n", s.joint_acc, s.joint_acc)


def joint_torque(s: Step) -> Floats:
    """Sum of squared joint torques [N²·m²]."""
    return np.einsum("ni,ni->n", s.torque, s.torque)


def action_rate(s: Step) -> Floats:
    """Sum of squared changes of the action."""
    return _square(s.action, s.last_action)


def joint_limit(s: Step) -> Floats:
    """Sum of how far joints are beyond their range [rad]."""
    lower, upper = s.joint_range
    over = np.maximum(lower - s.now.joint_pos, 0.0)
    over += np.maximum(s.now.joint_pos - upper, 0.0)
    return over.sum(axis=1)


def feet_slide(s: Step) -> Floats:
    """Sum of horizontal speeds of feet that bear weight [m/s]."""
    speed = np.linalg.norm(s.now.body_lin_vel[:, s.feet, :2], axis=-1)
    return (speed * (s.now.feet_force > 1.0)).sum(axis=1)


def feet_air_time(s: Step, least: float) -> Floats:
    """Sum over feet that land of their time in the air beyond `least` [s]."""
    return ((s.air_time - least) * (s.air_time > 0.0)).sum(axis=1)


def keep_off(s: Step) -> Floats:
    """1 where none of the bodies that should keep off the object touches it."""
    return (s.now.forbidden == 0).astype(np.float32)


def undesired_contacts(s: Step) -> Floats:
    """1 where another body than the task's contact bodies touches the object."""
    return (s.now.robot_contacts > s.now.touching.sum(axis=1)).astype(np.float32)
