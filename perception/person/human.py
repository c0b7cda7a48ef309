"""One person's landmarks → joints in space: a least-squares fit over the whole clip.

Unknowns are the fourteen joints of every key frame in the camera's frame, the lengths
of the bones and where the floor lies. Image positions say where, MediaPipe's world
landmarks which way a bone leans, a person's proportions how far; standing feet,
balance, knees and smoothness hold the rest. First a coarse pass over time, then a fine
one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from perception.camera import Floor
from perception.person import ground, terms
from perception.person.observation import Observation, observe, resample
from perception.person.skeleton import (
    FEET,
    L_HIP,
    L_SHOULDER,
    R_HIP,
    REST_HEIGHT_M,
    bone_lengths,
    chain,
    kind_lengths,
)
from perception.person.sparse_fit import ClipProblem

__all__ = ["Human", "Observation", "find_floor", "find_planted", "fit_human", "observe"]

Floats = NDArray[np.floating]

COARSE_HZ, FINE_HZ = 5.0, 15.0
MAX_KEYS = 4500
"""Five minutes at the fine rate; longer clips are fitted more coarsely, in memory."""
FIRST_STEPS, COARSE_STEPS, FINE_STEPS = 3, 8, 4
START_SLACK, SLACK = 12.0, 4.0
LOOKS = 200.0
"""A clip shows a body from about so many sides: biases do not average out."""
STILL_M_S, LOW_M = 0.6, 0.12
UNSEEN = 0.3


@dataclasses.dataclass(frozen=True)
class Human:
    """A fitted person: joints `(T, 14, 3)` [m] in the camera's frame, and the floor."""

    joints_c: Floats
    visibility: Floats
    floor: Floor
    planted: NDArray[np.bool_]


def fit_human(
    seen: Observation,
    height_m: float,
    floor: Floor | None = None,
    palms: terms.Pulls | None = None,
    start: Floats | None = None,
) -> Human:
    """Fit the joints; with `floor` given it is kept, else it is found from the feet.

    `palms` are places in the camera's frame where the palms are known to be; `start`
    are joints `(T, 14, 3)` to begin with, fitted before.
    """
    fit = _Fit(seen, height_m, floor, palms)
    body = fit.first_guess(seen.at_rate(COARSE_HZ), start)
    if start is None:
        body = fit.coarse(body)
    body = fit.fine(body)
    joints = resample(body.joints, len(seen.pixels))
    planted = find_planted(joints, body.floor, seen.fps, seen.trust)
    return Human(joints, seen.trust, body.floor, planted)


class _Fit:
    """One clip's evidence, and the passes over it."""

    def __init__(
        self,
        seen: Observation,
        height_m: float,
        floor: Floor | None,
        palms: terms.Pulls | None,
    ) -> None:
        self.seen = seen
        self.height_m = height_m
        self.floor = floor
        self.palms = palms
        self.lengths, self.spread, self.give = kind_lengths(height_m)

    def first_guess(self, seen: Observation, start: Floats | None) -> terms.Body:
        """A body of common proportions where the landmarks are."""
        lengths, _ = bone_lengths(self.height_m)
        joints = _place(seen, lengths) if start is None else start
        floor = self.floor or find_floor(joints, seen.up_c)
        return terms.Body(joints, self.lengths, floor)

    def coarse(self, body: terms.Body) -> terms.Body:
        """Find the person and the floor at few key frames."""
        seen = self.seen.at_rate(COARSE_HZ)
        for _ in range(FIRST_STEPS):
            body = self._step(body, seen, START_SLACK, grounded=False)
            if self.floor is None:
                floor = find_floor(body.joints, seen.up_c)
                body = dataclasses.replace(body, floor=floor)
        for step in range(COARSE_STEPS):
            slack = max(SLACK, START_SLACK * 0.75**step)
            body = self._step(body, seen, slack, grounded=True)
        return body

    def fine(self, body: terms.Body) -> terms.Body:
        """Follow the motion at more key frames."""
        seconds = len(self.seen.pixels) / self.seen.fps
        seen = self.seen.at_rate(min(FINE_HZ, MAX_KEYS / seconds))
        joints = resample(body.joints, len(seen.pixels))
        body = dataclasses.replace(body, joints=joints)
        for _ in range(FINE_STEPS):
            body = self._step(body, seen, SLACK, grounded=True)
        return body

    def _step(
        self, body: terms.Body, seen: Observation, slack: float, *, grounded: bool
    ) -> terms.Body:
        problem = ClipProblem(len(body.joints), body.joints.shape[1], terms.SHARED)
        terms.add_image(problem, body, seen, slack)
        terms.add_lengths(problem, body, self.give)
        terms.add_lean(problem, body, seen)
        doubt = 1.0 - seen.trust
        terms.add_smoothness(problem, body.joints, doubt, seen.fps)
        terms.add_proportions(problem, body, self.lengths, self.spread, LOOKS)
        if self.floor is None:
            ground.add_level(problem, body, 1.0, seen.up_c)
        else:
            ground.hold_floor(problem)
        if grounded:
            planted = find_planted(body.joints, body.floor, seen.fps, seen.trust)
            ground.add_floor(problem, body, planted, seen.fps)
            ground.add_still_feet(problem, body.joints, doubt, seen.fps)
            ground.add_balance(problem, body, seen.fps, slack / SLACK)
            ground.add_knees(problem, body.joints, seen.fps)
            ground.add_hanging_arms(problem, body, seen.fps)
            ground.add_mirrored_legs(problem, body.joints, doubt, seen.fps)
        if self.palms is not None:
            places = self._at_keys(self.palms, len(body.joints))
            terms.add_palms(problem, body.joints, places)
        return body.moved(*problem.step())

    def _at_keys(self, palms: terms.Pulls, keys: int) -> terms.Pulls:
        """The known places, at the nearest key frames."""
        share = (keys - 1) / (len(self.seen.pixels) - 1)
        frame = np.round(palms.frame * share).astype(np.intp)
        return dataclasses.replace(palms, frame=frame)


def find_floor(joints_c: Floats, up_c: Floats | None = None) -> Floor:
    """The floor from how the person stands: upright, with the lowest feet on it.

    `up_c (3,)` says which way is up, if that is known better.
    """
    up = _upright(joints_c) if up_c is None else up_c
    rest = np.array([REST_HEIGHT_M[foot] for foot in FEET])
    heights = joints_c[:, FEET] @ up - rest
    lowest = np.percentile(heights.min(axis=1), 30)
    return Floor(up, -float(lowest))


def _upright(joints_c: Floats) -> Floats:
    """Up as somebody stands who stands straight.

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
    return up / np.linalg.norm(up)


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


def _place(seen: Observation, lengths: Floats) -> Floats:
    """First guess: a skeleton of right size, moved where it meets the pixels best."""
    joints = chain(seen.directions, lengths)
    focal = np.array([seen.K[0, 0], seen.K[1, 1]])
    rays = (seen.pixels - seen.K[:2, 2]) / focal
    weight = 1.0 / seen.sigma[..., None]
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
