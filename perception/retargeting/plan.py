"""`Plan`: where feet, palms, trunk, balance and object should be in every frame."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.prior import CONTACT_NAMES
from perception.retargeting.body import Body
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.footsteps import Gait, foot_poses, offset
from perception.retargeting.scene import RobotScene
from perception.smoothing import gaussian, min_jerk

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STANDING = 0.98
"""Height of the pelvis standing, over the robot's default height."""
ENTRY = 40
"""Frames over which the person's style takes over from standing."""
STYLE_SIGMA = 6.0
STANCE = (0.11, 0.14)
ARM_SWING = 0.25
"""How far [rad] shoulders swing in a walk."""
WALKING_PITCH = 0.15
"""Largest lean [rad] of the trunk while the feet walk free of any load."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Targets at 50 Hz in the video's world.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | foot_pos_w, foot_quat_w | (T, 2, 3), (T, 2, 4) | m, wxyz | the feet's bodies |
    | planted | (T, 2) | bool | the foot stands still |
    | palm_pos_w, palm_quat_w | (T, 2, 3), (T, 2, 4) | m, wxyz | the palm sites |
    | palm_weight | (T, 2) | 0 to 1 | |
    | palm_normal_w | (T, 2, 3) | | the axis about which palms may turn |
    | pelvis_pos_w | (T, 3) | m | |
    | pelvis_weight | (T, 3) | 0 to 1 | x, y and height |
    | pelvis_quat_w, torso_quat_w | (T, 4) | wxyz | |
    | arm_swing | (T, 2) | rad | forward swing of the shoulders |
    | zmp_w | (T, 2) | m | where the weight should press |
    | com_w | (T, 2) | m | centre of mass |
    | carried | (T,) | 0 to 1 | share of the object's weight that the robot bears |
    | object_pos_w, object_quat_w | (T, 3), (T, 4) | m, wxyz | |
    | contact | (T, C) | bool | order of `CONTACT_NAMES` |
    | confidence | (T,) | 0 to 1 | of the video's frame |
    """

    foot_pos_w: Floats
    foot_quat_w: Floats
    planted: Bools
    palm_pos_w: Floats
    palm_quat_w: Floats
    palm_weight: Floats
    palm_normal_w: Floats
    pelvis_pos_w: Floats
    pelvis_weight: Floats
    pelvis_quat_w: Floats
    torso_quat_w: Floats
    arm_swing: Floats
    zmp_w: Floats
    com_w: Floats
    carried: Floats
    object_pos_w: Floats
    object_quat_w: Floats
    contact: Bools
    confidence: Floats

    @property
    def num_frames(self) -> int:
        """Number of frames at 50 Hz, T."""
        return len(self.com_w)

    def at(self, frames: NDArray[np.int_]) -> Plan:
        """These frames alone."""
        names = [f.name for f in dataclasses.fields(self)]
        return dataclasses.replace(self, **{n: getattr(self, n)[frames] for n in names})


def read_at(values: Floats, video: Floats) -> Floats:
    """Values `(S, ...)` of the demonstration's frames at `video (T,)`."""
    low = np.clip(np.floor(video).astype(int), 0, len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    part = (video - low).reshape(-1, *[1] * (values.ndim - 1))
    return values[low] * (1.0 - part) + values[high] * part


def half_stance(demo: Demonstration, body: Body) -> float:
    """Half the distance [m] between the feet, the person's at the robot's size."""
    scale = body.hip_height / demo.hip_height
    return float(np.clip(scale * demo.stance / 2, *STANCE))


def stand_up(demo: Demonstration, scene: RobotScene, body: Body, gait: Gait) -> Plan:
    """A plan that walks in the person's style with free arms and touches nothing.

    The object stays where the demonstration first has it.
    """
    n = gait.num_frames
    crouch = gaussian(read_at(demo.crouch, gait.video), STYLE_SIGMA)
    pitch = gaussian(read_at(demo.trunk_pitch, gait.video), STYLE_SIGMA)
    walking = gaussian((~gait.planted.all(axis=1)).astype(float), STYLE_SIGMA)
    pitch += walking * (np.clip(pitch, -0.05, WALKING_PITCH) - pitch)
    crouch += walking * (np.maximum(crouch, 0.93) - crouch)
    style = min_jerk(np.arange(n) / ENTRY)
    crouch = 1.0 + style * (crouch - 1.0)
    pos = np.zeros((n, 3))
    pos[:, :2] = gait.base[:, :2]
    pos[:, 2] = STANDING * scene.robot.default_height * crouch
    torso = leaning(gait.base[:, 2], style * pitch)
    foot_pos, foot_quat = foot_poses(gait, body)
    sign = np.array([-1.0, 1.0])
    quat = np.repeat(torso[:, None], 2, axis=1)
    return Plan(
        foot_pos_w=foot_pos,
        foot_quat_w=foot_quat,
        planted=gait.planted,
        palm_pos_w=np.zeros((n, 2, 3)),
        palm_quat_w=quat,
        palm_weight=np.zeros((n, 2)),
        palm_normal_w=np.zeros((n, 2, 3)),
        pelvis_pos_w=pos,
        pelvis_weight=np.tile([0.0, 0.0, 1.0], (n, 1)),
        pelvis_quat_w=torso,
        torso_quat_w=torso,
        arm_swing=ARM_SWING * gait.swing[:, None] * sign,
        zmp_w=gait.zmp,
        com_w=gait.zmp,
        carried=np.zeros(n),
        object_pos_w=np.tile(demo.rest, (n, 1)),
        object_quat_w=np.tile(rotations.IDENTITY, (n, 1)),
        contact=np.zeros((n, len(CONTACT_NAMES)), dtype=bool),
        confidence=read_at(demo.confidence, gait.video),
    )


def leaning(heading: Floats, pitch: Floats | float) -> Floats:
    """Orientations `(T, 4)`: lean forward by `pitch`, then turn to `heading` [rad]."""
    zero = np.zeros_like(heading)
    half = pitch / 2 + zero
    lean = np.stack([np.cos(half), zero, np.sin(half), zero], axis=-1)
    turned = rotations.multiply(rotations.from_yaw(heading), lean)
    return np.asarray(turned, dtype=np.float64)


def ahead_of(base: Floats, local: Floats) -> Floats:
    """Points `(T, ..., 3)` given ahead, left and up of places `(T, 3)`, world."""
    place = base.reshape(len(base), *[1] * (local.ndim - 2), 3)
    xy = offset(place, local[..., 0], local[..., 1])
    return np.concatenate([xy, local[..., 2:]], axis=-1)
