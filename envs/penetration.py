"""How deep the object is inside the robot, frame by frame."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.scene import OBJECT_BODY
from envs.batch_env import BatchEnv

Floats = NDArray[np.floating]


def object_depth(model: mujoco.MjModel, qpos: Floats) -> Floats:
    """Deepest overlap `(T,)` [m] of the object with the robot in states `(T, nq)`."""
    data = mujoco.MjData(model)
    obj = model.body(OBJECT_BODY).id
    depth = np.zeros(len(qpos))
    for index, row in enumerate(qpos):
        data.qpos = row
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        bodies = model.geom_bodyid[data.contact.geom].reshape(-1, 2)
        held = (bodies == obj).any(axis=1) & (bodies != 0).all(axis=1)
        depth[index] = -np.min(data.contact.dist[held], initial=0.0)
    return depth


def reference_depth(env: BatchEnv) -> Floats:
    """`object_depth` of every row `(S,)` of an environment's reference."""
    ref = env.reference
    clips = [
        object_depth(env.variants.model(clip), ref.qpos[start : start + length])
        for clip, (start, length) in enumerate(zip(ref.start, ref.length, strict=True))
    ]
    return np.concatenate(clips)
