"""Unitree G1 with 29 joints: constants, each with its source, as a `RobotSpec`.

Joint ranges, efforts and speeds: Unitree's G1 description (BSD-3-Clause).
Armature, gains and action scale: derived as in BeyondMimic's G1 configuration (MIT)
from each actuator's reflected rotor inertia I, at a natural frequency of 10 Hz and a
damping ratio of 2: kp = I·ω², kd = 2·2·I·ω, action scale = effort / (4 kp).
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from assets.robot import RobotSpec

NATURAL_FREQUENCY = 2.0 * math.pi * 10.0
DAMPING_RATIO = 2.0


@dataclasses.dataclass(frozen=True)
class Actuator:
    """One motor type: reflected inertia [kg·m²], torque [N·m] and speed [rad/s]."""

    armature: float
    effort: float
    velocity: float


HIP_PITCH_YAW = Actuator(0.01017752, 88.0, 32.0)
HIP_ROLL_KNEE = Actuator(0.025101925, 139.0, 20.0)
ARM = Actuator(0.003609725, 25.0, 37.0)
WRIST = Actuator(0.00425, 5.0, 22.0)
PARALLEL_PAIR = Actuator(2 * ARM.armature, 2 * ARM.effort, ARM.velocity)
"""Ankles, and waist roll and pitch, are each driven by two ARM motors in parallel."""

_LEG = (
    ("hip_pitch", HIP_PITCH_YAW, -2.5307, 2.8798, -0.312),
    ("hip_roll", HIP_ROLL_KNEE, -0.5236, 2.9671, 0.0),
    ("hip_yaw", HIP_PITCH_YAW, -2.7576, 2.7576, 0.0),
    ("knee", HIP_ROLL_KNEE, -0.087267, 2.8798, 0.669),
    ("ankle_pitch", PARALLEL_PAIR, -0.87267, 0.5236, -0.363),
    ("ankle_roll", PARALLEL_PAIR, -0.2618, 0.2618, 0.0),
)
_WAIST = (
    ("waist_yaw", HIP_PITCH_YAW, -2.618, 2.618, 0.0),
    ("waist_roll", PARALLEL_PAIR, -0.52, 0.52, 0.0),
    ("waist_pitch", PARALLEL_PAIR, -0.52, 0.52, 0.0),
)
_ARM = (
    ("shoulder_pitch", ARM, -3.0892, 2.6704, 0.2),
    ("shoulder_roll", ARM, -1.5882, 2.2515, 0.2),
    ("shoulder_yaw", ARM, -2.618, 2.618, 0.0),
    ("elbow", ARM, -1.0472, 2.0944, 0.6),
    ("wrist_roll", ARM, -1.97222, 1.97222, 0.0),
    ("wrist_pitch", WRIST, -1.61443, 1.61443, 0.0),
    ("wrist_yaw", WRIST, -1.61443, 1.61443, 0.0),
)

_Row = tuple[str, Actuator, float, float, float]


def _side(side: str, rows: tuple[_Row, ...]) -> list[_Row]:
    """Name a limb's rows for one side; roll ranges and defaults mirror on the right."""
    named: list[_Row] = []
    for name, actuator, low, high, default in rows:
        if side == "right" and name in ("hip_roll", "shoulder_roll"):
            low, high, default = -high, -low, -default
        named.append((f"{side}_{name}_joint", actuator, low, high, default))
    return named


_JOINTS: list[_Row] = [
    *_side("left", _LEG),
    *_side("right", _LEG),
    *[(f"{row[0]}_joint", row[1], row[2], row[3], row[4]) for row in _WAIST],
    *_side("left", _ARM),
    *_side("right", _ARM),
]

_SIDES = ("left", "right")


def _kp(actuator: Actuator) -> float:
    return actuator.armature * NATURAL_FREQUENCY**2


def _kd(actuator: Actuator) -> float:
    return 2.0 * DAMPING_RATIO * actuator.armature * NATURAL_FREQUENCY


def g1(mjcf: Path | None = None) -> RobotSpec:
    """The G1's specification; `mjcf` puts another model with the same joints under it.

    Raises ValueError if the constants contradict each other.
    """
    motors = [row[1] for row in _JOINTS]
    legs = ("hip_roll_link", "knee_link", "ankle_roll_link")
    arms = ("shoulder_roll_link", "elbow_link", "wrist_yaw_link")
    spec = RobotSpec(
        name="unitree_g1",
        mjcf=mjcf or Path(__file__).with_name("g1.xml"),
        joint_names=tuple(row[0] for row in _JOINTS),
        lower=tuple(row[2] for row in _JOINTS),
        upper=tuple(row[3] for row in _JOINTS),
        effort=tuple(m.effort for m in motors),
        velocity=tuple(m.velocity for m in motors),
        armature=tuple(m.armature for m in motors),
        kp=tuple(_kp(m) for m in motors),
        kd=tuple(_kd(m) for m in motors),
        default_pos=tuple(row[4] for row in _JOINTS),
        action_scale=tuple(0.25 * m.effort / _kp(m) for m in motors),
        motor_index=tuple(range(len(_JOINTS))),
        root_body="pelvis",
        anchor_body="torso_link",
        tracked_bodies=(
            "pelvis",
            *(f"{side}_{link}" for side in _SIDES for link in legs),
            "torso_link",
            *(f"{side}_{link}" for side in _SIDES for link in arms),
        ),
        end_effectors=(
            *(f"{side}_ankle_roll_link" for side in _SIDES),
            *(f"{side}_wrist_yaw_link" for side in _SIDES),
        ),
        contact_bodies={
            "left_hand": "left_wrist_yaw_link",
            "right_hand": "right_wrist_yaw_link",
            "left_foot": "left_ankle_roll_link",
            "right_foot": "right_ankle_roll_link",
            "pelvis": "pelvis",
        },
        palm_sites=("left_palm", "right_palm"),
        default_height=0.76,
    )
    spec.validate()
    return spec
