"""What should keep apart: the robot and the object, and the robot's own limbs."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from perception.prior import CONTACT_NAMES
from perception.retargeting.scene import RobotScene

Floats = NDArray[np.float64]

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
        model = scene.model
        first, second, gap = _object_pairs(scene, touches)
        mine, other = self_pairs(scene)
        self.first = np.concatenate([first, mine])
        self.second = np.concatenate([second, other])
        self.gap = np.concatenate([gap, np.full(len(mine), SELF_GAP)])
        radius = model.geom_rbound
        self.reach = radius[self.first] + radius[self.second] + self.gap + NEAR
        self.pairs = np.column_stack([self.first, self.second, self.gap])
        self.body = model.geom_bodyid
        self.jac = np.zeros((2, 3, model.nv))

    def rows(self, data: mujoco.MjData, size: int) -> tuple[Floats, Floats]:
        """Derivatives `(K, size)` of distances, and how far `(K,)` [m] they fall short.

        Pairs farther apart than `NEAR` beyond their gap have no row.
        """
        way = data.geom_xpos[self.first] - data.geom_xpos[self.second]
        close = np.flatnonzero(np.einsum("ij,ij->i", way, way) < self.reach**2)
        rows = np.zeros((len(close), size))
        short = np.zeros(len(close))
        line, count = np.zeros(6), 0
        model, jac, body = self.scene.model, self.jac, self.body
        for a, b, gap in self.pairs[close]:
            a, b = int(a), int(b)
            found = mujoco.mj_geomDistance(model, data, a, b, gap + NEAR, line)
            if found >= gap + NEAR or abs(found) < 1e-9:
                continue
            mujoco.mj_jac(model, data, jac[0], None, line[:3], body[a])
            mujoco.mj_jac(model, data, jac[1], None, line[3:], body[b])
            normal = (line[3:] - line[:3]) / found
            rows[count] = normal @ (jac[1] - jac[0])[:, :size]
            short[count] = gap - found
            count += 1
        return rows[:count], short[:count]


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
