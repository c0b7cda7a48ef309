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

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import invert, transform
from perception.objects.carrier import DOUBT_RAD, Carrier, sharper
from perception.objects.colour import CLIP, KeyFrames, fine_codes
from perception.objects.contour import Fit, Patch, fit_outline
from perception.objects.footing import hold
from perception.objects.hiding import body_points, person_mask
from perception.objects.rest import Rest
from perception.objects.scene import Scene, learn_scene
from perception.objects.settle import Manner, ObjectTrack, Sight, settle
from perception.objects.shape import (
    capped,
    hull_points,
    resting_height,
    unseen_turns,
)
from perception.objects.silhouette import Pose, Silhouette
from perception.objects.tipping import at_hand, course, tipped, turn_times

Floats = NDArray[np.floating]

MARGIN_PX = 24.0
RADIUS_PX = 14.0
SIGMA_POS_M, SIGMA_YAW, SIGMA_TILT, SIGMA_CARRIED = 0.12, 0.30, 0.15, 0.10
FLAT_M, FLAT_RAD = 0.004, 0.01
STIFF = 1e6
POOR, BLIND = 0.25, 0.1
"""Less of an outline says little; less than the second nothing, of what is carried."""
BEGUN_M = 0.025
LOOSE_M = np.array([0.1, 0.1, 0.1])
SPREAD_M = 0.12


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
        watch.stands(),
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
    rest_pose: Pose

    @functools.cached_property
    def scene(self) -> Scene:
        """What is seen at first where neither person nor object is."""
        return learn_scene(self.keys, self.view, self.bodies_w, self.rest_pose)

    @functools.cached_property
    def rising(self) -> tuple[list[Pose], NDArray[np.intp]]:
        """From lying to standing, on the end that looks best, and when it is where."""
        palms_w = self.bodies_w[:, 14:16]
        may_turn = at_hand(palms_w, self.rest_pose.pos_w)
        courses = []
        for top in (1.0, -1.0):
            way = [self.rest_pose, *tipped(self.spec, self.rest_pose, top)]
            looks = [self._looks(k, way) for k in range(len(self.keys.index))]
            courses.append((way, *course(np.array(looks), may_turn)))
        way, stage, _ = max(courses, key=lambda each: each[2])
        return way, stage

    def stands(self) -> int | None:
        """The key frame from which what was stood up stands; None if nothing is."""
        if not self.manner.lies:
            return None
        way, stage = self.rising
        return turn_times(stage, len(way))[1]

    def _looks(self, k: int, poses: list[Pose]) -> list[float]:
        """How much more key frame `k` looks like the object at each of the poses."""
        patch = self._patch(k, poses)
        if patch is None:
            return [0.0] * len(poses)
        local = self.view.K.copy()
        local[:2, 2] -= patch.corner
        view = self.view.with_camera(local)
        return [view.score(pose, patch.odds) * view.area(pose) for pose in poses]

    def begin(self, pose: Pose) -> int:
        """The key frame until which it rests: back from where it has clearly left."""
        if self.manner.lies:
            way, stage = self.rising
            return turn_times(stage, len(way))[0]
        start = k = self._gone(pose) if capped(self.spec) else self.rest.leaves - 1
        start = k = max(k, 0)
        quiet = 0
        while k > 0 and quiet < 2 and self.manner.moves:
            patch = self._patch(k, [pose])
            if patch is not None:
                prior = hold(self.view.T_world_to_cam, LOOSE_M, 0.1, 0.05, 0.05)
                fit = fit_outline(self.view, pose, patch, prior, 8.0, 3)
                if fit.seen > POOR:
                    left = self._away(fit.pose, pose) > BEGUN_M
                    start, quiet = (k - 1, 0) if left else (start, quiet + 1)
            k -= 1
        self.carrier.takes(start)
        return start

    def _gone(self, pose: Pose) -> int:
        """The key frame up to which it looks like being at `pose` all along."""
        looks = [self._looks(k, [pose])[0] for k in range(len(self.keys.index))]
        total = np.cumsum(looks)
        return len(total) - 1 - int(np.argmax(total[::-1]))

    def _away(self, pose: Pose, rest: Pose) -> float:
        """How far [m] it has gone; of what is small, across the view ray alone."""
        away = pose.pos_w - rest.pos_w
        if capped(self.spec):
            T = self.view.T_world_to_cam
            sight = rest.pos_w + T[:3, :3].T @ T[:3, 3]
            away = away - sight * (away @ sight) / (sight @ sight)
        return float(np.linalg.norm(away))

    @functools.cached_property
    def carrier(self) -> Carrier:
        """The person, as one who may carry it."""
        return Carrier(self.spec, self.manner, self.rest_pose, self.bodies_w)

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
        turned = self.carrier.turned(k, before[-1])
        fit = self._fit(k, before, turned)
        if rotations.angle(turned, stay) > DOUBT_RAD:
            return sharper(fit, self._fit(k, before, stay))
        return fit

    def _fit(self, k: int, before: list[Pose], quat: Floats) -> Fit:
        """The pose in key frame `k` if it is turned about like `quat`."""
        guesses = self._guesses(k, before, quat)
        patch = self._patch(k, guesses)
        if patch is None:
            return self.carrier.unseen(k, before[-1])
        local = self.view.K.copy()
        local[:2, 2] -= patch.corner
        view = self.view.with_camera(local)
        scores = [view.score(guess, patch.odds) for guess in guesses]
        if max(scores) < 0.6 * 2.5 and not self.manner.lies:
            ahead = guesses[int(np.argmax(scores))]
            more = self._around(ahead)
            scores += [view.score(guess, patch.odds) for guess in more]
            guesses = guesses + more
        guess = guesses[int(np.argmax(scores))]
        here = Patch(patch.odds, np.zeros(2))
        fit = fit_outline(view, guess, here, self._prior(guess), RADIUS_PX)
        blind = self.carrier.may and fit.seen < BLIND
        return self.carrier.unseen(k, before[-1]) if blind else fit

    def _prior(self, guess: Pose) -> Floats:
        """How far from the guess it may go; unseen turns not at all."""
        T = self.view.T_world_to_cam
        tilt, z = (FLAT_RAD, FLAT_M) if self.manner.on_floor else (None, None)
        tilt = tilt or (0.4 if self.manner.tips else SIGMA_TILT)
        pos = np.array([SIGMA_POS_M, SIGMA_POS_M, z or SIGMA_POS_M])
        yaw = SIGMA_CARRIED if self.carrier.carries(guess) else SIGMA_YAW
        prior = hold(T, pos, yaw, tilt, tilt)
        prior[3:, 3:] += 1e4 * unseen_turns(self.spec, guess.quat_w)
        return prior

    def _guesses(self, k: int, before: list[Pose], quat: Floats) -> list[Pose]:
        """Where it was, where it was heading, where hands or feet went."""
        stay = Pose(before[-1].pos_w, quat)
        shifts = [np.zeros(3)]
        if len(before) > 1:
            shifts.append(before[-1].pos_w - before[-2].pos_w)
        moved = self.bodies_w[k] - self.bodies_w[k - 1]
        shifts.append(moved[14:16].mean(axis=0))
        level = np.array([1.0, 1.0, 0.0 if self.manner.on_floor else 1.0])
        near = [Pose(stay.pos_w + shift * level, stay.quat_w) for shift in shifts]
        if self.manner.lies:
            way, stage = self.rising
            return [way[stage[k]]]
        return near

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
        codes = fine_codes(self.keys.images[k][part])
        odds = self.rest.odds_of[codes]
        if capped(self.spec):
            odds[self.scene.shows(codes, part)] = -CLIP
        T, K = self.view.T_world_to_cam, self.view.K.copy()
        K[:2, 2] -= [left, top]
        near = float(T[2, :3] @ guesses[0].pos_w + T[2, 3])
        hidden = person_mask(self.bodies_w[k], K, T, (low - top, right - left), near)
        odds[hidden] = 0.0
        return Patch(odds, np.array([left, top], float))
