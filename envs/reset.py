"""Where episodes begin: a first frame with a task's reset noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.task import ResetNoise

Floats = NDArray[np.floating]


def noisy_starts(
    qpos: Floats, noise: ResetNoise, joint_range: Floats, rng: np.random.Generator
) -> Floats:
    """First frames `qpos (n, nq)` with uniform noise, as a new array.

    qpos is the root's free joint, J joints, then the object's free joint; `joint_range`
    is (2, J) [rad]. The root is never pushed into the floor.
    """
    qpos, num = qpos.copy(), len(qpos)

    def uniform(half: float, width: int) -> Floats:
        return rng.uniform(-half, half, (num, width))

    qpos[:, 0:2] += uniform(noise.root_xy, 2)
    qpos[:, 2:3] += np.abs(uniform(noise.root_z, 1))
    turn = rotations.exp(uniform(noise.root_rot, 3))
    qpos[:, 3:7] = rotations.multiply(turn, qpos[:, 3:7])
    joints = qpos[:, 7:-7]
    joints += uniform(noise.joint, joints.shape[1])
    if noise.joint > 0.0:
        np.clip(joints, *joint_range, out=joints)
    qpos[:, -7:-5] += uniform(noise.object_xy, 2)
    yaw = rotations.from_yaw(uniform(noise.object_yaw, 1)[:, 0])
    qpos[:, -4:] = rotations.multiply(yaw, qpos[:, -4:])
    return qpos
