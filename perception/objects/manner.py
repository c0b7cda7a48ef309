"""What a task says beforehand: which bodies touch, and how the object may move."""

from __future__ import annotations

from assets.interactions import INTERACTIONS
from assets.objects import ObjectSpec
from perception.objects.settle import Manner
from perception.prior import CONTACT_NAMES

_MANNERS = {
    "push-box": Manner(on_floor=True),
    "kick-box": Manner(on_floor=True),
    "pick-bottle": Manner(tips=True, lies=False),
    "stand-bottle": Manner(tips=True, lies=True),
    "sit-chair": Manner(moves=False),
}


def touching(task: str | None, spec: ObjectSpec) -> tuple[str, ...]:
    """Bodies whose touch of the object counts; hands and feet where nobody said."""
    if task in INTERACTIONS:
        return INTERACTIONS[task].contacts
    return ("pelvis",) if spec.shape == "chair" else CONTACT_NAMES[:4]


def manner_of(task: str | None, spec: ObjectSpec) -> Manner:
    """How the object may move; freely where nobody said, but a chair stands."""
    if task in INTERACTIONS:
        return _MANNERS.get(task, Manner())
    return Manner(moves=spec.shape != "chair", tips=spec.shape == "cylinder")


def takes_hands(task: str | None, spec: ObjectSpec) -> bool:
    """Whether two hands carry it between them, as far as is known beforehand."""
    return spec.shape == "box" and "left_hand" in touching(task, spec)
