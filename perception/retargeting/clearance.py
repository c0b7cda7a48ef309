"""What should keep apart: the robot and the object, and the robot's own limbs."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from perception.prior import CONTACT_NAMES
from perception.retargeting.kinematics import Kinematics
from perception.retargeting.scene import RobotScene
from perception.retargeting.separation import may_be_near

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

BODY_GAP = 0.012
ARM_GAP = 0.002
CONTACT_GAP = -0.006
"""How far [m] what touches the object may press into it."""
SELF_GAP = 0.006
NEAR = 0.03
"""Distance [m] beyond its gap from which a pair is looked at."""


class Clearance:
    """Pairs of geoms and how far they should keep apart."""

    def __init__(self, scene: RobotScene, touches: tuple[str, ...]) -> None:
        """`touches` are the contacts that may press into the object."""
        self.scene = scene
        first, second, gap = _object_pairs(scene, touches)
        mine, other = self_pairs(scene)
        self.pairs = np.stack(
            [np.concatenate([first, mine]), np.concatenate([second, other])], axis=1
        )
        self.gap = np.concatenate([gap, np.full(len(mine), SELF_GAP)])

    def rows(self, motion: Kinematics, size: int) -> tuple[Floats, Floats]:
        """Derivatives `(T, K, size)` of distances, and what `(T, K)` [m] they lack.

        Pairs farther apart than `NEAR` beyond their gap have no row; frames that have
        fewer than others are filled up with -inf.
        """
        frame, pair, distance, line = self._distances(motion)
        body = motion.model.geom_bodyid[self.pairs[pair]]
        normal = (line[:, 3:] - line[:, :3]) / distance[:, None]
        away = motion.effect(frame, body[:, 1], line[:, 3:], normal)
        away -= motion.effect(frame, body[:, 0], line[:, :3], normal)
        count = np.bincount(frame, minlength=len(motion.pos))
        place = np.arange(len(frame)) - (np.cumsum(count) - count)[frame]
        shape = len(count), int(count.max(initial=0))
        rows, short = np.zeros((*shape, size)), np.full(shape, -np.inf)
        rows[frame, place] = away[:, :size]
        short[frame, place] = self.gap[pair] - distance
        return rows, short

    def _distances(self, motion: Kinematics) -> tuple[Ints, Ints, Floats, Floats]:
        """Frame, pair, distance [m] and nearest points `(N, 6)` of what is near."""
        model, data = motion.model, mujoco.MjData(motion.model)
        within = self.gap + NEAR
        where = motion.geom_pos, motion.geom_mat
        frames, pairs = may_be_near(model, self.pairs, *where, within)
        distance, lines = np.zeros(len(frames)), np.zeros((len(frames), 6))
        geoms, limits = self.pairs[pairs].tolist(), within[pairs].tolist()
        before = -1
        for i, t in enumerate(frames.tolist()):
            if t != before:
                data.geom_xpos[:] = motion.geom_pos[t]
                data.geom_xmat[:] = motion.geom_mat[t].reshape(-1, 9)
                before = t
            distance[i] = mujoco.mj_geomDistance(
                model, data, *geoms[i], limits[i], lines[i]
            )
        near = (distance < within[pairs]) & (np.abs(distance) >= 1e-9)
        return frames[near], pairs[near], distance[near], lines[near]


def _object_pairs(
    scene: RobotScene, touches: tuple[str, ...]
) -> tuple[NDArray[np.int_], NDArray[np.int_], Floats]:
    """Every geom of the robot with every part of the object, and their gaps."""
    touching = {
        int(g)
        for name in touches
        for g in scene.contact_geoms[CONTACT_NAMES.index(name)]
    }
    arms, _ = limbs(scene)
    seated = {int(g) for g in _thighs(scene)} if "pelvis" in touches else set()
    pairs = [(g, p) for g in map(int, scene.robot_geoms) for p in scene.object_geoms]
    gaps = [
        CONTACT_GAP
        if g in touching
        else ARM_GAP
        if g in arms or g in seated
        else BODY_GAP
        for g, _ in pairs
    ]
    first, second = np.array(pairs).T
    return first, second, np.array(gaps)


def self_pairs(scene: RobotScene) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Pairs of the robot's geoms that could meet: arms with the rest, leg with leg."""
    arms, rest = limbs(scene)
    pairs = [(a, b) for a in arms for b in rest]
    left, right = (_subtree(scene, f"{side}_foot") for side in ("left", "right"))
    pairs += [(a, b) for a in left for b in right]
    first, second = np.array(pairs).T
    return first, second


def limbs(scene: RobotScene) -> tuple[list[int], list[int]]:
    """Geoms of hands and forearms, and of trunk and legs above the feet."""
    model = scene.model
    forearm: set[int] = set()
    for hand in scene.hands:
        body = int(model.geom_bodyid[hand])
        for _ in range(4):
            forearm.add(body)
            body = int(model.body_parentid[body])
    shoulders = {int(model.body_parentid[b]) for b in forearm} - forearm
    feet = {int(g) for side in scene.feet for g in side}
    geoms = [int(g) for g in scene.robot_geoms if int(g) not in feet]
    arms = [g for g in geoms if model.geom_bodyid[g] in forearm]
    rest = [g for g in geoms if model.geom_bodyid[g] not in forearm | shoulders]
    return arms, rest


def _subtree(scene: RobotScene, contact: str) -> list[int]:
    """Geoms of the leg that ends in a foot, from the knee down and the thigh."""
    model, robot = scene.model, scene.robot
    body = model.body(robot.contact_bodies[contact]).id
    root = model.body(robot.root_body).id
    chain: set[int] = set()
    while body != root:
        chain.add(body)
        body = int(model.body_parentid[body])
    return [int(g) for g in scene.robot_geoms if model.geom_bodyid[g] in chain]


def _thighs(scene: RobotScene) -> list[int]:
    """Geoms of the legs that a seat may bear: those above the knees."""
    model = scene.model
    feet = [
        model.body(scene.robot.contact_bodies[f"{s}_foot"]).id
        for s in ("left", "right")
    ]
    knees = [int(model.body_parentid[model.body_parentid[f]]) for f in feet]
    below = {
        b
        for f, k in zip(feet, knees, strict=True)
        for b in (f, int(model.body_parentid[f]), k)
    }
    legs = [*_subtree(scene, "left_foot"), *_subtree(scene, "right_foot")]
    return [g for g in legs if int(model.geom_bodyid[g]) not in below]
