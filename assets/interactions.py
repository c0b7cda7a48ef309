"""Interactions: the seven things done to objects, and which bodies do them.

Tasks, objects and masses are SUGAR's (arXiv 2605.20373, section 4) where it gives
them; `lift-box` is the tutorial's.
"""

from __future__ import annotations

import dataclasses

from assets.objects import (
    BIG_BOX,
    BOTTLE,
    CHAIR,
    KICK_BOX,
    LIFT_BOX,
    SMALL_BOX,
    USUAL,
    ObjectSpec,
)

HANDS = ("left_hand", "right_hand")
FEET = ("left_foot", "right_foot")


@dataclasses.dataclass(frozen=True)
class Interaction:
    """What is done, to what, and with which bodies.

    `contacts` are the bodies whose touch of the object is labelled and learnt; all
    others should keep off it. `walks` says that the feet leave their place, `goal`
    that the object must come to a pose that is told beforehand, `slides` that it goes
    there by itself, slowed by the floor's friction alone.
    """

    name: str
    title: str
    object: ObjectSpec
    contacts: tuple[str, ...]
    walks: bool = True
    goal: bool = False
    slides: bool = False


INTERACTIONS = {
    interaction.name: interaction
    for interaction in (
        Interaction("lift-box", "LiftBox", LIFT_BOX, HANDS, walks=False),
        Interaction("carry-box", "CarryBox", SMALL_BOX, HANDS, goal=True),
        Interaction("push-box", "PushBox", BIG_BOX, HANDS, goal=True),
        Interaction("kick-box", "KickBox", KICK_BOX, FEET, goal=True, slides=True),
        Interaction("pick-bottle", "PickBottle", BOTTLE, HANDS),
        Interaction("stand-bottle", "StandBottle", BOTTLE, HANDS),
        Interaction("sit-chair", "SitChair", CHAIR, ("pelvis",)),
    )
}
"""By name, in the order of the paper.

SUGAR tells its generator the goal for Carry and Push; we do for Kick too, since a kick
is judged by where the box comes to rest.
"""


def interaction(name: str) -> Interaction:
    """The interaction called `name`; raises ValueError that lists them."""
    if name not in INTERACTIONS:
        known = ", ".join(INTERACTIONS)
        msg = f"unknown task '{name}'; there are: {known}"
        raise ValueError(msg)
    return INTERACTIONS[name]


def usual_object(shape: str, task: str | None) -> ObjectSpec:
    """What an object of this shape is expected to weigh and to rub like.

    The task's own if it has that shape: a tall box that is kicked or pushed slides
    only while its friction is below its width over its height, else it tips over.
    """
    own = INTERACTIONS[task].object if task in INTERACTIONS else None
    if own is not None and own.shape == shape:
        return own
    return USUAL.get(shape, SMALL_BOX)
