"""`Motion`: what the studio's actor does, exactly, and what every motion needs."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.actor.posing import Pose, Solution, centre_of_mass, solve
from assets.rotations import Array

CLEARANCE = 0.04
"""Distance [m] kept between the object and everything of the actor but the arms."""
_ARMS = ("upper_arm", "forearm", "hand")
_FAR = 0.5
"""Distance [m] beyond which two bodies are simply apart."""


@dataclasses.dataclass(frozen=True)
class Motion:
    """One performance in the world: Z up, floor at 0, the actor facing +x.

    | field | shape | unit | frame |
    |---|---|---|---|
    | qpos | (T, nq) | m, wxyz, rad | the actor's joints, MuJoCo's order |
    | object_pos_w | (T, 3) | m | world |
    | object_quat_w | (T, 4) | wxyz | world |
    | contact | (T, C) | bool | order of `CONTACT_NAMES` |
    | stretch | (T, 4) | – | reach used by both arms, then both legs |
    """

    qpos: Array
    object_pos_w: Array
    object_quat_w: Array
    contact: NDArray[np.bool_]
    stretch: Array

    @property
    def num_frames(self) -> int:
        """Number of video frames, T."""
        return len(self.qpos)


def clearance(
    model: mujoco.MjModel,
    motion: Motion,
    arms: bool = False,
    but: tuple[str, ...] = (),
) -> Array:
    """Distance `(T,)` [m] from the object to the body, or to upper and forearms.

    Negative inside; no more than 0.5 m is told apart. Bodies named in `but` may
    touch it.
    """
    bodies = []
    for name in _bodies(model):
        limb = any(part in name for part in _ARMS)
        wanted = limb and "hand" not in name if arms else not limb
        if wanted and name not in but:
            bodies.append(name)
    return distance(model, motion, *bodies)


def distance(model: mujoco.MjModel, motion: Motion, *bodies: str) -> Array:
    """Distance `(T,)` [m] from the object to the nearest of some bodies, to 0.5 m."""
    data = mujoco.MjData(model)
    targets = np.flatnonzero(model.geom_bodyid == model.body("object").id)
    ids = [model.body(name).id for name in bodies]
    geoms = np.flatnonzero(np.isin(model.geom_bodyid, ids))
    pairs = np.array([(geom, target) for geom in geoms for target in targets])
    reach = model.geom_rbound[pairs].sum(axis=1) + _FAR
    gaps = np.empty(motion.num_frames)
    for frame in range(len(gaps)):
        place(data, motion, frame)
        mujoco.mj_kinematics(model, data)
        apart = data.geom_xpos[pairs[:, 0]] - data.geom_xpos[pairs[:, 1]]
        near = pairs[np.linalg.norm(apart, axis=1) < reach]
        found = [
            mujoco.mj_geomDistance(model, data, geom, target, _FAR, None)
            for geom, target in near
        ]
        gaps[frame] = min(found, default=_FAR)
    return gaps


def _bodies(model: mujoco.MjModel) -> list[str]:
    """Names of the actor's bodies."""
    actor = model.body("pelvis").id
    return [
        model.body(body).name
        for body in range(model.nbody)
        if model.body_rootid[body] == actor
    ]


def place(data: mujoco.MjData, motion: Motion, frame: int) -> None:
    """Put the actor and the object where `motion` has them at `frame`."""
    data.qpos[:] = motion.qpos[frame]
    data.mocap_pos[0] = motion.object_pos_w[frame]
    data.mocap_quat[0] = motion.object_quat_w[frame]


def upright(heading: Array, pitch: Array) -> Array:
    """Quaternions `(T, 4)`: lean forward by `pitch`, then turn to `heading` [rad]."""
    zero = np.zeros_like(pitch)
    lean = np.stack([np.cos(pitch / 2), zero, np.sin(pitch / 2), zero], axis=-1)
    return rotations.multiply(rotations.from_yaw(heading), lean)


def balance(model: mujoco.MjModel, pose: Pose, target_w: Array) -> Solution:
    """Move the pelvis sideways until the centre of mass is over `target_w (T, 2)`."""
    for _ in range(6):
        solution = solve(model, pose)
        error = target_w - centre_of_mass(model, solution.qpos)[:, :2]
        pelvis = pose.pelvis_pos_w.copy()
        pelvis[:, :2] += 1.2 * error
        pose = dataclasses.replace(pose, pelvis_pos_w=pelvis)
    return solve(model, pose)
