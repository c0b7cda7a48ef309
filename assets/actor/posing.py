"""Poses of the actor: limbs solved in closed form, whole clips at once.

Arrays run over frames first, then sides (left, right). Bodies are unrotated when the
actor stands with hanging arms: x forward, y left, z up.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np

from assets import rotations
from assets.actor.actor import LANDMARKS
from assets.rotations import Array

SIDES = ("l", "r")


@dataclasses.dataclass(frozen=True)
class Pose:
    """What a motion decides; `solve` finds the joints.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pelvis_pos_w | (T, 3) | m | world, midpoint of the hips |
    | pelvis_quat_w, chest_quat_w, head_quat_w | (T, 4) | wxyz | world |
    | ankle_pos_w | (T, 2, 3) | m | world |
    | foot_quat_w | (T, 2, 4) | wxyz | world |
    | palm_pos_w | (T, 2, 3) | m | world, centre of the palm's surface |
    | hand_quat_w | (T, 2, 4) | wxyz | world, fingers along -z, left palm to -y |
    | knee_w, elbow_w | (T, 2, 3) | – | world, where knee and elbow point |
    """

    pelvis_pos_w: Array
    pelvis_quat_w: Array
    chest_quat_w: Array
    head_quat_w: Array
    ankle_pos_w: Array
    foot_quat_w: Array
    palm_pos_w: Array
    hand_quat_w: Array
    knee_w: Array
    elbow_w: Array


@dataclasses.dataclass(frozen=True)
class Solution:
    """Joint positions and how far feet and hands miss their targets.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | qpos | (T, nq) | m, wxyz, rad | MuJoCo's order |
    | stretch | (T, 4) | – | reach used by left arm, right arm, left leg, right leg; |
    | | | | above 1 the target is out of reach |
    """

    qpos: Array
    stretch: Array


def solve(model: mujoco.MjModel, pose: Pose) -> Solution:
    """Joint positions of the actor for every frame of `pose`."""
    qpos = np.zeros((len(pose.pelvis_pos_w), model.nq))
    stretch = np.zeros((len(qpos), 4))
    qpos[:, :3], qpos[:, 3:7] = pose.pelvis_pos_w, pose.pelvis_quat_w
    spine_w = rotations.slerp(pose.pelvis_quat_w, pose.chest_quat_w, 0.5)
    _turn(model, qpos, "spine", pose.pelvis_quat_w, spine_w)
    _turn(model, qpos, "chest", spine_w, pose.chest_quat_w)
    _turn(model, qpos, "head", pose.chest_quat_w, pose.head_quat_w)
    chest_w = (
        pose.pelvis_pos_w
        + rotations.rotate(pose.pelvis_quat_w, model.body("spine").pos)
        + rotations.rotate(spine_w, model.body("chest").pos)
    )
    for side, name in enumerate(SIDES):
        arm = _Limb(model, name, "shoulder", "elbow", "wrist")
        palm_o = model.site(f"{name}_palm").pos
        hand_w = pose.hand_quat_w[:, side]
        wrist_w = pose.palm_pos_w[:, side] - rotations.rotate(hand_w, palm_o)
        arm_w = chest_w + rotations.rotate(pose.chest_quat_w, arm.root_pos)
        stretch[:, side] = arm.bend(
            qpos, arm_w, pose.chest_quat_w, wrist_w, hand_w, pose.elbow_w[:, side]
        )
        leg = _Limb(model, name, "hip", "knee", "ankle")
        hip_w = pose.pelvis_pos_w + rotations.rotate(pose.pelvis_quat_w, leg.root_pos)
        stretch[:, 2 + side] = leg.bend(
            qpos,
            hip_w,
            pose.pelvis_quat_w,
            pose.ankle_pos_w[:, side],
            pose.foot_quat_w[:, side],
            pose.knee_w[:, side],
        )
    return Solution(qpos, stretch)


def landmarks(model: mujoco.MjModel, qpos: Array) -> Array:
    """World positions `(T, 14, 3)` [m] of `LANDMARKS`, for `qpos (T, nq)`."""
    data = mujoco.MjData(model)
    sites = [model.site(name).id for name in LANDMARKS]
    found = np.empty((len(qpos), len(sites), 3))
    for frame, q in enumerate(qpos):
        data.qpos[: len(q)] = q
        mujoco.mj_kinematics(model, data)
        found[frame] = data.site_xpos[sites]
    return found


def centre_of_mass(model: mujoco.MjModel, qpos: Array) -> Array:
    """World centre of mass `(T, 3)` [m] of the actor, for `qpos (T, nq)`."""
    data = mujoco.MjData(model)
    pelvis = model.body("pelvis").id
    found = np.empty((len(qpos), 3))
    for frame, q in enumerate(qpos):
        data.qpos[: len(q)] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        found[frame] = data.subtree_com[pelvis]
    return found


def _turn(
    model: mujoco.MjModel, qpos: Array, joint: str, parent_w: Array, child_w: Array
) -> None:
    """Set a ball joint so that the child body has orientation `child_w`."""
    first = model.joint(joint).qposadr[0]
    local = rotations.multiply(rotations.conjugate(parent_w), child_w)
    qpos[:, first : first + 4] = rotations.normalize(local)


class _Limb:
    """Two bones in a plane: a ball joint, a hinge about y, and a ball at the end."""

    def __init__(
        self, model: mujoco.MjModel, side: str, root: str, hinge: str, end: str
    ) -> None:
        self.model = model
        self.root, self.end = f"{side}_{root}", f"{side}_{end}"
        self.hinge = model.joint(f"{side}_{hinge}").qposadr[0]
        bodies = [model.joint(f"{side}_{j}").bodyid[0] for j in (root, hinge, end)]
        self.root_pos, upper, lower = model.body_pos[bodies]
        self.upper, self.lower = np.linalg.norm(upper), np.linalg.norm(lower)
        self.sign = 1.0 if hinge == "knee" else -1.0

    def bend(
        self,
        qpos: Array,
        root_w: Array,
        parent_w: Array,
        target_w: Array,
        end_w: Array,
        pole_w: Array,
    ) -> Array:
        """Write the limb's joints into `qpos`; return the share `(T,)` of its reach.

        The middle joint leaves the line from root to target towards `pole_w`.
        """
        line = target_w - root_w
        distance = np.linalg.norm(line, axis=-1)
        along = line / np.maximum(distance, 1e-9)[:, None]
        out = pole_w - np.sum(pole_w * along, -1, keepdims=True) * along
        out /= np.linalg.norm(out, axis=-1, keepdims=True)
        a, b = self.upper, self.lower
        reach = np.clip(distance, abs(a - b) + 1e-3, (a + b) * 0.9995)
        cosine = (a * a + reach**2 - b * b) / (2 * a * reach)
        sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
        bone = cosine[:, None] * along + sine[:, None] * out
        inner = (a * a + b * b - reach**2) / (2 * a * b)
        angle = self.sign * (np.pi - np.arccos(np.clip(inner, -1.0, 1.0)))
        lateral = self.sign * np.cross(out, along)
        axes = np.stack([np.cross(lateral, -bone), lateral, -bone], axis=-1)
        upper_w = rotations.from_matrix(axes)
        zero = np.zeros_like(angle)
        turn = np.stack([np.cos(angle / 2), zero, np.sin(angle / 2), zero], axis=-1)
        lower_w = rotations.multiply(upper_w, turn)
        _turn(self.model, qpos, self.root, parent_w, upper_w)
        qpos[:, self.hinge] = angle
        _turn(self.model, qpos, self.end, lower_w, end_w)
        return distance / (a + b)
