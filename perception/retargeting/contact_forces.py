"""Forces that floor, hands, feet and seat can give: edges of their friction cones."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec, Part
from perception.prior import CONTACT_NAMES, Prior
from perception.retargeting.body import CORNERS, sole_points
from perception.retargeting.kinematics import Kinematics, cross
from perception.retargeting.scene import RobotScene

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

FOOT_FRICTION = 0.6
TOUCH_FRICTION = 0.6
"""Half of what the G1's hands have: a grip at its limit lets a box turn in it."""
FOOT_HEIGHT = 0.02
RESTING_HEIGHT = 0.003
SLIDING = 0.03
"""Speed [m/s] from which the floor's friction on the object has but one way."""
PATCH = 0.015
"""What is at most so much [m] farther off than the nearest point touches."""
OPPOSED = 0.5
"""Length of the sum of two normals below which palms press against each other."""
UP = np.array([0.0, 0.0, 1.0])
_HANDS = tuple(CONTACT_NAMES.index(f"{side}_hand") for side in ("left", "right"))


@dataclasses.dataclass(frozen=True)
class Edges:
    """Forces that something can give, or does, over frames.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | frame | (N,) | | |
    | body, other | (N,) | | what is pushed, and what is pushed back; 0: the world |
    | points_w | (N, 3) | m | where |
    | forces_w | (N, 3) | N | on the body |
    """

    frame: Ints
    body: Ints
    other: Ints
    points_w: Floats
    forces_w: Floats

    @classmethod
    def at(
        cls, frame: Ints, body: int, other: int, points_w: Floats, forces_w: Floats
    ) -> Edges:
        """Forces `(N, E, 3)` at points `(N, 3)` of one body, each an edge."""
        count = forces_w.shape[1]
        frames = np.repeat(frame, count)
        same = np.ones(len(frames), int)
        points = np.repeat(points_w, count, axis=0)
        return cls(frames, body * same, other * same, points, forces_w.reshape(-1, 3))

    @classmethod
    def joined(cls, parts: list[Edges]) -> Edges:
        """All of several, at least one, as one."""
        names = [field.name for field in dataclasses.fields(cls)]
        lists = [[getattr(part, name) for part in parts] for name in names]
        return cls(*map(np.concatenate, lists))

    def times(self, weights: Floats) -> Edges:
        """Those of weights `(N,)` that are not zero, with so much force."""
        some = np.flatnonzero(weights)
        names = [field.name for field in dataclasses.fields(self)]
        found = Edges(*(getattr(self, name)[some] for name in names))
        forces = found.forces_w * weights[some, None]
        return dataclasses.replace(found, forces_w=forces)

    def effect(self, motion: Kinematics, dofs: Ints | slice = slice(None)) -> Floats:
        """What they do to each of `dofs (D,)`, generalised forces `(N, D)`."""
        where = self.points_w, self.forces_w, dofs
        pushed = motion.effect(self.frame, self.body, *where)
        return pushed - motion.effect(self.frame, self.other, *where)


class ContactForces:
    """Edges of the cones of what touches, over some frames of one prior."""

    def __init__(self, scene: RobotScene, prior: Prior) -> None:
        model = scene.model
        self.prior = prior
        self.touching = [_by_body(model, geoms) for geoms in scene.contact_geoms]
        self.object = int(model.geom_bodyid[scene.object_geoms[0]])
        self.object_dof = scene.object_dof
        self.rests = resting_points(prior.object)
        self.order = [prior.contact_names.index(name) for name in CONTACT_NAMES]

    def edges(
        self, motion: Kinematics, qvel: Floats, contact: NDArray[np.bool_]
    ) -> tuple[Edges, Edges]:
        """Unit edges of the cones, and one newton by each of two opposed palms.

        `motion` are the frames of `qvel (T, nv)` and `contact (T, C)`.
        """
        found = [*self._floor(motion), *self._object_floor(motion, qvel)]
        pressed = [Edges.at(_NOBODY, 0, 0, np.zeros((0, 3)), np.zeros((0, 1, 3)))]
        for t in np.flatnonzero(contact.any(axis=1)).tolist():
            normals: dict[int, Floats] = {}
            palms: list[Edges] = []
            for index, column in enumerate(self.order):
                if not contact[t, column]:
                    continue
                for body, local, _ in self.touching[index]:
                    points, normal = self._patch(motion, t, body, local)
                    cone = _pyramid(normal, TOUCH_FRICTION)
                    found.append(self._pushing(t, body, points, cone))
                    if index in _HANDS:
                        even = normal[None] / len(points)
                        normals[index] = normal
                        palms.append(self._pushing(t, body, points, even))
            if len(normals) == 2:
                left, right = normals.values()
                pressed += palms if np.linalg.norm(left + right) <= OPPOSED else []
        return Edges.joined(found), Edges.joined(pressed)

    def _pushing(self, t: int, body: int, points: Floats, forces: Floats) -> Edges:
        """Each of `forces (E, 3)` at each of `points (P, 3)`, against the object."""
        frame = np.full(len(points), t)
        each = np.tile(forces, (len(points), 1, 1))
        return Edges.at(frame, body, self.object, points, each)

    def _floor(self, motion: Kinematics) -> list[Edges]:
        """The floor under the feet."""
        found = []
        for body, local, radius in (*self.touching[2], *self.touching[3]):
            points = _points(motion, body, local) - radius * UP
            frame, point = np.nonzero(points[..., 2] < FOOT_HEIGHT)
            force = np.tile(_FLOOR, (len(frame), 1, 1))
            found.append(Edges.at(frame, body, 0, points[frame, point], force))
        return found

    def _object_floor(self, motion: Kinematics, qvel: Floats) -> list[Edges]:
        """The floor under the object; where that slides, friction against its way."""
        body, dof = self.object, self.object_dof
        points = _points(motion, body, self.rests)
        arms = points - motion.pos[:, body, None]
        low = points[..., 2] < RESTING_HEIGHT
        spin = rotations.rotate(motion.quat[:, body], qvel[:, dof + 3 : dof + 6])
        turned = cross(np.asarray(spin, dtype=np.float64)[:, None], arms)
        speed = (qvel[:, None, dof : dof + 3] + turned) * [1.0, 1.0, 0.0]
        fast = np.linalg.norm(speed, axis=2)
        slides = (fast * low).max(axis=1) > SLIDING
        friction = self.prior.object.friction
        frame, point = np.nonzero(low & slides[:, None])
        against = speed[frame, point] / np.maximum(fast[frame, point, None], 1e-9)
        drag = (UP - friction * against)[:, None]
        still, rest = np.nonzero(low & ~slides[:, None])
        cone = np.tile(_pyramid(UP, friction), (len(still), 1, 1))
        return [
            Edges.at(frame, body, 0, points[frame, point], drag),
            Edges.at(still, body, 0, points[still, rest], cone),
        ]

    def _patch(
        self, motion: Kinematics, t: int, body: int, local: Floats
    ) -> tuple[Floats, Floats]:
        """Where a body presses: points `(P, 3)` on the object and the force's way.

        The normal points from the object into the body: the force on the body.
        """
        pos, quat = motion.pos[t], motion.quat[t]
        points = pos[body] + local @ rotations.to_matrix(quat[body]).T
        mat = rotations.to_matrix(quat[self.object])
        points_o = (points - pos[self.object]) @ mat
        on, normal = project(points_o, self.prior.object)
        return pos[self.object] + on @ mat.T, mat @ normal


def _points(motion: Kinematics, body: int, local: Floats) -> Floats:
    """Points `(P, 3)` of a body in the world, `(T, P, 3)`."""
    mat = rotations.to_matrix(motion.quat[:, body])
    return motion.pos[:, body, None] + local @ np.swapaxes(mat, 1, 2)


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
    """Distances `(P,)` [m] of `points (P, 3)` off the face they are at; its normal."""
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
    a = cross(normal, seed)
    a = a / np.linalg.norm(a)
    b = cross(normal, a)
    return normal + friction * np.stack([a, -a, b, -b])


_FLOOR = _pyramid(UP, FOOT_FRICTION)
_NOBODY = np.zeros(0, int)
