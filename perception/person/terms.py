"""What a fitted person should agree with: landmarks, bones, known places."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from perception.camera import Floor, project
from perception.person.observation import Observation
from perception.person.skeleton import (
    BONES,
    KIND,
    KINDS,
    L_ELBOW,
    L_TOE,
    L_WRIST,
    PALM_M,
    R_ELBOW,
    R_TOE,
    R_WRIST,
    RODS,
    landmark_matrix,
)
from perception.person.sparse_fit import ClipProblem, geman_mcclure, huber

Floats = NDArray[np.floating]
Ints = NDArray[np.intp]

LEAN_SIGMA, FOOT_LEAN_SIGMA = 0.25, 0.5
"""Of a bone's direction; a foot is short, and its two ends are marked on the shoe."""
ACCELERATION_SIGMA = 10.0
ARM_ACCELERATION_SIGMA = 20.0
CALM = 3.0
PALM_LIMIT = 2.5
NOISE_RATE_HZ = 10.0
"""Errors of neighbouring frames are alike: a clip says only so much per second."""
MARKS = landmark_matrix()


@dataclasses.dataclass(frozen=True)
class Body:
    """What the fit is after.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joints | (T, 14, 3) | m | camera |
    | lengths | (KINDS,) | m | of bones, left as right |
    | floor | | | |
    """

    joints: Floats
    lengths: Floats
    floor: Floor

    def moved(self, change: Floats, shared: Floats) -> Body:
        """The body after a step of `ClipProblem`; shared: lengths, then the floor."""
        up = self.floor.up_c + np.array([shared[KINDS], 0.0, shared[KINDS + 1]])
        height = self.floor.camera_height + shared[KINDS + 2]
        return Body(
            self.joints + change,
            self.lengths + shared[:KINDS],
            Floor(up / np.linalg.norm(up), float(height)),
        )


SHARED = KINDS + 3
"""Shared unknowns: lengths, the floor's slope to x and to z, and its height."""
FLOOR_COLUMNS = KINDS + np.arange(3)


@dataclasses.dataclass(frozen=True)
class Pulls:
    """Known places of joints: `frame`, `joint` `(N,)`, `place_c` and `sigma` [m].

    `place_c (N, 3)` is in the camera's frame, `sigma (N,)` how sure it is.
    """

    frame: Ints
    joint: Ints
    place_c: Floats
    sigma: Floats


def rate(fps: float) -> float:
    """Square-root weight of one frame among alike ones."""
    return float(np.sqrt(min(1.0, NOISE_RATE_HZ / fps)))


def add_image(
    problem: ClipProblem, body: Body, seen: Observation, slack: float
) -> None:
    """Joints meet their landmarks, in metres across the view ray.

    A landmark that lies loses its say where the rest of the clip disagrees with it by
    more than `slack` of its own uncertainty.
    """
    t, p = body.joints.shape[:2]
    frame, joint = (a.ravel() for a in np.indices((t, p)))
    marks = (MARKS @ body.joints).reshape(-1, 3)
    depth = np.maximum(marks[:, 2], 0.3)
    focal = seen.K[0, 0]
    sigma = seen.sigma.ravel()
    off = (project(seen.K, marks) - seen.pixels.reshape(-1, 2)) * (depth / focal)[
        :, None
    ]
    size = np.linalg.norm(off, axis=1) / sigma
    weight = rate(seen.fps) / sigma * geman_mcclure(size, slack)
    other = np.argmax(MARKS - np.diag(np.diag(MARKS)), axis=1)[joint]
    share = np.diag(MARKS)[joint]
    where = np.concatenate(
        [problem.columns(frame, joint), problem.columns(frame, other)], axis=1
    )
    for axis in (0, 1):
        jacobian = np.zeros((len(marks), 3))
        jacobian[:, axis] = weight
        jacobian[:, 2] = -marks[:, axis] / depth * weight
        both = np.concatenate(
            [jacobian * share[:, None], jacobian * (1.0 - share)[:, None]], axis=1
        )
        used = [axis, 2, 3 + axis, 5]
        problem.add(off[:, axis] * weight, where[:, used], both[:, used])


def add_lengths(problem: ClipProblem, body: Body, give: Floats) -> None:
    """Bones are as long as in the whole clip, but for `give (KINDS,)` [m]."""
    t, b = len(body.joints), len(RODS)
    frame, rod = (a.ravel() for a in np.indices((t, b)))
    parent, child = RODS[rod, 0], RODS[rod, 1]
    vector = body.joints[frame, child] - body.joints[frame, parent]
    length = np.maximum(np.linalg.norm(vector, axis=1), 1e-6)
    kind = KIND[rod]
    weight = 1.0 / give[kind]
    unit = vector / length[:, None] * weight[:, None]
    where = np.concatenate(
        [problem.columns(frame, parent), problem.columns(frame, child)], axis=1
    )
    problem.add(
        (length - body.lengths[kind]) * weight,
        where,
        np.concatenate([-unit, unit], axis=1),
        kind[:, None],
        -weight[:, None],
    )


def add_lean(problem: ClipProblem, body: Body, seen: Observation) -> None:
    """Bones lean the way the landmarks in space lean."""
    t, b = len(body.joints), len(BONES)
    frame, bone = (a.ravel() for a in np.indices((t, b)))
    parent, child = BONES[bone, 0], BONES[bone, 1]
    vector = body.joints[frame, child] - body.joints[frame, parent]
    length = body.lengths[KIND[bone]]
    off = vector - seen.directions[frame, bone] * length[:, None]
    doubt = np.where(child == L_TOE, FOOT_LEAN_SIGMA, LEAN_SIGMA)
    doubt = np.where(child == R_TOE, FOOT_LEAN_SIGMA, doubt)
    sigma = doubt * length * seen.lean_sigma[frame, bone]
    weight = rate(seen.fps) / sigma * huber(np.linalg.norm(off, axis=1) / sigma, 1.5)
    where = np.concatenate(
        [problem.columns(frame, parent), problem.columns(frame, child)], axis=1
    )
    pair = np.stack([-weight, weight], axis=1)
    for axis in range(3):
        problem.add(off[:, axis] * weight, where[:, [axis, axis + 3]], pair)


def add_smoothness(
    problem: ClipProblem, joints: Floats, doubt: Floats, fps: float
) -> None:
    """Accelerations stay small; arms may be livelier than the rest.

    What is hidden, by `doubt (T, 14)` from 0 to 1, is taken to move less.
    """
    t, p = joints.shape[:2]
    sigma = np.full(p, ACCELERATION_SIGMA)
    sigma[[L_ELBOW, R_ELBOW, L_WRIST, R_WRIST]] = ARM_ACCELERATION_SIGMA
    frame, joint = (a.ravel() for a in np.indices((t - 2, p)))
    second = (joints[2:] - 2 * joints[1:-1] + joints[:-2]) * fps**2
    doubt = np.maximum(np.maximum(doubt[2:], doubt[:-2]), doubt[1:-1])
    weight = rate(fps) / sigma[joint] * (1.0 + (CALM - 1.0) * doubt.ravel())
    pattern = weight[:, None] * fps**2 * np.array([1.0, -2.0, 1.0])
    columns = [problem.columns(frame + k, joint) for k in range(3)]
    for axis in range(3):
        residual = second[..., axis].ravel() * weight
        where = np.stack([c[:, axis] for c in columns], axis=1)
        problem.add(residual, where, pattern)


def add_palms(problem: ClipProblem, joints: Floats, places: Pulls) -> None:
    """Palms, a hand's length beyond the wrist, go where they hold something.

    `places.joint` counts hands: 0 left, 1 right. A place far from where the arm is
    seen comes of an object seen wrongly, and has no say.
    """
    wrist = np.array([L_WRIST, R_WRIST])[places.joint]
    elbow = np.array([L_ELBOW, R_ELBOW])[places.joint]
    forearm = joints[places.frame, wrist] - joints[places.frame, elbow]
    beyond = PALM_M / np.maximum(np.linalg.norm(forearm, axis=-1), 0.1)
    off = joints[places.frame, wrist] + forearm * beyond[:, None] - places.place_c
    size = np.linalg.norm(off, axis=-1) / places.sigma
    weight = geman_mcclure(size, PALM_LIMIT) / places.sigma
    at_wrist = problem.columns(places.frame, wrist)
    at_elbow = problem.columns(places.frame, elbow)
    pattern = np.stack([(1.0 + beyond) * weight, -beyond * weight], axis=1)
    for axis in range(3):
        where = np.stack([at_wrist[:, axis], at_elbow[:, axis]], axis=1)
        problem.add(off[:, axis] * weight, where, pattern)


def add_proportions(
    problem: ClipProblem, body: Body, expected: Floats, spread: Floats, looks: float
) -> None:
    """Lengths are those of most people; `looks` is what such knowledge counts."""
    weight = np.sqrt(looks) / spread
    problem.add_shared(
        (body.lengths - expected) * weight, np.arange(KINDS)[:, None], weight[:, None]
    )
