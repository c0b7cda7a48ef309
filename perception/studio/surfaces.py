"""Textures computed from where a point lies on a surface: cardboard, labels, cloth."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np

from assets.actor.actor import Colour
from assets.objects import ObjectSpec
from assets.rotations import Array

Painter = Callable[[Array], Array]
"""Colours `(..., 3)` of points `(..., 3)` on the surface of a 2 × 2 × 2 shape."""

TEXELS = 96


def cover(
    spec: mujoco.MjSpec, material: str, shape: str, paint: Painter, texels: int = TEXELS
) -> None:
    """Give `material` a texture that wraps a box, a cylinder or anything round."""
    colours = paint(_on_surface(_directions(texels), shape))
    texture = spec.add_texture(
        name=f"{material}_wrap",
        type=mujoco.mjtTexture.mjTEXTURE_CUBE,
        width=texels,
        height=6 * texels,
        nchannel=3,
    )
    texture.data = _bytes(colours)
    spec.material(material).textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name


def lay(
    spec: mujoco.MjSpec, name: str, colours: Array, wide: float, high: float
) -> None:
    """Add a material for planes: tiles of `colours (H, W, 3)`, `wide` × `high` [m]."""
    height, width = colours.shape[:2]
    texture = spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=width,
        height=height,
        nchannel=3,
    )
    texture.data = _bytes(colours)
    material = spec.add_material(name=name, specular=0.1, shininess=0.1)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    material.texuniform = True
    material.texrepeat = [1.0 / wide, 1.0 / high]


def cardboard(item: ObjectSpec, colour: Colour, rng: np.random.Generator) -> Painter:
    """A box with tape over its lid, a label on a side, and print on another."""
    half = np.asarray(item.half_size)
    tape = rng.uniform(0.02, 0.035) * (rng.random() < 0.8)
    tape_colour = np.asarray(colour) * rng.uniform(0.75, 1.2)
    label_at, label = rng.uniform(-0.4, 0.4, 2), rng.uniform([0.06, 0.04], [0.11, 0.07])
    label_side, print_side = rng.permutation(4)[:2]
    ink = np.asarray(colour) * rng.uniform(0.25, 0.5)
    marks = rng.uniform([-0.7, -0.7, 0.02, 0.01], [0.7, 0.7, 0.09, 0.03], (5, 4))
    grain = rng.uniform(0.01, 0.03)

    def paint(unit: Array) -> Array:
        at, axis = unit * half, np.abs(unit).argmax(axis=-1)
        colours = (
            np.asarray(colour)
            * (1.0 + grain * rng.standard_normal(axis.shape))[..., None]
        )
        folded = (axis == 2) | ((axis == 0) & (np.abs(at[..., 2]) > 0.75 * half[2]))
        colours[folded & (np.abs(at[..., 1]) < tape)] = tape_colour
        side = 2 * axis + (np.take_along_axis(unit, axis[..., None], -1)[..., 0] > 0)
        level = np.where(axis == 0, at[..., 1], at[..., 0])
        wide = np.where(axis == 0, half[1], half[0])
        for x, z, w, h in marks:
            inside = np.abs(level - x * wide) < w
            inside &= np.abs(at[..., 2] - z * half[2]) < h
            colours[(side == print_side) & inside] = ink
        x, z = level - label_at[0] * wide, at[..., 2] - label_at[1] * half[2]
        on = (side == label_side) & (np.abs(x) < label[0]) & (np.abs(z) < label[1])
        colours[on] = 0.9
        lines = on & (np.abs(x) < 0.8 * label[0]) & (np.mod(z, 0.025) < 0.008)
        colours[lines] = 0.2
        return colours

    return paint


def bottle(colour: Colour, rng: np.random.Generator) -> Painter:
    """A bottle with a label around its middle and a cap."""
    low, high = rng.uniform(-0.6, -0.3), rng.uniform(0.1, 0.4)
    label = np.clip(np.asarray(colour)[rng.permutation(3)] + rng.uniform(0, 0.4), 0, 1)
    cap = rng.uniform(0.1, 0.9, 3)
    stripe, turn = rng.uniform(0.2, 0.6), rng.uniform(0.0, 2.0 * np.pi)

    def paint(unit: Array) -> Array:
        z, angle = unit[..., 2], np.arctan2(unit[..., 1], unit[..., 0])
        colours = np.broadcast_to(colour, unit.shape).copy()
        banded = (z > low) & (z < high)
        colours[banded] = label
        front = banded & (np.cos(angle - turn) > stripe)
        colours[front] = 0.9
        colours[front & (np.abs(z - 0.5 * (low + high)) < 0.1)] = 0.5 * label
        colours[z > 0.9] = cap
        return colours

    return paint


def wood(colour: Colour, rng: np.random.Generator) -> Painter:
    """Boards with a grain along their longest side."""
    lines, phase = rng.uniform(5.0, 14.0), rng.uniform(0.0, 6.0)
    depth = rng.uniform(0.05, 0.2)

    def paint(unit: Array) -> Array:
        x, y, z = np.moveaxis(unit, -1, 0)
        wave = np.sin(lines * (x + 0.7 * y) + 0.8 * np.sin(3.0 * z + phase))
        return np.asarray(colour) * (1.0 - depth * (0.5 + 0.5 * wave))[..., None]

    return paint


def cloth(rng: np.random.Generator) -> Painter:
    """A pattern that shades a garment's colour: stripes, checks, speckles or none."""
    kind = rng.choice(["plain", "rings", "stripes", "checks", "speckles"])
    dark, lines = rng.uniform(0.5, 0.8), rng.uniform(8.0, 16.0)

    def paint(unit: Array) -> Array:
        angle = np.arctan2(unit[..., 1], unit[..., 0])
        rings = np.sin(lines * unit[..., 2]) > 0.2
        stripes = np.sin(np.round(lines) * angle) > 0.2
        pattern = {
            "plain": np.zeros(angle.shape),
            "rings": rings,
            "stripes": stripes,
            "checks": 0.5 * rings + 0.5 * stripes,
            "speckles": 0.7 * rng.random(angle.shape),
        }[str(kind)]
        shade = 1.0 - (1.0 - dark) * pattern
        return np.repeat(shade[..., None], 3, axis=-1)

    return paint


def _directions(texels: int) -> Array:
    """Where each texel of a cube map points: `(6 · texels, texels, 3)`."""
    line = (np.arange(texels) + 0.5) / texels * 2.0 - 1.0
    t, s = np.meshgrid(line, line, indexing="ij")
    one = np.ones_like(s)
    faces = (
        (one, -t, -s),
        (-one, -t, s),
        (s, one, t),
        (s, -one, -t),
        (s, -t, one),
        (-s, -t, -one),
    )
    return np.concatenate([np.stack(face, axis=-1) for face in faces])


def _on_surface(towards: Array, shape: str) -> Array:
    """Where rays from the centre meet a box, cylinder or ball of half size 1."""
    if shape == "box":
        return towards / np.abs(towards).max(axis=-1, keepdims=True)
    if shape == "cylinder":
        round_ = np.hypot(towards[..., :1], towards[..., 1:2])
        return towards / np.maximum(round_, np.abs(towards[..., 2:]))
    return towards / np.linalg.norm(towards, axis=-1, keepdims=True)


def _bytes(colours: Array) -> bytes:
    return (255.0 * np.clip(colours, 0.0, 1.0)).astype(np.uint8).tobytes()
