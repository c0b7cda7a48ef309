"""What a robot's motion weighs against what, when it cannot have everything."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Weights:
    """Square roots of costs; positions per m, orientations per rad.

    Feet, clearance and the centre of mass come before style: a centre of mass a
    centimetre off for a few frames presses decimetres beyond the sole.
    """

    foot_position: float = 400.0
    foot_orientation: float = 40.0
    palm_position: float = 12.0
    palm_orientation: float = 2.0
    palm_turn: float = 0.6
    pelvis_position: float = 4.0
    pelvis_orientation: float = 0.3
    torso_orientation: float = 1.0
    com: float = 100.0
    posture: float = 0.2
    leg_posture: float = 0.02
    waist_posture: float = 0.5
    clear: float = 100.0
    damping: float = 1.0
    """Per step; slows the solution, does not bend it."""
    arm_damping: float = 2.0
    """More of it in arms, which else swing for ever between an object's sides."""
    acceleration: float = 0.004
    """Per rad/s²."""
    still: float = 0.1
    """Per rad/s, in the first and last frame."""
    patience: int = 1
    """Iterations over the usual number, where targets are hard to reconcile."""

    def keeping_style(self) -> Weights:
        """These, for the refinement of what was found: its heights, trunk and palms."""
        return dataclasses.replace(
            self,
            pelvis_position=1.5 * self.pelvis_position,
            torso_orientation=2.0 * self.torso_orientation,
            palm_position=25.0 / 12.0 * self.palm_position,
        )


LOOSE = Weights(foot_position=200.0, com=12.0, clear=40.0, damping=0.1, arm_damping=0.0)
"""Balance gives way to hands that grip and to seats."""
GRIPPING = Weights(
    palm_position=30.0,
    palm_orientation=8.0,
    palm_turn=3.0,
    pelvis_position=12.0,
    pelvis_orientation=2.0,
    waist_posture=2.0,
    patience=2,
)
"""Balance first, then palms flat on what they turn and hips where they are planned,
straight ahead: hips and waist else twist to the one side or the other."""

OF_TASK = {
    "push-box": Weights(),
    "kick-box": Weights(),
    "stand-bottle": GRIPPING,
    "carry-box": GRIPPING,
}
"""A lift, a pick and a seat still have the weights that their refiners learnt with."""


def weights_of(task: str) -> Weights:
    """The weights of a task."""
    return OF_TASK.get(task, LOOSE)
