"""Who and what is filmed: the actor, the object, and the stage they stand on."""

from __future__ import annotations

import dataclasses
import math

import mujoco
import numpy as np

from assets.actor.actor import Actor, Colour, make_spec
from assets.objects import ObjectSpec
from assets.scene import add_object
from perception.studio.furniture import furnish
from perception.studio.passer_by import add_passer_by
from perception.studio.room import Room, add_room, tint
from perception.studio.surfaces import bottle, cardboard, cloth, cover, wood
from perception.studio.viewpoint import CAMERA

_SKINS = ((0.87, 0.67, 0.54), (0.78, 0.56, 0.42), (0.6, 0.41, 0.29), (0.4, 0.26, 0.18))
_HAIRS = ((0.08, 0.06, 0.05), (0.22, 0.13, 0.07), (0.45, 0.3, 0.14), (0.5, 0.48, 0.46))
_OBJECTS: dict[str, tuple[Colour, ...]] = {
    "box": ((0.66, 0.47, 0.28), (0.75, 0.2, 0.15), (0.85, 0.65, 0.1), (0.1, 0.5, 0.35)),
    "cylinder": (
        (0.1, 0.4, 0.7),
        (0.8, 0.25, 0.1),
        (0.1, 0.55, 0.25),
        (0.85, 0.75, 0.2),
    ),
    "chair": (
        (0.55, 0.35, 0.18),
        (0.7, 0.12, 0.12),
        (0.15, 0.35, 0.6),
        (0.75, 0.6, 0.35),
    ),
    "sphere": (
        (0.85, 0.4, 0.1),
        (0.8, 0.8, 0.15),
        (0.15, 0.4, 0.75),
        (0.75, 0.15, 0.2),
    ),
}
_CLOTHES = (
    (0.15, 0.3, 0.6),
    (0.1, 0.1, 0.14),
    (0.75, 0.75, 0.72),
    (0.5, 0.12, 0.15),
    (0.2, 0.35, 0.22),
    (0.4, 0.42, 0.46),
    (0.55, 0.35, 0.6),
)
_UNPAINTED = [0.5, 0.5, 0.5, 1.0]
"""MuJoCo's own colour of a geom, with which its material's counts."""


@dataclasses.dataclass(frozen=True)
class Cast:
    """The actor, a colour for the object unlike the clothes, and who may pass by."""

    actor: Actor
    colour: Colour
    passer_by: Actor | None = None


def draw_actor(rng: np.random.Generator) -> Actor:
    """A person."""
    clothes = rng.permutation(len(_CLOTHES))
    shirt, trousers, shoes = (tint(_CLOTHES[i], rng) for i in clothes[:3])
    return Actor(
        height=float(rng.uniform(1.55, 1.95)),
        build=float(rng.uniform(0.88, 1.15)),
        shirt=shirt,
        trousers=trousers,
        skin=tint(_SKINS[rng.integers(len(_SKINS))], rng),
        hair=tint(_HAIRS[rng.integers(len(_HAIRS))], rng),
        shoes=shoes,
        long_sleeves=bool(rng.random() < 0.4),
    )


def draw_colour(item: ObjectSpec, actor: Actor, rng: np.random.Generator) -> Colour:
    """A colour for the object, unlike the clothes."""
    choices = [tint(colour, rng) for colour in _OBJECTS[item.shape]]
    worn = (actor.shirt, actor.trousers)
    far = [c for c in choices if min(math.dist(c, w) for w in worn) > 0.35]
    return far[rng.integers(len(far))] if far else choices[0]


def resized(item: ObjectSpec, rng: np.random.Generator) -> ObjectSpec:
    """The object a little larger or smaller; round ones stay round."""
    x, y, z = rng.uniform(11 / 12, 13 / 12, 3)
    scale = {"cylinder": (x, x, z), "sphere": (x, x, x)}.get(item.shape, (x, y, z))
    size = np.round(np.asarray(item.size) * scale, 3).tolist()
    return dataclasses.replace(item, size=(size[0], size[1], size[2]))


def make_stage(actor: Actor, item: ObjectSpec) -> mujoco.MjModel:
    """The actor on a bare floor with a mocap body `object`; no dynamics."""
    spec = make_spec(actor)
    add_object(spec, item, mocap=True)
    return spec.compile()


def make_set(
    cast: Cast,
    item: ObjectSpec,
    room: Room,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> mujoco.MjModel:
    """The stage as it is filmed, in colour: furnished, lit, and with a camera.

    The actor's joints come first, as on the bare stage, then those of a passer-by.
    """
    spec = make_spec(cast.actor)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = size
    spec.visual.quality.shadowsize, spec.visual.quality.offsamples = 1024, 0
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 16, 10
    spec.visual.map.znear = 0.02
    spec.stat.extent = 1.5 + room.width + room.depth
    spec.stat.center = room.at(0.0, 0.0, 0.8)
    for garment in ("shirt", "trousers"):
        cover(spec, garment, "sphere", cloth(rng))
    _add_item(spec, item, cast.colour, rng)
    if cast.passer_by is not None:
        add_passer_by(spec, cast.passer_by)
    add_room(spec, room, cast.colour, rng)
    furnish(spec, room, rng)
    spec.worldbody.add_camera(name=CAMERA)
    return spec.compile()


def _add_item(
    spec: mujoco.MjSpec, item: ObjectSpec, colour: Colour, rng: np.random.Generator
) -> None:
    """The object in its colours: printed cardboard, a labelled bottle, or boards."""
    gloss = float(rng.uniform(0.05, 0.35))
    material = spec.add_material(name="item", specular=gloss, shininess=gloss)
    body = add_object(spec, item, mocap=True)
    painters = {"box": cardboard(item, colour, rng), "cylinder": bottle(colour, rng)}
    painter = painters.get(item.shape, wood(colour, rng))
    plain = rng.random() < (0.5 if item.shape == "chair" else 0.1)
    for geom in body.geoms:
        geom.material, geom.rgba = "item", _UNPAINTED
    if plain:
        material.rgba = [*colour, 1.0]
    else:
        cover(spec, "item", item.parts[0].shape, painter)
