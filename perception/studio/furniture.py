"""What stands and hangs in the studio's room: never between camera and actor."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np

from assets.rotations import Array
from perception.studio.room import Room, block, panel, solid
from perception.studio.surfaces import lay

_CYLINDER, _BALL = mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_ELLIPSOID


def furnish(spec: mujoco.MjSpec, room: Room, rng: np.random.Generator) -> None:
    """Pictures on the wall; cupboards, shelves, tables, plants and lamps below."""
    for index in range(rng.integers(1, 4)):
        half = rng.uniform([0.2, 0.15], [0.55, 0.4])
        y, z = rng.uniform(-1.0, 1.0) * room.side * 0.8, rng.uniform(1.3, 2.0)
        blocks = rng.uniform(0.1, 0.8, (rng.integers(1, 6), rng.integers(1, 6), 3))
        tiles = blocks.repeat(12, axis=0).repeat(12, axis=1)
        lay(spec, f"picture_{index}", tiles, *(2.0 * half))
        at = (0.03 + 0.01 * index - room.back, y, z)
        panel(spec, room, at, (half[0], half[1]), f"picture_{index}")
    kinds: list[Callable[..., None]] = [_cupboard, _shelf, _table, _plant, _lamp]
    for _ in range(rng.integers(2, 7)):
        y = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, max(room.side - 0.4, 0.6))
        free = room.side > abs(y) > room.width + 0.8 and rng.random() < 0.3
        x = rng.uniform(-room.depth, 0.0) if free else 0.35 - room.back
        kinds[rng.integers(len(kinds))](spec, room, x, float(y), rng)


def _cupboard(
    spec: mujoco.MjSpec, room: Room, x: float, y: float, rng: np.random.Generator
) -> None:
    half = rng.uniform([0.14, 0.15, 0.12], [0.3, 0.45, 0.7])
    block(spec, room, (x, y, half[2]), tuple(half), _muted(rng, 0.12, 0.65))


def _shelf(
    spec: mujoco.MjSpec, room: Room, x: float, y: float, rng: np.random.Generator
) -> None:
    colour = _muted(rng, 0.25, 0.6)
    wide = rng.uniform(0.3, 0.5)
    for z in np.arange(rng.integers(3, 6)) * 0.35 + 0.05:
        block(spec, room, (x, y, z), (0.13, wide, 0.015), colour)
        tall, books = rng.uniform(0.07, 0.13), rng.uniform(0.05, wide)
        at = (x, y + books - wide, z + 0.015 + tall)
        block(spec, room, at, (0.09, books, tall), _muted(rng, 0.1, 0.7))


def _table(
    spec: mujoco.MjSpec, room: Room, x: float, y: float, rng: np.random.Generator
) -> None:
    colour, top = _muted(rng, 0.2, 0.6), rng.uniform(0.45, 0.75)
    block(spec, room, (x, y, top), (0.3, 0.5, 0.02), colour)
    for side in (-0.45, 0.45):
        block(spec, room, (x, y + side, top / 2), (0.25, 0.02, top / 2), colour)


def _plant(
    spec: mujoco.MjSpec, room: Room, x: float, y: float, rng: np.random.Generator
) -> None:
    solid(spec, room, _CYLINDER, (x, y, 0.15), (0.14, 0.15, 0), _muted(rng, 0.2, 0.6))
    green = np.array([0.12, rng.uniform(0.25, 0.45), 0.12])
    for _ in range(4):
        dx, dy = rng.uniform(-0.12, 0.12, 2)
        at = (x + dx, y + dy, rng.uniform(0.5, 0.9))
        solid(spec, room, _BALL, at, tuple(rng.uniform(0.1, 0.25, 3)), green)


def _lamp(
    spec: mujoco.MjSpec, room: Room, x: float, y: float, rng: np.random.Generator
) -> None:
    tall = rng.uniform(0.6, 0.8)
    solid(spec, room, _CYLINDER, (x, y, tall), (0.015, tall, 0), np.full(3, 0.2))
    shade = np.array([0.9, 0.85, 0.7]) * rng.uniform(0.7, 1.0)
    solid(spec, room, _CYLINDER, (x, y, 2 * tall), (0.16, 0.13, 0), shade)


def _muted(rng: np.random.Generator, low: float, high: float) -> Array:
    """A colour `(3,)` as things at home have it, seldom a pure one."""
    colour = rng.uniform(low, high, 3)
    return colour.mean() + rng.uniform(0.2, 0.9) * (colour - colour.mean())
