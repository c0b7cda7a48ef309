"""The studio's room: floor, walls and light around a performance."""

from __future__ import annotations

import dataclasses
import math

import mujoco
import numpy as np

from assets import rotations
from assets.actor.actor import Colour
from assets.rotations import Array
from perception.studio.surfaces import lay

_FLOORS = ((0.42, 0.33, 0.25), (0.45, 0.45, 0.44), (0.3, 0.32, 0.36), (0.6, 0.57, 0.5))
_WALLS = ((0.72, 0.71, 0.68), (0.62, 0.68, 0.7), (0.75, 0.68, 0.55), (0.5, 0.52, 0.5))
_SHADOWS = 0.35
"""Share of the clips with a lamp that casts shadows; they take twice the time."""


@dataclasses.dataclass(frozen=True)
class Room:
    """Where the walls stand; its x points from the back wall towards the camera.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | centre_w | (2,) | m | of the performance |
    | yaw | () | rad | of the room's x in the world |
    | back | () | m | from the centre to the wall behind |
    | side | () | m | from the centre to the walls at both sides |
    | depth, width | () | m | what the performance takes up, to the back and aside |
    """

    centre_w: Array
    yaw: float
    back: float
    side: float
    depth: float
    width: float

    def at(self, x: float, y: float, z: float) -> Array:
        """World point `(3,)` of a point in the room."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array(
            [self.centre_w[0] + c * x - s * y, self.centre_w[1] + s * x + c * y, z]
        )


def draw_room(
    points_w: Array, eye_w: Array, passage: bool, rng: np.random.Generator
) -> Room:
    """A room around `points_w (N, 3)`, the back wall opposite the camera at `eye_w`.

    With `passage` there is room for somebody to walk along that wall.
    """
    centre = 0.5 * (points_w[:, :2].min(axis=0) + points_w[:, :2].max(axis=0))
    towards = eye_w[:2] - centre
    yaw = math.atan2(towards[1], towards[0]) + math.radians(rng.uniform(-22.0, 22.0))
    axes = np.array([[math.cos(yaw), math.sin(yaw)], [-math.sin(yaw), math.cos(yaw)]])
    x, y = axes @ (points_w[:, :2] - centre).T
    depth, width = float(-x.min()), float(np.abs(y).max())
    back = depth + (rng.uniform(2.1, 3.0) if passage else rng.uniform(0.9, 2.6))
    side = width + (9.0 if passage else rng.uniform(1.4, 3.5))
    return Room(centre, yaw, back, side, depth, width)


def add_room(
    spec: mujoco.MjSpec, room: Room, avoid: Colour, rng: np.random.Generator
) -> None:
    """Floor, walls and light; the floor's colour is not that of `avoid`."""
    tones = [tint(tone, rng) for tone in _FLOORS]
    gaps = [math.dist(tone, avoid) for tone in tones]
    far = [tone for tone, gap in zip(tones, gaps, strict=True) if gap > 0.25]
    _lay_floor(spec, np.asarray(far[rng.integers(len(far))] if far else tones[0]), rng)
    wall = _build_walls(spec, room, rng)
    _light(spec, room, rng)
    spec.add_texture(
        name="above",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=np.clip(wall + 0.08, 0.0, 1.0),
        width=16,
        height=96,
    )


def _lay_floor(spec: mujoco.MjSpec, tone: Array, rng: np.random.Generator) -> None:
    """Tiles, boards or carpet."""
    kind = rng.choice(["tiles", "boards", "carpet"])
    grid = np.ones((64, 64))
    dark = rng.uniform(0.82, 0.96)
    if kind == "tiles":
        grid[:32, :32] = grid[32:, 32:] = dark
        tile = np.full(2, rng.uniform(0.4, 1.4))
    elif kind == "boards":
        grid *= rng.uniform(dark, 1.0, (8, 1)).repeat(8, axis=0)
        grid[::8] *= 0.8
        tile = np.array([2.0, rng.uniform(0.8, 1.4)])
    else:
        grid *= rng.uniform(dark, 1.0, grid.shape)
        tile = np.full(2, 0.6)
    lay(spec, "floor", grid[..., None] * tone, *tile)
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[14.0, 14.0, 0.1],
        material="floor",
    )


def _build_walls(spec: mujoco.MjSpec, room: Room, rng: np.random.Generator) -> Array:
    """Walls behind and at both sides, plain, papered or of bricks; their colour."""
    wall = np.clip(tint(_WALLS[rng.integers(len(_WALLS))], rng), 0.2, 0.95)
    grid, dark = np.ones((64, 64)), rng.uniform(0.85, 0.97)
    kind = rng.choice(["plain", "paper", "bricks"], p=[0.6, 0.25, 0.15])
    if kind == "paper":
        grid[:, : rng.integers(8, 40)] = dark
    elif kind == "bricks":
        grid[::16] = grid[:32, 0] = grid[32:, 32] = dark
    tile = rng.uniform(0.2, 0.5)
    lay(spec, "wall", grid[..., None] * wall, tile, tile)
    panel(spec, room, (-room.back, 0.0, 1.6), (9.0, 1.6), "wall")
    for side in (1.0, -1.0):
        at = (0.0, side * room.side, 1.6)
        panel(spec, room, at, (9.0, 1.6), "wall", -side * np.pi / 2)
    block(spec, room, (0.012 - room.back, 0.0, 0.05), (0.012, 9.0, 0.05), wall * 0.6)
    return wall


def _light(spec: mujoco.MjSpec, room: Room, rng: np.random.Generator) -> None:
    """Light from all around, a lamp that may cast shadows, and one across from it."""
    shadows = bool(rng.random() < _SHADOWS)
    ambient = rng.uniform(0.28, 0.42) + 0.05 * (not shadows)
    spec.visual.headlight.ambient = [ambient] * 3
    spec.visual.headlight.diffuse = [rng.uniform(0.12, 0.3)] * 3
    spec.visual.headlight.specular = [0.0] * 3
    side, warmth = rng.choice([-1.0, 1.0]), rng.uniform(-0.06, 0.06)
    for strength, y, main in ((0.5, 2.2, True), (0.22, -3.0, False)):
        aside = side * np.clip(y, 0.3 - room.side, room.side - 0.3)
        at = room.at(rng.uniform(0.5, 3.0), aside, rng.uniform(2.4, 3.6))
        power = strength * rng.uniform(0.7, 1.15)
        spec.worldbody.add_light(
            pos=at,
            dir=room.at(0.0, 0.0, 0.8) - at,
            diffuse=np.array([power + warmth, power, power - warmth]).clip(0.05, 1.0),
            specular=[0.1] * 3,
            castshadow=shadows and main,
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        )


def panel(
    spec: mujoco.MjSpec,
    room: Room,
    at: tuple[float, float, float],
    half: tuple[float, float],
    material: str,
    turn: float = 0.0,
) -> None:
    """An upright rectangle, `half` wide and high, facing along x, but for `turn`."""
    axes = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    facing = rotations.from_yaw(room.yaw + turn)
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        pos=room.at(*at),
        quat=rotations.multiply(facing, rotations.from_matrix(axes)),
        size=[*half, 0.1],
        material=material,
    )


def solid(
    spec: mujoco.MjSpec,
    room: Room,
    shape: mujoco.mjtGeom,
    at: tuple[float, float, float],
    size: tuple[float, ...],
    colour: Array,
) -> None:
    """Something that stands square in the room; `size` as MuJoCo wants it."""
    spec.worldbody.add_geom(
        type=shape,
        pos=room.at(*at),
        size=size,
        quat=rotations.from_yaw(room.yaw),
        rgba=[*np.clip(colour, 0.0, 1.0), 1.0],
    )


def block(
    spec: mujoco.MjSpec,
    room: Room,
    at: tuple[float, float, float],
    half: tuple[float, ...],
    colour: Array,
) -> None:
    """A box that stands square in the room."""
    solid(spec, room, mujoco.mjtGeom.mjGEOM_BOX, at, half, colour)


def tint(colour: Colour, rng: np.random.Generator) -> Colour:
    """The colour, a little lighter or darker and shifted."""
    values = np.asarray(colour) * rng.uniform(0.8, 1.2) + rng.uniform(-0.03, 0.03, 3)
    r, g, b = np.clip(values, 0.02, 1.0)
    return float(r), float(g), float(b)
