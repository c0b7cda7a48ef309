"""Forces that floor, hands, feet and seat can give: edges of their friction cones."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec, Part
from perception.prior import CONTACT_NAMES, Prior
from perception.retargeting.body import CORNERS, sole_points
from perception.retargeting.scene import RobotScene

Floats = NDArray[np.float64]

FOOT_FRICTION = 0.6
TOUCH_FRICTION = 0.8
FOOT_HEIGHT = 0.02
RESTING_HEIGHT = 0.003
SLIDING = 0.03
"""Speed [m/s] from which the floor's friction on the object has but one way."""
PATCH = 0.015
"""What is at most so much [m] farther from the object than the nearest point touches."""
OPPOSED = 0.5
"""Length of the sum of two normals below which palms press against each other."""
UP = np.array([0.0, 0.0, 1.0])
_NEXT, _AFTER = [1, 2, 0], [2, 0, 1]
_HANDS = tuple(CONTACT_NAMES.index(f"{side}_hand") for side in ("left", "right"))


class ContactForces:
    """Generalised forces of unit cone edges, frame by frame of one prior."""

    def __init__(self, scene: RobotScene, prior: Prior) -> None:
        model = scene.model
        self.scene, self.prior = scene, prior
        self.touching = [_by_body(model, geoms) for geoms in scene.contact_geoms]
        self.object = int(model.geom_bodyid[scene.object_geoms[0]])
        self.rests = resting_points(prior.object)
        self.order = [prior.contact_names.index(name) for name in CONTACT_NAMES]
        self.jac = np.zeros((2, 3, model.nv))

    def columns(
        self, data: mujoco.MjData, qvel: Floats, t: int
    ) -> tuple[Floats, Floats]:
        """Forces `(nv, K)` of unit edges at frame `t`, and `(nv,)` of both palms.

        The second is what one newton of pressure by each of two opposed palms does.
        """
        found: list[Floats] = [self._floor(data), self._object_floor(data, qvel)]
        normals: dict[int, Floats] = {}
        pressed = np.zeros(self.scene.model.nv)
        for index, column in enumerate(self.order):
            if not self.prior.contact[t, column]:
                continue
            for body, local, _ in self.touching[index]:
                points, normal = self._patch(data, body, local)
                force = np.tile(_pyramid(normal, TOUCH_FRICTION), (len(points), 1))
                at = np.repeat(points, 4, axis=0)
                found.append(self._between(data, body, at, force))
                if index in _HANDS:
                    normals[index] = normal
                    even = np.tile(normal / len(points), (len(points), 1))
                    pressed += self._between(data, body, points, even).sum(axis=0)
        if len(normals) < 2 or np.linalg.norm(sum(normals.values())) > OPPOSED:
            pressed[:] = 0.0
        return np.concatenate(found).T, pressed

    def _between(
        self, data: mujoco.MjData, body: int, points: Floats, forces: Floats
    ) -> Floats:
        """The same for `forces` on `body` and against them on the object."""
        on_object = self._effect(data, self.object, points, forces)
        return self._effect(data, body, points, forces) - on_object

    def _effect(
        self, data: mujoco.MjData, body: int, points: Floats, forces: Floats
    ) -> Floats:
        """Generalised forces `(K, nv)` of `forces (K, 3)` [N] on `body` at `points`."""
        jac = self.jac
        mujoco.mj_jacBody(self.scene.model, data, jac[0], jac[1], body)
        moments = _cross(points - data.xpos[body], forces)
        return forces @ jac[0] + moments @ jac[1]

    def _floor(self, data: mujoco.MjData) -> Floats:
        """The floor under the feet."""
        found = []
        for body, local, radius in (*self.touching[2], *self.touching[3]):
            points = data.xpos[body] + local @ data.xmat[body].reshape(3, 3).T
            points = points - radius * UP
            points = points[points[:, 2] < FOOT_HEIGHT]
            force = np.tile(_FLOOR, (len(points), 1))
            found.append(self._effect(data, body, np.repeat(points, 4, axis=0), force))
        return np.concatenate(found)

    def _object_floor(self, data: mujoco.MjData, qvel: Floats) -> Floats:
        """The floor under the object; where that slides, friction against its way."""
        body, mat = self.object, data.xmat[self.object].reshape(3, 3)
        arms = self.rests @ mat.T
        points = data.xpos[body] + arms
        low = points[:, 2] < max(RESTING_HEIGHT, 0.0)
        arms, points = arms[low], points[low]
        if not len(points):
            return np.zeros((0, self.scene.model.nv))
        dof = self.scene.object_dof
        spin = mat @ qvel[dof + 3 : dof + 6]
        speed = (qvel[dof : dof + 3] + _cross(spin, arms)) * [1.0, 1.0, 0.0]
        fast = np.linalg.norm(speed, axis=1, keepdims=True)
        friction = self.prior.object.friction
        if fast.max() > SLIDING:
            force = UP - friction * speed / np.maximum(fast, 1e-9)
            return self._effect(data, body, points, force)
        force = np.tile(_pyramid(UP, friction), (len(points), 1))
        return self._effect(data, body, np.repeat(points, 4, axis=0), force)

    def _patch(
        self, data: mujoco.MjData, body: int, local: Floats
    ) -> tuple[Floats, Floats]:
        """Where a body presses: points `(P, 3)` on the object and the force's way.

        The normal points from the object into the body: the force on the body.
        """
        obj = self.object
        points = data.xpos[body] + local @ data.xmat[body].reshape(3, 3).T
        mat = data.xmat[obj].reshape(3, 3)
        points_o = (points - data.xpos[obj]) @ mat
        on, normal = project(points_o, self.prior.object)
        return data.xpos[obj] + on @ mat.T, mat @ normal


def _by_body(
    model: mujoco.MjModel, geoms: NDArray[np.int_]
) -> list[tuple[int, Floats, float]]:
    """Bodies of geoms, the points `(P, 3)` [m] by which each touches, their radius."""
    bodies = model.geom_bodyid[geoms]
    return [
        (int(body), *sole_points(model, geoms[bodies == body]))
        for body in np.unique(bodies)
    ]


def resting_points(obj: ObjectSpec) -> Floats:
    """Points `(P, 3)` [m] of an object that can meet the floor, in its own frame."""
    half = np.asarray(obj.half_size)
    if obj.shape == "sphere":
        return np.concatenate([half * np.eye(3), -half * np.eye(3)])
    if obj.shape == "cylinder":
        angle = np.arange(8) * np.pi / 4
        ring = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
        ends = [ring * half + [0.0, 0.0, z] for z in (half[2], -half[2])]
        return np.concatenate(ends)
    return CORNERS * half


def project(points_o: Floats, obj: ObjectSpec) -> tuple[Floats, Floats]:
    """The nearest of `points_o (P, 3)` moved onto the object, and the outward normal.

    All go to the same face of the part that their nearest one is at.
    """
    best: tuple[float, Floats, Floats] | None = None
    for part in obj.parts:
        local = points_o - np.asarray(part.pos_o)
        depth, normal = _face(local, part)
        near = depth < depth.min() + PATCH
        if best is None or depth.min() < best[0]:
            on = _onto(local[near], part, normal) + np.asarray(part.pos_o)
            best = float(depth.min()), on, normal
    assert best is not None
    return best[1], best[2]


def _face(points: Floats, part: Part) -> tuple[Floats, Floats]:
    """Distances `(P,)` [m] outside of the face that points `(P, 3)` are at; its normal."""
    half = np.asarray(part.size) / 2
    middle = points.mean(axis=0)
    if part.shape == "box" or abs(middle[2]) > half[2]:
        beyond = np.abs(points) - half
        outside = np.linalg.norm(np.maximum(beyond, 0.0), axis=1)
        nearest = int(np.argmin(outside + 0.01 * beyond.max(axis=1)))
        axis = int(np.argmax(np.abs(middle) - half))
        if np.abs(middle[axis]) < half[axis]:
            axis = int(np.argmax(beyond[nearest]))
        normal = np.sign(middle[axis]) * np.eye(3)[axis]
        rest = np.delete(np.maximum(beyond, 0.0), axis, axis=1)
        return beyond[:, axis] + 2.0 * np.linalg.norm(rest, axis=1), normal
    radial = middle * ([1.0, 1.0, 0.0] if part.shape == "cylinder" else [1.0] * 3)
    normal = radial / max(float(np.linalg.norm(radial)), 1e-9)
    return points @ normal - half[0], normal


def _onto(points: Floats, part: Part, normal: Floats) -> Floats:
    """Points `(P, 3)` on the part's face with this normal."""
    half = np.asarray(part.size) / 2
    if part.shape == "sphere":
        return np.tile(normal * half[0], (1, 1))
    if part.shape == "cylinder" and abs(normal[2]) < 0.5:
        height = np.clip(points[:, 2:], -half[2], half[2])
        return normal * half[0] + height * np.array([0.0, 0.0, 1.0])
    axis = int(np.argmax(np.abs(normal)))
    out = np.clip(points, -half, half)
    out[:, axis] = normal[axis] * half[axis]
    return out


def _pyramid(normal: Floats, friction: float) -> Floats:
    """Four edges `(4, 3)` of the friction pyramid about a unit normal."""
    seed = np.eye(3)[int(np.argmin(np.abs(normal)))]
    a = _cross(normal, seed)
    a = a / np.linalg.norm(a)
    b = _cross(normal, a)
    return normal + friction * np.stack([a, -a, b, -b])


def _cross(u: Floats, v: Floats) -> Floats:
    """Cross product `(..., 3)`, without the overhead of `np.cross`."""
    turned = u[..., _NEXT] * v[..., _AFTER] - u[..., _AFTER] * v[..., _NEXT]
    return np.asarray(turned, dtype=np.float64)


_FLOOR = _pyramid(UP, FOOT_FRICTION)
