"""A seven-joint arm on a fixed base: constants, each with its source, as `RobotSpec`.

Joint ranges, torques and speeds: Franka Emika's published limits for its arm.
Armature: 0.1 kg·m² for every joint, our assumption. Gains as the G1's: a natural
frequency of 10 Hz and a damping ratio of 2, action scale = effort / (4 kp).
"""

from __future__ import annotations

import math
from pathlib import Path

from assets.robot import RobotSpec

NATURAL_FREQUENCY = 2.0 * math.pi * 10.0
DAMPING_RATIO = 2.0
ARMATURE = 0.1
KP = ARMATURE * NATURAL_FREQUENCY**2
KD = 2.0 * DAMPING_RATIO * ARMATURE * NATURAL_FREQUENCY

REACH = 0.855
"""Farthest [m] from the shoulder, which is `SHOULDER` above the base, to the flange."""
SHOULDER = 0.333

_BIG, _SMALL = (87.0, 2.175), (12.0, 2.61)
_QUARTER = math.pi / 4

_JOINTS = (
    (_BIG, -2.8973, 2.8973, 0.0),
    (_BIG, -1.7628, 1.7628, -_QUARTER),
    (_BIG, -2.8973, 2.8973, 0.0),
    (_BIG, -3.0718, -0.0698, -3.0 * _QUARTER),
    (_SMALL, -2.8973, 2.8973, 0.0),
    (_SMALL, -0.0175, 3.7525, 2.0 * _QUARTER),
    (_SMALL, -2.8973, 2.8973, _QUARTER),
)
"""Torque [N·m] and speed [rad/s], range and default [rad], from the base outwards."""


def arm7(mjcf: Path | None = None) -> RobotSpec:
    """The arm's specification; `mjcf` puts another model with the same joints under it.

    Its base is bolted down: it has no feet, and its one hand is the right one.
    """
    count = len(_JOINTS)
    links = tuple(f"link{i}" for i in range(1, count + 1))
    spec = RobotSpec(
        name="arm7",
        mjcf=mjcf or Path(__file__).with_name("arm7.xml"),
        joint_names=tuple(f"joint{i}" for i in range(1, count + 1)),
        lower=tuple(row[1] for row in _JOINTS),
        upper=tuple(row[2] for row in _JOINTS),
        effort=tuple(row[0][0] for row in _JOINTS),
        velocity=tuple(row[0][1] for row in _JOINTS),
        armature=(ARMATURE,) * count,
        kp=(KP,) * count,
        kd=(KD,) * count,
        default_pos=tuple(row[3] for row in _JOINTS),
        action_scale=tuple(0.25 * row[0][0] / KP for row in _JOINTS),
        motor_index=tuple(range(count)),
        root_body="base",
        anchor_body="base",
        tracked_bodies=("base", *links, "hand"),
        end_effectors=("hand",),
        contact_bodies={"right_hand": "hand"},
        palm_sites=("right_palm",),
        default_height=0.0,
    )
    spec.validate()
    return spec
