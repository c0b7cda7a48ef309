"""Why a refiner's episode ended early, in words: from the termination and the state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from envs.batch_env import BatchEnv
from envs.episodes import COMPLETE
from envs.quantities import Motion

Floats = NDArray[np.floating]

LOWER = 0.15
"""Metres below the prior's at which an object counts as dropped."""

WORDS = {
    "exploded": "simulation exploded",
    "anchor_tilt": "robot fell",
    "anchor_position": "robot off its path",
    "object_orientation": "object turned",
}


def failure(env: BatchEnv, before: Motion, row: int, index: int, ended: str) -> str:
    """In two or three words why simulation `index` ended; empty if it did not fail.

    `before` is its motion one control step earlier, `row` the reference's row then,
    `ended` the name of the termination.
    """
    if ended == COMPLETE:
        return ""
    if ended == "end_effector":
        return f"{_furthest_end(env, before, row, index)} off"
    if ended == "object_position":
        return _lost_object(env, before, row, index)
    return WORDS.get(ended, ended.replace("_", " "))


def _furthest_end(env: BatchEnv, before: Motion, row: int, index: int) -> str:
    """Which end effector is furthest from the prior's: foot or hand."""
    robot = env.robot
    ends = [robot.tracked_bodies.index(name) for name in robot.end_effectors]
    wanted = env.reference.frames.body_pos[row, ends]
    away = np.linalg.norm(before.body_pos[index, ends] - wanted, axis=-1)
    body = robot.end_effectors[int(np.argmax(away))]
    feet = {b for name, b in robot.contact_bodies.items() if name.endswith("foot")}
    return "foot" if body in feet else "hand"


def _lost_object(env: BatchEnv, before: Motion, row: int, index: int) -> str:
    """Dropped, left behind, or somewhere else than the prior's."""
    starts, positions = env.reference.start, env.reference.frames.object_pos
    first = positions[starts[np.searchsorted(starts, row, "right") - 1]]
    wanted = positions[row]
    found = before.object_pos[index]
    if wanted[2] - found[2] > LOWER:
        return "dropped"
    moved = np.linalg.norm(found - first) > 0.5 * np.linalg.norm(wanted - first)
    return "object off its path" if moved else "object left behind"
