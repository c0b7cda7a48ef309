"""Follows one object of known shape through a clip, by colour and outline.

Before it first moves it rests, which all those frames agree upon; from then on its
outline is sought near where it was, where it was heading, or where the hands or a
foot carry it. Physics then settles the whole path (`settle`).
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import invert, transform
from perception.objects.colour import KeyFrames, fine_codes
from perception.objects.contour import Fit, Patch, fit_outline
from perception.objects.hiding import body_points, person_mask
from perception.objects.rest import Rest, hold
from perception.objects.settle import Manner, ObjectTrack, Sight, settle
from perception.objects.shape import (
    hull_points,
    resting_height,
    same_looks,
    unseen_turns,
)
from perception.objects.silhouette import Pose, Silhouette
from perception.person.skeleton import L_HIP, L_SHOULDER, R_HIP, R_SHOULDER

Floats = NDArray[np.floating]

_LEFT, _RIGHT = [L_HIP, L_SHOULDER], [R_HIP, R_SHOULDER]
MARGIN_PX = 24.0
RADIUS_PX = 14.0
SIGMA_POS_M, SIGMA_YAW, SIGMA_TILT = 0.12, 0.30, 0.15
FLAT_M, FLAT_RAD = 0.004, 0.01
STIFF = 1e6
POOR, BLIND = 0.25, 0.1
"""Less of an outline says little; less than the second nothing, of what is carried."""
STAYS = 0.1**-2.0
"""How well [1/m²] is known that what nobody sees or carries stays."""
BEGUN_M = 0.025
LOOSE_M = np.array([0.1, 0.1, 0.1])
SPREAD_M = 0.12
LIFTED_M = 0.1
"""This high over its rest, a box is between two hands and turns as the person does."""
SIGMA_CARRIED = 0.1
DOUBT_RAD, CLEARLY = 0.3, 1.1
"""Turned by more than this with the person, it may be that only they were seen so."""
FACING_KEYS = 1.5


def follow(
    keys: KeyFrames,
    rest: Rest,
    spec: ObjectSpec,
    joints_w: Floats,
    T_world_to_cam: Floats,
    rest_pose: Pose,
    manner: Manner,
    fps: float,
) -> ObjectTrack:
    """Follow the object from `rest_pose`, in the world of `T_world_to_cam`.

    `joints_w (T, 14, 3)` [m] are the person's, over all frames of the clip.
    """
    view = Silhouette(hull_points(spec), keys.K, T_world_to_cam)
    bodies_w = body_points(joints_w)[keys.index]
    watch = _Follower(keys, view, spec, rest, bodies_w, manner, rest_pose)
    poses, fits = [], []
    start = watch.begin(rest_pose)
    for k in range(len(keys.index)):
        resting = k <= start or not manner.moves
        fit = watch.stay(k, rest_pose) if resting else watch.step(k, poses)
        poses.append(fit.pose)
        fits.append(fit)
    sight = Sight(
        keys.index,
        poses,
        np.stack([fit.information for fit in fits]),
        np.array([fit.seen for fit in fits]),
        start,
    )
    hands = bodies_w[:, 14:16].mean(axis=1)
    return settle(sight, spec, rest_pose, hands, manner, len(joints_w), fps)


def moved_to(rest: Rest, spec: ObjectSpec, T_from: Floats, T_to: Floats) -> Pose:
    """A resting pose found under the camera `T_from`, standing in `T_to`'s world."""
    T = invert(T_to) @ T_from
    turn = rotations.from_matrix(T[:3, :3])
    quat = rotations.multiply(turn, rest.pose.quat_w)
    up_w = rotations.rotate(quat, rest.up_o)
    axis = np.cross(up_w, [0.0, 0.0, 1.0])
    sine = np.linalg.norm(axis)
    if sine > 1e-9:
        level = rotations.exp(axis / sine * np.arctan2(sine, up_w[2]))
        quat = rotations.multiply(level, quat)
    centre = transform(T, rest.pose.pos_w)
    return Pose(np.array([*centre[:2], resting_height(spec, quat)]), quat)


@dataclasses.dataclass
class _Follower:
    """One clip's object, key frame by key frame."""

    keys: KeyFrames
    view: Silhouette
    spec: ObjectSpec
    rest: Rest
    bodies_w: Floats
    manner: Manner
    first: Pose
    facing: float = 0.0

    @functools.cached_property
    def headings(self) -> Floats:
        """Which way `(N,)` [rad] hips and shoulders face, up to a constant."""
        left, right = (self.bodies_w[:, i].sum(axis=1) for i in (_LEFT, _RIGHT))
        x, y = (left - right)[:, :2].T
        return gaussian_filter1d(np.unwrap(np.arctan2(y, x)), FACING_KEYS)

    def carried(self, pose: Pose) -> bool:
        """Whether two hands hold it there: well off the floor."""
        high = bool(pose.pos_w[2] > self.first.pos_w[2] + LIFTED_M)
        return self.carriable and high

    @property
    def carriable(self) -> bool:
        """Whether it is a box that hands may take off the floor."""
        free = not (self.manner.tips or self.manner.on_floor)
        return self.spec.shape == "box" and free

    def turned(self, k: int, pose: Pose) -> Floats:
        """How it is turned in key frame `k`, after `pose` in the one before."""
        if not self.carried(pose):
            return pose.quat_w
        turn = rotations.from_yaw(self.headings[k] - self.facing)
        quat = rotations.multiply(turn, self.first.quat_w)
        alike = rotations.multiply(quat, same_looks(self.spec))
        return alike[int(np.argmin(rotations.angle(alike, pose.quat_w)))]

    def unseen(self, k: int, pose: Pose) -> Fit:
        """Where it is in key frame `k` if nothing shows it, after `pose` before.

        It goes with the hands that carry it until it is down, and then stays.
        """
        known = np.zeros((6, 6))
        if self.carried(pose):
            pose = Pose(pose.pos_w + self._hands_went(k), self.turned(k, pose))
        if self.carriable and not self.carried(pose):
            on_floor = np.array([*pose.pos_w[:2], self.first.pos_w[2]])
            pose, known = Pose(on_floor, pose.quat_w), STAYS * np.eye(6)
        return Fit(pose, known, 0.0, 0.0)

    def begin(self, pose: Pose) -> int:
        """The key frame until which it rests: back from where it has clearly left."""
        start = k = max(self.rest.leaves - 1, 0)
        quiet = 0
        while k > 0 and quiet < 2 and self.manner.moves:
            patch = self._patch(k, [pose])
            if patch is not None:
                prior = hold(self.view.T_world_to_cam, LOOSE_M, 0.1, 0.05, 0.05)
                fit = fit_outline(self.view, pose, patch, prior, 8.0, 3)
                away = np.linalg.norm(fit.pose.pos_w - pose.pos_w)
                if fit.seen > POOR:
                    left = away > BEGUN_M
                    start, quiet = (k - 1, 0) if left else (start, quiet + 1)
            k -= 1
        self.facing = float(np.median(self.headings[max(start - 2, 0) : start + 3]))
        return start

    def stay(self, k: int, pose: Pose) -> Fit:
        """What key frame `k` says of an object known to rest at `pose`."""
        patch = self._patch(k, [pose])
        if patch is None:
            return Fit(pose, np.zeros((6, 6)), 0.0, 0.0)
        prior = STIFF * np.eye(6)
        return dataclasses.replace(
            fit_outline(self.view, pose, patch, prior, 4.0, 1), pose=pose
        )

    def step(self, k: int, before: list[Pose]) -> Fit:
        """The pose in key frame `k`, after those of the frames before.

        Who is seen badly seems to turn about: then what is carried may not have.
        """
        stay = before[-1].quat_w
        turned = self.turned(k, before[-1])
        fit = self._fit(k, before, turned)
        if rotations.angle(turned, stay) > DOUBT_RAD:
            other = self._fit(k, before, stay)
            fit = other if _sharp(other) > CLEARLY * _sharp(fit) else fit
        return fit

    def _fit(self, k: int, before: list[Pose], quat: Floats) -> Fit:
        """The pose in key frame `k` if it is turned about like `quat`."""
        guesses = self._guesses(k, before, quat)
        patch = self._patch(k, guesses)
        if patch is None:
            return self.unseen(k, before[-1])
        local = self.view.K.copy()
        local[:2, 2] -= patch.corner
        view = self.view.with_camera(local)
        scores = [view.score(guess, patch.odds) for guess in guesses]
        if max(scores) < 0.6 * 2.5:
            ahead = guesses[int(np.argmax(scores))]
            more = self._around(ahead)
            scores += [view.score(guess, patch.odds) for guess in more]
            guesses = guesses + more
        guess = guesses[int(np.argmax(scores))]
        here = Patch(patch.odds, np.zeros(2))
        carried = self.carried(before[-1])
        prior = self._prior(guess, carried=carried)
        fit = fit_outline(view, guess, here, prior, RADIUS_PX)
        blind = self.carriable and fit.seen < BLIND
        return self.unseen(k, before[-1]) if blind else fit

    def _hands_went(self, k: int) -> Floats:
        """How far `(3,)` [m] the palms' middle went since the key frame before."""
        return (self.bodies_w[k] - self.bodies_w[k - 1])[14:16].mean(axis=0)

    def _prior(self, guess: Pose, *, carried: bool) -> Floats:
        """How far from the guess it may go; unseen turns not at all."""
        T = self.view.T_world_to_cam
        tilt, z = (FLAT_RAD, FLAT_M) if self.manner.on_floor else (None, None)
        tilt = tilt or (0.4 if self.manner.tips else SIGMA_TILT)
        pos = np.array([SIGMA_POS_M, SIGMA_POS_M, z or SIGMA_POS_M])
        prior = hold(T, pos, SIGMA_CARRIED if carried else SIGMA_YAW, tilt, tilt)
        prior[3:, 3:] += 1e4 * unseen_turns(self.spec, guess.quat_w)
        return prior

    def _guesses(self, k: int, before: list[Pose], quat: Floats) -> list[Pose]:
        """Where it was, where it was heading, where hands or feet went."""
        stay = before[-1]
        shifts = [np.zeros(3)]
        if len(before) > 1:
            shifts.append(before[-1].pos_w - before[-2].pos_w)
        shifts.append(self._hands_went(k))
        level = np.array([1.0, 1.0, 0.0 if self.manner.on_floor else 1.0])
        return [Pose(stay.pos_w + shift * level, quat) for shift in shifts]

    def _around(self, pose: Pose) -> list[Pose]:
        """Poses farther off, along the floor or across the picture."""
        if self.manner.on_floor:
            axes = np.eye(3)[:2]
        else:
            axes = self.view.T_world_to_cam[:2, :3]
        steps = (-2.0, -1.0, 0.0, 1.0, 2.0)
        return [
            Pose(pose.pos_w + SPREAD_M * (i * axes[0] + j * axes[1]), pose.quat_w)
            for i in steps
            for j in steps
        ]

    def _patch(self, k: int, guesses: list[Pose]) -> Patch | None:
        """Log odds around the guesses, nothing known where the person hides it."""
        size = (self.keys.images.shape[1], self.keys.images.shape[2])
        boxes = np.stack([self.view.box(g, size, MARGIN_PX) for g in guesses])
        left, top = boxes[:, :2].min(axis=0).astype(int)
        right, low = boxes[:, 2:].max(axis=0).astype(int)
        if right - left < 4 or low - top < 4:
            return None
        part = np.s_[top:low, left:right]
        odds = self.rest.odds_of[fine_codes(self.keys.images[k][part])]
        T, K = self.view.T_world_to_cam, self.view.K.copy()
        K[:2, 2] -= [left, top]
        near = float(T[2, :3] @ guesses[0].pos_w + T[2, 3])
        hidden = person_mask(self.bodies_w[k], K, T, (low - top, right - left), near)
        odds[hidden] = 0.0
        return Patch(odds, np.array([left, top], float))


def _sharp(fit: Fit) -> float:
    """How much of the outline was found, and how close to it."""
    return fit.seen / (fit.off + 0.3)
