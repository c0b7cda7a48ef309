"""Commands of the prior: what the hierarchy's upper level says to the tracker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.reference import Reference

Floats = NDArray[np.floating]


def command_table(reference: Reference, num_joints: int) -> Floats:
    """The command at every reference row, `(S, J + 8)` float32.

    In the order of `observations.command_layout`: joints [rad], the root's linear and
    angular velocity in its own frame [m/s, rad/s], contact, progress through the clip.
    """
    qpos, qvel = reference.qpos, reference.qvel
    progress = np.concatenate([np.linspace(0.0, 1.0, n) for n in reference.length])
    return np.concatenate(
        [
            qpos[:, 7 : 7 + num_joints],
            rotations.rotate_inverse(qpos[:, 3:7], qvel[:, 0:3]),
            qvel[:, 3:6],
            reference.frames.contact.max(axis=1, keepdims=True),
            progress[:, None],
        ],
        axis=1,
        dtype=np.float32,
    )
