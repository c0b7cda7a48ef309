"""The one mimic reward that serves every task (SUGAR, arXiv 2605.20373, table 6)."""

from __future__ import annotations

from envs.rewards import terms
from envs.rewards.stack import Term

ACTION_RATE = -0.01
"""The paper has −0.1, for 10⁹ steps: with a residual on top of feed-forward that much
outweighs tracking for the first million steps (it was −0.7 of a reward of 4)."""


def mimic_reward(
    *,
    feet_slide: bool = True,
    walks: bool = False,
    keep_off: bool = False,
    undesired: float = -0.1,
) -> tuple[Term, ...]:
    """SUGAR's table; tasks differ only in the arguments.

    `walks` adds its feet-air-time term, which is idle for feet that stay; `keep_off`
    the one that Push has for its feet; Kick lets feet slide; Carry weighs undesired
    contacts ten times.
    """
    table = (
        Term("joint_position", terms.joint_position, 0.125, {"std": 0.6}),
        Term("anchor_position", terms.anchor_position, 0.25, {"std": 0.3}),
        Term("anchor_orientation", terms.anchor_orientation, 0.25, {"std": 0.4}),
        Term("body_position", terms.body_position, 0.25, {"std": 0.3}),
        Term("body_orientation", terms.body_orientation, 0.25, {"std": 0.4}),
        Term("body_lin_vel", terms.body_linear_velocity, 0.25, {"std": 1.0}),
        Term("body_ang_vel", terms.body_angular_velocity, 0.25, {"std": 3.14}),
        Term("object_position", terms.object_position, 0.5, {"std": 0.3}),
        Term("object_orientation", terms.object_orientation, 0.5, {"std": 0.4}),
        Term("object_lin_vel", terms.object_linear_velocity, 0.5, {"std": 1.0}),
        Term("object_ang_vel", terms.object_angular_velocity, 0.5, {"std": 3.14}),
        Term("object_body_pos", terms.object_to_body_position, 0.25, {"std": 0.3}),
        Term("object_body_rot", terms.object_to_body_orientation, 0.25, {"std": 0.4}),
        Term("contact", terms.contact, 1.0),
        Term("joint_acceleration", terms.joint_acceleration, -2.5e-7),
        Term("joint_torque", terms.joint_torque, -1e-5),
        Term("action_rate", terms.action_rate, ACTION_RATE),
        Term("joint_limit", terms.joint_limit, -10.0),
        Term("undesired_contacts", terms.undesired_contacts, undesired),
    )
    if feet_slide:
        table += (Term("feet_slide", terms.feet_slide, -0.1),)
    if walks:
        table += (Term("feet_air_time", terms.feet_air_time, 5.0, {"least": 0.5}),)
    if keep_off:
        table += (Term("keep_off", terms.keep_off, 1.0),)
    return table
