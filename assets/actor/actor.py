"""`Actor`: a person's size and colours, and the MuJoCo model made from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import mujoco
import numpy as np

Colour = tuple[float, float, float]

TEMPLATE_HEIGHT = 1.75
"""Height [m] of the person that actor.xml describes."""

LANDMARKS = (
    "l_hip r_hip l_knee r_knee l_ankle r_ankle l_toe r_toe "
    "l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist"
).split()
"""Sites of the model, in the order of a track's joints."""

_LEAN = ("head", "l_hand", "r_hand", "l_foot", "r_foot")
"""Bodies that a heavier build does not thicken."""


@dataclasses.dataclass(frozen=True)
class Actor:
    """One person; colours are linear RGB from 0 to 1.

    | field | unit | meaning |
    |---|---|---|
    | height | m | 1.4 to 2.1 |
    | build | – | girth of trunk and limbs, 1 is average, 0.7 to 1.4 |
    | long_sleeves | – | forearms in shirt colour, else in skin colour |
    """

    height: float = TEMPLATE_HEIGHT
    build: float = 1.0
    shirt: Colour = (0.15, 0.3, 0.6)
    trousers: Colour = (0.12, 0.12, 0.16)
    skin: Colour = (0.8, 0.58, 0.45)
    hair: Colour = (0.12, 0.08, 0.05)
    shoes: Colour = (0.25, 0.2, 0.18)
    long_sleeves: bool = False

    def validate(self) -> None:
        """Raise ValueError in one line that says what is wrong with this person."""
        if not 1.4 <= self.height <= 2.1:
            msg = f"actor: height {self.height} m is not in 1.4 to 2.1"
            raise ValueError(msg)
        if not 0.7 <= self.build <= 1.4:
            msg = f"actor: build {self.build} is not in 0.7 to 1.4"
            raise ValueError(msg)
        for part in ("shirt", "trousers", "skin", "hair", "shoes"):
            colour = getattr(self, part)
            if len(colour) != 3 or not all(0.0 <= c <= 1.0 for c in colour):
                msg = f"actor: {part} {colour} must be three numbers from 0 to 1"
                raise ValueError(msg)


def make_spec(actor: Actor) -> mujoco.MjSpec:
    """The actor's model, standing with its feet on the floor at the origin."""
    actor.validate()
    spec = mujoco.MjSpec.from_file(str(Path(__file__).with_name("actor.xml")))
    _scale(spec, actor.height / TEMPLATE_HEIGHT, actor.build)
    _paint(spec, actor)
    return spec


def _scale(spec: mujoco.MjSpec, scale: float, build: float) -> None:
    """Scale every length; thicken trunk and limbs, not head, hands and feet."""
    for body in spec.bodies[1:]:
        body.pos = np.asarray(body.pos) * scale
        girth = scale * (1.0 if body.name in _LEAN else build)
        for geom in body.geoms:
            slender = [girth, girth, scale]
            geom.size = np.asarray(geom.size) * slender
            geom.pos = np.asarray(geom.pos) * scale
            geom.fromto = np.asarray(geom.fromto) * scale
        for site in body.sites:
            site.pos = np.asarray(site.pos) * scale


def _paint(spec: mujoco.MjSpec, actor: Actor) -> None:
    """Give the materials their colours."""
    shade = {
        "shirt": actor.shirt,
        "sleeve": actor.shirt if actor.long_sleeves else actor.skin,
        "trousers": actor.trousers,
        "belt": tuple(0.5 * c for c in actor.trousers),
        "skin": actor.skin,
        "lips": (0.75 * actor.skin[0], 0.45 * actor.skin[1], 0.45 * actor.skin[2]),
        "hair": actor.hair,
        "shoes": actor.shoes,
        "soles": tuple(0.5 + 0.4 * c for c in actor.shoes),
    }
    for name, colour in shade.items():
        spec.material(name).rgba = [*colour, 1.0]
