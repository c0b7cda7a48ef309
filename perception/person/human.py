"""One person's landmarks → joints in space: a least-squares fit over the whole clip.

Unknowns are the fourteen joints in every frame, in the camera's frame. Image
positions say where, MediaPipe's world landmarks which way a bone leans, a person's
proportions how far, smoothness and standing feet hold the rest.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from perception.camera import Floor
from perception.person import terms
from perception.person.pose import MEDIAPIPE_INDEX, Landmarks
from perception.person.skeleton import (
    BONES,
    FEET,
    L_HIP,
    L_SHOULDER,
    R_HIP,
    REST_HEIGHT_M,
    bone_lengths,
    chain,
)
from perception.person.sparse_fit import ClipProblem

Floats = NDArray[np.floating]

ROUNDS = 3
STEPS = 4
STILL_M_S, LOW_M = 0.8, 0.12
UNSEEN = 0.3
HIDDEN, SEEN = 0.45, 0.9


@dataclasses.dataclass(frozen=True)
class Observation:
    """What the pose estimator gave, sampled at the fourteen joints.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pixels | (T, 14, 2) | px | image |
    | directions | (T, B, 3) | | camera; unit vectors along `skeleton.BONES` |
    | trust | (T, 14) | 0 to 1 | how far to believe a joint, from its visibility |
    | K | (3, 3) | px | |
    | fps | () | 1/s | |
    """

    pixels: Floats
    directions: Floats
    trust: Floats
    K: Floats
    fps: float


@dataclasses.dataclass(frozen=True)
class Human:
    """A fitted person: joints `(T, 14, 3)` [m] in the camera's frame, and the floor."""

    joints_c: Floats
    visibility: Floats
    floor: Floor
    planted: NDArray[np.bool_]


def observe(landmarks: Landmarks, K: Floats, fps: float) -> Observation:
    """Pick the fourteen joints, fill frames without a person, drop lone outliers."""
    index = list(MEDIAPIPE_INDEX)
    found = landmarks.found
    pixels = _fill(landmarks.pixels[:, index], found)
    points = _fill(landmarks.points_c[:, index], found)
    trust = _trust(landmarks.visibility[:, index]) * found[:, None]
    width = 2 * round(0.06 * fps) + 1
    pixels = median_filter(pixels, size=(width, 1, 1), mode="nearest")
    points = median_filter(points, size=(width, 1, 1), mode="nearest")
    points = _turn_to_ray(points, pixels, K)
    bones = points[:, BONES[:, 1]] - points[:, BONES[:, 0]]
    length = np.linalg.norm(bones, axis=-1, keepdims=True)
    directions = bones / np.maximum(length, 1e-6)
    return Observation(pixels, directions, trust, K, fps)


def fit_human(
    seen: Observation,
    height_m: float,
    floor: Floor | None = None,
    palms: terms.Pulls | None = None,
    start: Floats | None = None,
) -> Human:
    """Fit the joints; with `floor` given it is kept, else it is found from the feet.

    `palms` are places in the camera's frame where the palms are known to be.
    """
    lengths, loose = bone_lengths(height_m)
    expected = lengths.copy()
    joints = _place(seen, lengths) if start is None else start.copy()
    level: Floor | None = floor
    planted = np.zeros((len(joints), len(FEET)), bool)
    for turn in range(ROUNDS):
        if turn and level is not None:
            planted = find_planted(joints, level, seen.fps, seen.trust)
        for _ in range(STEPS):
            problem = ClipProblem(len(joints), joints.shape[1])
            terms.add_image(problem, joints, seen)
            terms.add_bones(problem, joints, lengths, seen)
            terms.add_smoothness(problem, joints, seen.fps)
            if turn and level is not None:
                terms.add_floor(problem, joints, level, planted, seen.fps)
            terms.add_pulls(problem, joints, terms.like_other_side(joints, seen))
            if palms is not None:
                terms.add_palms(problem, joints, palms)
            joints = joints + problem.step()
        lengths = _measure_bones(joints, seen, expected, loose)
        level = floor or find_floor(joints)
    assert level is not None
    return Human(joints, seen.trust, level, planted)


def find_floor(joints_c: Floats) -> Floor:
    """The floor from how the person stands: upright, with the lowest feet on it.

    Cameras are held without roll more often than not, so the tilt sideways is only
    half believed.
    """
    ankles = joints_c[:, FEET[:2]].mean(axis=1)
    shoulders = joints_c[:, L_SHOULDER : L_SHOULDER + 2].mean(axis=1)
    body = shoulders - ankles
    tall = np.linalg.norm(body, axis=1)
    standing = tall >= np.percentile(tall, 70)
    up = body[standing].mean(axis=0)
    up = up / np.linalg.norm(up)
    up[0] *= 0.25
    up = up / np.linalg.norm(up)
    rest = np.array([REST_HEIGHT_M[foot] for foot in FEET])
    heights = joints_c[:, FEET] @ up - rest
    lowest = np.percentile(heights.min(axis=1), 30)
    return Floor(up, -float(lowest))


def find_planted(
    joints_c: Floats, floor: Floor, fps: float, trust: Floats | None = None
) -> NDArray[np.bool_]:
    """Which of `FEET` stand still on the floor, `(T, 4)`.

    A foot that hardly anything is seen of, by `trust (T, 14)`, is taken to stand
    unless the person walks.
    """
    feet = gaussian_filter1d(joints_c[:, FEET], 0.05 * fps, axis=0)
    speed = np.linalg.norm(np.gradient(feet, 1.0 / fps, axis=0), axis=-1)
    rest = np.array([REST_HEIGHT_M[foot] for foot in FEET])
    low = floor.height(feet) < rest + LOW_M
    standing = (speed < STILL_M_S) & low
    if trust is None:
        return standing
    pelvis = gaussian_filter1d(joints_c[:, [L_HIP, R_HIP]].mean(axis=1), 0.1 * fps, 0)
    walking = np.linalg.norm(np.gradient(pelvis, 1.0 / fps, axis=0), axis=-1)
    unseen = (trust[:, FEET] < UNSEEN) & (walking < STILL_M_S)[:, None]
    return standing | unseen


def _trust(visibility: Floats) -> Floats:
    """A limb behind something still gets a visibility near one half: a guess."""
    return np.clip((visibility - HIDDEN) / (SEEN - HIDDEN), 0.0, 1.0)


def _fill(values: Floats, found: NDArray[np.bool_]) -> Floats:
    """Interpolate frames without a person, holding the ends."""
    frames = np.arange(len(values))
    flat = values.reshape(len(values), -1)
    columns = [np.interp(frames, frames[found], c[found]) for c in flat.T]
    return np.stack(columns, axis=1).reshape(values.shape)


def _turn_to_ray(points: Floats, pixels: Floats, K: Floats) -> Floats:
    """Turn crop-centred world landmarks so that their depth runs along the view ray."""
    centre = pixels[:, [L_HIP, R_HIP]].mean(axis=1)
    focal = np.array([K[0, 0], K[1, 1]])
    ray = np.concatenate([(centre - K[:2, 2]) / focal, np.ones((len(centre), 1))], 1)
    z = ray / np.linalg.norm(ray, axis=1, keepdims=True)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    axes = np.stack([x, np.cross(z, x), z], axis=-1)
    return np.einsum("tij,tpj->tpi", axes, points)


def _place(seen: Observation, lengths: Floats) -> Floats:
    """First guess: a skeleton of right size, moved where it meets the pixels best."""
    joints = chain(seen.directions, lengths)
    focal = np.array([seen.K[0, 0], seen.K[1, 1]])
    rays = (seen.pixels - seen.K[:2, 2]) / focal
    weight = np.maximum(seen.trust, 0.05)[..., None]
    t = len(joints)
    matrix = np.zeros((t, joints.shape[1], 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = 1.0
    matrix[..., 2] = -rays
    offset = rays * joints[..., 2:] - joints[..., :2]
    a = (matrix * weight[..., None]).reshape(t, -1, 3)
    b = (offset * weight).reshape(t, -1, 1)
    shift = np.linalg.solve(a.transpose(0, 2, 1) @ a, a.transpose(0, 2, 1) @ b)[..., 0]
    shift[:, 2] = np.clip(shift[:, 2], 0.5, 50.0)
    width = 2 * round(0.25 * seen.fps) + 1
    shift = median_filter(shift, size=(width, 1), mode="nearest")
    return joints + shift[:, None]


def _measure_bones(
    joints: Floats, seen: Observation, expected: Floats, loose: Floats
) -> Floats:
    """Bone lengths between what people have and what this clip shows."""
    length = np.linalg.norm(joints[:, BONES[:, 1]] - joints[:, BONES[:, 0]], axis=-1)
    trust = np.minimum(seen.trust[:, BONES[:, 0]], seen.trust[:, BONES[:, 1]])
    weight = np.maximum(trust, 1e-3)
    shown = (length * weight).sum(axis=0) / weight.sum(axis=0)
    moved = np.clip(2.0 * (shown - expected), -2.0 * loose, 2.0 * loose)
    return expected + moved
