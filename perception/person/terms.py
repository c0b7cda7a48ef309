"""The residuals that a fitted person should make small, each one function."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perception.camera import Floor, project
from perception.person.skeleton import (
    BONES,
    FEET,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_TOE,
    L_WRIST,
    PALM_M,
    R_ANKLE,
    R_ELBOW,
    R_HIP,
    R_KNEE,
    R_TOE,
    R_WRIST,
    REST_HEIGHT_M,
)
from perception.person.sparse_fit import ClipProblem, huber

if TYPE_CHECKING:
    from perception.person.human import Observation

Floats = NDArray[np.floating]
Ints = NDArray[np.intp]

IMAGE_SIGMA_M = 0.02
MIN_TRUST = 0.05
SYMMETRY_SIGMA_M = 0.08
LEAN_SIGMA = 0.25
BONE_SIGMA_M = 0.012
TRUNK_SIGMA_M = 0.03
FLOOR_SIGMA_M = 0.015
STILL_SIGMA_M_S = 0.05
ACCELERATION_SIGMA = 5.0
ARM_ACCELERATION_SIGMA = 10.0
_MIRRORED = [
    pair
    for left, right in (
        (L_KNEE, R_KNEE),
        (L_ANKLE, R_ANKLE),
        (L_TOE, R_TOE),
    )
    for pair in ((left, right), (right, left))
]
NOISE_RATE_HZ = 10.0
"""Errors of neighbouring frames are alike: a clip says only so much per second."""


@dataclasses.dataclass(frozen=True)
class Pulls:
    """Known places of joints: `frame`, `joint` `(N,)`, `place_c` and `sigma` [m].

    `place_c (N, 3)` is in the camera's frame, `sigma (N,)` how sure it is.
    """

    frame: Ints
    joint: Ints
    place_c: Floats
    sigma: Floats


def add_image(problem: ClipProblem, joints: Floats, seen: Observation) -> None:
    """Joints meet their landmarks, in metres across the view ray."""
    t, p = joints.shape[:2]
    frame, joint = (a.ravel() for a in np.indices((t, p)))
    points = joints.reshape(-1, 3)
    depth = np.maximum(points[:, 2], 0.3)
    focal = seen.K[0, 0]
    sigma = IMAGE_SIGMA_M / np.maximum(seen.trust.ravel(), MIN_TRUST)
    rate = np.sqrt(min(1.0, NOISE_RATE_HZ / seen.fps))
    off = (project(seen.K, points) - seen.pixels.reshape(-1, 2)) * (depth / focal)[
        :, None
    ]
    weight = rate / sigma * huber(np.linalg.norm(off, axis=1) / sigma, 1.5)
    where = problem.columns(frame, joint)
    for axis in (0, 1):
        jacobian = np.zeros((len(points), 3))
        jacobian[:, axis] = 1.0
        jacobian[:, 2] = -points[:, axis] / depth
        problem.add(off[:, axis] * weight, where, jacobian * weight[:, None])


def add_bones(
    problem: ClipProblem, joints: Floats, lengths: Floats, seen: Observation
) -> None:
    """Bones keep their lengths and lean the way the landmarks lean."""
    t, b = len(joints), len(BONES)
    frame, bone = (a.ravel() for a in np.indices((t, b)))
    parent, child = BONES[bone, 0], BONES[bone, 1]
    vector = joints[frame, child] - joints[frame, parent]
    length = np.maximum(np.linalg.norm(vector, axis=1), 1e-6)
    trunk = (parent < L_SHOULDER) & (child >= L_SHOULDER)
    weight = 1.0 / np.where(trunk, TRUNK_SIGMA_M, BONE_SIGMA_M)
    unit = vector / length[:, None] * weight[:, None]
    where = np.concatenate(
        [problem.columns(frame, parent), problem.columns(frame, child)], axis=1
    )
    problem.add(
        (length - lengths[bone]) * weight, where, np.concatenate([-unit, unit], axis=1)
    )
    believed = (seen.trust.max(axis=1) > 0)[frame]
    rate = np.sqrt(min(1.0, NOISE_RATE_HZ / seen.fps))
    off = vector - seen.directions[frame, bone] * lengths[bone][:, None]
    trust = np.minimum(seen.trust[frame, parent], seen.trust[frame, child])
    sigma = LEAN_SIGMA * lengths[bone] / np.maximum(trust, 2 * MIN_TRUST)
    weight = believed * rate / sigma * huber(np.linalg.norm(off, axis=1) / sigma, 1.5)
    pair = np.stack([-weight, weight], axis=1)
    for axis in range(3):
        problem.add(off[:, axis] * weight, where[:, [axis, axis + 3]], pair)


def add_smoothness(problem: ClipProblem, joints: Floats, fps: float) -> None:
    """Accelerations stay small; arms may be livelier than the rest."""
    t, p = joints.shape[:2]
    sigma = np.full(p, ACCELERATION_SIGMA)
    sigma[[L_ELBOW, R_ELBOW, L_WRIST, R_WRIST]] = ARM_ACCELERATION_SIGMA
    frame, joint = (a.ravel() for a in np.indices((t - 2, p)))
    second = (joints[2:] - 2 * joints[1:-1] + joints[:-2]) * fps**2
    rate = np.sqrt(min(1.0, NOISE_RATE_HZ / fps))
    weight = (rate / sigma)[joint]
    pattern = weight[:, None] * fps**2 * np.array([1.0, -2.0, 1.0])
    columns = [problem.columns(frame + k, joint) for k in range(3)]
    for axis in range(3):
        residual = second[..., axis].ravel() * weight
        where = np.stack([c[:, axis] for c in columns], axis=1)
        problem.add(residual, where, pattern)


def add_floor(
    problem: ClipProblem,
    joints: Floats,
    floor: Floor,
    planted: NDArray[np.bool_],
    fps: float,
) -> None:
    """Feet stay over the floor, and where they stand they neither move nor hover."""
    feet = np.array(FEET)
    rest = np.array([REST_HEIGHT_M[foot] for foot in FEET])
    off = floor.height(joints[:, feet]) - rest
    frame, foot = np.nonzero(planted | (off < 0))
    weight = np.where(planted, 1.0, 0.5)[frame, foot] / FLOOR_SIGMA_M
    rate = np.sqrt(min(1.0, NOISE_RATE_HZ / fps))
    problem.add(
        off[frame, foot] * weight * rate,
        problem.columns(frame, feet[foot]),
        weight[:, None] * rate * floor.up_c,
    )
    frame, foot = np.nonzero(planted[1:] & planted[:-1])
    weight = rate * fps / STILL_SIGMA_M_S
    moved = joints[frame + 1, feet[foot]] - joints[frame, feet[foot]]
    now = problem.columns(frame, feet[foot])
    after = problem.columns(frame + 1, feet[foot])
    pattern = np.tile([-weight, weight], (len(frame), 1))
    for axis in range(3):
        where = np.stack([now[:, axis], after[:, axis]], axis=1)
        problem.add(moved[:, axis] * weight, where, pattern)


def like_other_side(joints: Floats, seen: Observation) -> Pulls:
    """Legs that are hidden mirror those that are seen, about the pelvis."""
    across = joints[:, L_HIP] - joints[:, R_HIP]
    across = across / np.linalg.norm(across, axis=-1, keepdims=True)
    middle = (joints[:, L_HIP] + joints[:, R_HIP]) / 2
    frames, limbs, places, sigmas = [], [], [], []
    for here, there in _MIRRORED:
        believed = seen.trust[:, there] * (1.0 - seen.trust[:, here])
        frame = np.flatnonzero(believed > 0.1)
        beside = ((joints[:, there] - middle) * across).sum(axis=1, keepdims=True)
        place = joints[:, there] - 2 * beside * across
        frames.append(frame)
        limbs.append(np.full(len(frame), here))
        places.append(place[frame])
        rate = np.sqrt(min(1.0, NOISE_RATE_HZ / seen.fps))
        sigmas.append(SYMMETRY_SIGMA_M / believed[frame] / rate)
    return Pulls(
        np.concatenate(frames),
        np.concatenate(limbs),
        np.concatenate(places),
        np.concatenate(sigmas),
    )


def add_pulls(problem: ClipProblem, joints: Floats, pulls: Pulls) -> None:
    """Joints go where they are known to be."""
    off = joints[pulls.frame, pulls.joint] - pulls.place_c
    weight = 1.0 / pulls.sigma
    where = problem.columns(pulls.frame, pulls.joint)
    for axis in range(3):
        problem.add(off[:, axis] * weight, where[:, [axis]], weight[:, None])


def add_palms(problem: ClipProblem, joints: Floats, places: Pulls) -> None:
    """Palms, a hand's length beyond the wrist, go where they hold something.

    `places.joint` counts hands: 0 left, 1 right.
    """
    wrist = np.array([L_WRIST, R_WRIST])[places.joint]
    elbow = np.array([L_ELBOW, R_ELBOW])[places.joint]
    forearm = joints[places.frame, wrist] - joints[places.frame, elbow]
    beyond = PALM_M / np.maximum(np.linalg.norm(forearm, axis=-1), 0.1)
    off = joints[places.frame, wrist] + forearm * beyond[:, None] - places.place_c
    weight = 1.0 / places.sigma
    at_wrist = problem.columns(places.frame, wrist)
    at_elbow = problem.columns(places.frame, elbow)
    pattern = np.stack([(1.0 + beyond) * weight, -beyond * weight], axis=1)
    for axis in range(3):
        where = np.stack([at_wrist[:, axis], at_elbow[:, axis]], axis=1)
        problem.add(off[:, axis] * weight, where, pattern)
