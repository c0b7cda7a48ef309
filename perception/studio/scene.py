"""The studio's room: walls, floor, clutter, light, the object and the camera."""

from __future__ import annotations

import math

import mujoco
import numpy as np

from assets.actor.actor import Actor, Colour, make_spec
from assets.objects import ObjectSpec
from assets.rotations import Array
from assets.scene import add_object
from perception.studio.viewpoint import CAMERA, Camera, look_at

_BOX = mujoco.mjtGeom.mjGEOM_BOX
_SKINS = ((0.87, 0.67, 0.54), (0.78, 0.56, 0.42), (0.6, 0.41, 0.29), (0.4, 0.26, 0.18))
_HAIRS = ((0.08, 0.06, 0.05), (0.22, 0.13, 0.07), (0.45, 0.3, 0.14), (0.5, 0.48, 0.46))
_BOXES = ((0.66, 0.47, 0.28), (0.75, 0.2, 0.15), (0.85, 0.65, 0.1), (0.1, 0.5, 0.35))
_CLOTHES = (
    (0.15, 0.3, 0.6),
    (0.1, 0.1, 0.14),
    (0.75, 0.75, 0.72),
    (0.5, 0.12, 0.15),
    (0.2, 0.35, 0.22),
    (0.4, 0.42, 0.46),
    (0.55, 0.35, 0.6),
)


def draw_camera(
    points_w: Array, size: tuple[int, int], rng: np.random.Generator
) -> Camera:
    """A camera in front of the actor (at +x) that sees all of `points_w (N, 3)`."""
    target = 0.5 * (points_w.min(axis=0) + points_w.max(axis=0))
    azimuth = math.radians(rng.choice([-1.0, 1.0]) * rng.uniform(5.0, 60.0))
    upright = size[0] < size[1]
    field_of_view_deg = rng.uniform(50.0, 56.0 if upright else 70.0)
    height, distance = rng.uniform(0.9, 1.7), rng.uniform(2.5, 3.2)
    aim = target + rng.uniform(-0.08, 0.08, 3)
    while True:
        level = distance * np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
        eye = np.array([target[0], target[1], height]) + level
        camera = look_at(eye, aim, field_of_view_deg, size)
        pixels = camera.project(points_w) / size
        if distance > 4.5 or (abs(pixels - 0.5).max() < 0.46):
            return camera
        distance += 0.1


def draw_actor(rng: np.random.Generator) -> tuple[Actor, Colour]:
    """A person, and a colour for the object unlike the clothes."""
    clothes = rng.permutation(len(_CLOTHES))
    shirt, trousers = (_tint(_CLOTHES[i], rng) for i in clothes[:2])
    actor = Actor(
        height=float(rng.uniform(1.55, 1.95)),
        build=float(rng.uniform(0.88, 1.15)),
        shirt=shirt,
        trousers=trousers,
        skin=_tint(_SKINS[rng.integers(len(_SKINS))], rng),
        hair=_tint(_HAIRS[rng.integers(len(_HAIRS))], rng),
        shoes=_tint(_CLOTHES[clothes[2]], rng),
        long_sleeves=bool(rng.random() < 0.4),
    )
    choices = [_tint(colour, rng) for colour in _BOXES]
    gaps = [min(math.dist(c, shirt), math.dist(c, trousers)) for c in choices]
    far = [c for c, gap in zip(choices, gaps, strict=True) if gap > 0.35]
    return actor, far[rng.integers(len(far))] if far else choices[0]


def make_scene(
    actor: Actor,
    item: ObjectSpec,
    colour: Colour,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> mujoco.MjModel:
    """The actor in a furnished room with a mocap body `object`; no dynamics."""
    spec = make_spec(actor)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = size
    spec.visual.quality.shadowsize = 1024
    spec.visual.quality.offsamples = 0
    spec.visual.map.znear = 0.02
    spec.stat.extent, spec.stat.center = 2.5, [0.2, 0.0, 0.8]
    ambient = rng.uniform(0.28, 0.4)
    spec.visual.headlight.ambient = [ambient] * 3
    spec.visual.headlight.diffuse = [rng.uniform(0.15, 0.3)] * 3
    spec.visual.headlight.specular = [0.0] * 3
    _add_room(spec, rng)
    _add_clutter(spec, rng)
    _add_lights(spec, rng)
    for geom in add_object(spec, item, mocap=True).geoms:
        geom.rgba = [*colour, 1.0]
    spec.worldbody.add_camera(name=CAMERA)
    return spec.compile()


def _tint(colour: Colour, rng: np.random.Generator) -> Colour:
    """The colour, a little lighter or darker and shifted."""
    values = np.asarray(colour) * rng.uniform(0.8, 1.2) + rng.uniform(-0.03, 0.03, 3)
    r, g, b = np.clip(values, 0.02, 1.0)
    return float(r), float(g), float(b)


def _add_room(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """Floor, and walls behind the actor and at both sides."""
    floors = (
        (0.42, 0.33, 0.25),
        (0.45, 0.45, 0.44),
        (0.3, 0.32, 0.36),
        (0.6, 0.57, 0.5),
    )
    base = np.asarray(_tint(floors[rng.integers(len(floors))], rng))
    spec.add_texture(
        name="floor",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=base,
        rgb2=base * rng.uniform(0.85, 0.97),
        width=256,
        height=256,
    )
    floor = spec.add_material(name="floor", specular=0.1, shininess=0.1)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    floor.texrepeat = [rng.uniform(4.0, 14.0)] * 2
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[6.0, 6.0, 0.1],
        material="floor",
    )
    tone = np.asarray(_tint((0.72, 0.71, 0.68), rng))
    wall = np.clip(tone + rng.uniform(-0.08, 0.08, 3), 0.2, 0.95)
    back = -rng.uniform(1.4, 2.6)
    for x, y, wide, deep in ((back, 0, 0.05, 6), (0, 5, 6, 0.05), (0, -5, 6, 0.05)):
        _block(spec, (x, y, 2.0), (wide, deep, 2.0), wall)
    _block(spec, (back + 0.06, 0, 0.05), (0.012, 6, 0.05), wall * 0.6)
    spec.add_texture(
        name="above",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=np.clip(wall + 0.08, 0.0, 1.0),
        width=16,
        height=96,
    )


def _add_clutter(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """Pictures, crates and shelves along the wall, away from the actor."""
    back = min(geom.pos[0] for geom in spec.worldbody.geoms)
    for layer in range(rng.integers(1, 4)):
        half = rng.uniform(0.15, 0.4, 2)
        at = (back + 0.06 + 0.01 * layer, rng.uniform(-3, 3), rng.uniform(1.3, 2.0))
        _block(spec, at, (0.02, *half), rng.uniform(0.1, 0.6, 3))
    for _ in range(rng.integers(2, 6)):
        half = rng.uniform([0.12, 0.12, 0.1], [0.25, 0.4, 0.6])
        y = rng.choice([-1, 1]) * rng.uniform(0.9, 3.0)
        colour = rng.uniform(0.12, 0.6, 3)
        _block(spec, (back + 0.1 + half[0], y, half[2]), tuple(half), colour)


def _add_lights(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """A lamp with shadows in front, and a dimmer one from the other side."""
    side = rng.choice([-1.0, 1.0])
    warmth = rng.uniform(-0.04, 0.04)
    for strength, y, shadow in ((0.5, 2.0, True), (0.22, -3.0, False)):
        at = np.array([rng.uniform(1.5, 3.0), side * y, rng.uniform(2.6, 3.4)])
        power = strength * rng.uniform(0.8, 1.15)
        spec.worldbody.add_light(
            pos=at,
            dir=np.array([0.2, 0.0, 0.8]) - at,
            diffuse=np.array([power + warmth, power, power - warmth]),
            specular=[0.1] * 3,
            castshadow=shadow,
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        )


def _block(
    spec: mujoco.MjSpec,
    pos: tuple[float, ...],
    half: tuple[float, ...],
    colour: Array,
) -> None:
    """A fixed box of the room."""
    spec.worldbody.add_geom(
        type=_BOX, pos=pos, size=half, rgba=[*np.clip(colour, 0, 1), 1.0]
    )
