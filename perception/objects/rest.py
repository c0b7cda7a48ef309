"""Finds the object where it first rests: its pose, its colours, and the floor.

Where on the floor the person's hands, feet or hips come, and where something that
was there at first is gone at last, poses are tried; colours that set an object off
from its surroundings decide. Its outline then says where it is. A known size on the
floor also says how the camera is tilted and how high it stands.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import Floor
from perception.objects.colour import KeyFrames, Odds, fine_codes
from perception.objects.contour import Fit, Patch, fit_outline
from perception.objects.footing import (
    SIGMA_PITCH,
    SIGMA_POS,
    SIGMA_ROLL,
    SIGMA_YAW,
    beforehand,
    grounded,
    hold,
)
from perception.objects.hiding import body_points, person_mask
from perception.objects.looks import contrast, depth_inside, learn_odds
from perception.objects.search import Search
from perception.objects.shape import capped, half_turn, hull_points, same_looks
from perception.objects.silhouette import Pose, Silhouette
from perception.objects.starts import Start, starts

Floats = NDArray[np.floating]

MIN_CONTRAST = 0.45
MAX_IMAGE_SHARE = 0.35
MAX_TILT = 0.2
MAX_HEIGHT_RATIO = 1.8
TURN = 0.6
UNLIT = 2.5
"""Bins of lightness by which the faces of one object may differ."""
UNSEEN = 8.0
"""How much rather a colour found nowhere is a bottle's, while its ends are sought."""
PICKED = 6
TRIED = 8
CLOSELY = 3


@dataclasses.dataclass(frozen=True)
class Rest:
    """An object found at rest.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pose | | | in the world it was sought in |
    | up_o | (3,) | | object; which way of it is up |
    | floor | | | camera; the floor under it |
    | odds_of | (2¹⁵,) | | log odds of every fine colour code |
    | leaves | () | | key frame in which it last rests untouched; the last if always |
    | seen | () | | contrast of its outline against what surrounds it |
    """

    pose: Pose
    up_o: Floats
    floor: Floor
    odds_of: Odds
    leaves: int
    seen: float


def find_rest(
    keys: KeyFrames,
    spec: ObjectSpec,
    joints_w: Floats,
    T_world_to_cam: Floats,
    contacts: tuple[str, ...],
    lies: bool | None = None,
) -> Rest | None:
    """Seek an object on the floor where the bodies named in `contacts` come.

    `joints_w (T, 14, 3)` [m] are the person's. What a pelvis touches may stay where
    it is; all else has to leave. `lies` says whether a cylinder does, if known. None
    where nothing of this shape has colours of its own.
    """
    bodies_w = body_points(joints_w)[keys.index]
    view = Silhouette(hull_points(spec), keys.k_small, T_world_to_cam)
    search = Search(keys, view, spec, bodies_w, contacts, lies)
    best: tuple[float, Pose, Odds] | None = None
    for start in starts(search)[:TRIED]:
        tried = _try(search, start)
        if best is None or tried[0] > best[0]:
            best = tried
    if best is None:
        return None
    _, pose, odds_of = best
    leaves = search.leaves(pose)
    stays = leaves >= len(keys.index) - 2 and not search.may_stay
    until = int(search.first[-1]) if stays else leaves
    pose, odds_of, seen = _refine(keys, view.with_camera(keys.K), search, best, until)
    if stays:
        prior = hold(T_world_to_cam, np.array([0.3, 0.3, 0.02]), 0.3, 0.02, 0.02)
        leaves = search.moves_off(pose, odds_of, prior)
        if leaves == len(keys.index) - 1:
            return None
    up_o = _up(pose)
    found = Rest(pose, up_o, floor_under(view, pose, up_o), odds_of, leaves, seen)
    return found if _plausible(found, view, search) else None


def floor_under(view: Silhouette, pose: Pose, up_o: Floats) -> Floor:
    """The floor as the camera sees it, from the object lying on it."""
    up_w = rotations.rotate(pose.quat_w, up_o)
    deep = (np.concatenate(view.parts) @ up_o).min()
    bottom_w = pose.pos_w + up_w * deep
    rotation, shift = view.T_world_to_cam[:3, :3], view.T_world_to_cam[:3, 3]
    up_c = rotation @ up_w
    return Floor(up_c, -float(up_c @ (rotation @ bottom_w + shift)))


def _try(search: Search, start: Start) -> tuple[float, Pose, Odds]:
    """Learn colours and move the outline in turns, in small pictures."""
    view, pose = search.view, start.pose
    prior = hold(
        view.T_world_to_cam, SIGMA_POS, SIGMA_YAW, 0.5 * SIGMA_PITCH, 0.5 * SIGMA_ROLL
    )
    codes = search.codes[search.first]
    odds_of, seen = np.zeros(0, np.float32), -1.0
    for radius in (8.0, 5.0):
        hidden, person = search.masks(pose, search.first)
        depth = depth_inside(view, pose, search.size)
        apart = capped(search.spec)
        unseen = UNSEEN if apart else 1.0
        odds_of = learn_odds(codes, hidden, person, depth, UNLIT, apart, unseen)
        odds = np.where(hidden, np.float32(0), odds_of[codes]).mean(axis=0)
        patch = Patch(odds.astype(np.float32), np.zeros(2))
        pose = fit_outline(view, pose, patch, prior, radius, 3).pose
        depth = depth_inside(view, pose, search.size)
        seen = contrast(depth, odds, np.all(hidden, axis=0))
    gone = view.score(pose, search.change)
    return seen + 0.5 * gone - search.aloof(pose), pose, odds_of


def _refine(
    keys: KeyFrames,
    view: Silhouette,
    search: Search,
    best: tuple[float, Pose, Odds],
    leaves: int,
) -> tuple[Pose, Odds, float]:
    """The pose that all resting key frames agree upon, at full size.

    Turned poses are tried too; some of them are looked at closely.
    """
    _, pose, odds_of = best
    picked = search.clear(pose, leaves, PICKED)
    prior = beforehand(search)
    patch, _ = _patch(keys, view, search, pose, odds_of, picked)
    if patch is None:
        return pose, odds_of, -1.0
    turned = [grounded(search, each) for each in _turned(search.spec, pose)]
    fits = [fit_outline(view, each, patch, prior, 10.0) for each in turned]
    fits.sort(key=_sharp, reverse=True)
    found: list[tuple[float, Pose, Odds, float]] = []
    for fit in _unlike(search.spec, fits)[:CLOSELY]:
        near = keys, view, search
        if search.lies:
            patch, _, _ = _relearn(*near, fit.pose, picked, capped(search.spec))
            if patch is not None:
                guess = grounded(search, fit.pose)
                fit = fit_outline(view, guess, patch, prior, 6.0)
        patch, covered, odds_of = _relearn(*near, fit.pose, picked)
        if patch is not None:
            guess = grounded(search, fit.pose)
            fit = fit_outline(view, guess, patch, prior, 6.0)
            seen = contrast(_depth_in(view, fit.pose, patch), patch.odds, covered)
            found.append((_sharp(fit), fit.pose, odds_of, seen))
    if not found:
        return pose, odds_of, -1.0
    _, pose, odds_of, seen = max(found, key=lambda each: each[0])
    return pose, odds_of, seen


def _relearn(
    keys: KeyFrames,
    view: Silhouette,
    search: Search,
    pose: Pose,
    picked: NDArray[np.intp],
    apart: float = 0.0,
) -> tuple[Patch | None, NDArray[np.bool_], Odds]:
    """Colours learnt at a pose; the patch around it, and its pixels hidden in all."""
    hidden, person = search.masks(pose, picked)
    depth = depth_inside(search.view, pose, search.size)
    codes, unseen = search.codes[picked], UNSEEN if apart else 1.0
    odds_of = learn_odds(codes, hidden, person, depth, apart=apart, unseen=unseen)
    return *_patch(keys, view, search, pose, odds_of, picked), odds_of


def _patch(
    keys: KeyFrames,
    view: Silhouette,
    search: Search,
    pose: Pose,
    odds_of: Odds,
    picked: NDArray[np.intp],
) -> tuple[Patch | None, NDArray[np.bool_]]:
    """Mean log odds around a pose over key frames, and pixels hidden in all."""
    size = (keys.images.shape[1], keys.images.shape[2])
    left, top, right, low = view.box(pose, size, 40.0).astype(int)
    if right - left < 4 or low - top < 4:
        return None, np.zeros((0, 0), bool)
    part = np.s_[top:low, left:right]
    codes = fine_codes(keys.images[picked][:, *part])
    T, K = view.T_world_to_cam, view.K.copy()
    K[:2, 2] -= [left, top]
    near = float(T[2, :3] @ pose.pos_w + T[2, 3])
    shape = (low - top, right - left)
    bodies = search.bodies_w[picked]
    hidden = np.stack([person_mask(body, K, T, shape, near) for body in bodies])
    odds = np.where(hidden, np.float32(0), odds_of[codes]).mean(axis=0)
    corner = np.array([left, top], float)
    return Patch(odds.astype(np.float32), corner), np.all(hidden, axis=0)


def _depth_in(view: Silhouette, pose: Pose, patch: Patch) -> Floats:
    """`depth_inside` of the patch's pixels."""
    local = view.K.copy()
    local[:2, 2] -= patch.corner
    height, width = patch.odds.shape
    return depth_inside(view.with_camera(local), pose, (height, width))


def _unlike(spec: ObjectSpec, fits: list[Fit]) -> list[Fit]:
    """The fits without those that look like one before them."""
    kept: list[Fit] = []
    same = same_looks(spec)
    for fit in fits:
        turns = [rotations.multiply(fit.pose.quat_w, turn) for turn in same]
        if all(
            min(rotations.angle(turn, other.pose.quat_w) for turn in turns) > 0.3
            for other in kept
        ):
            kept.append(fit)
    return kept


def _turned(spec: ObjectSpec, pose: Pose) -> list[Pose]:
    """The pose, and others turned about the vertical that look different."""
    period = half_turn(spec, pose.quat_w)
    yaws = np.arange(0.0, max(period - 0.1, 0.1), TURN)
    quats = [rotations.multiply(rotations.from_yaw(yaw), pose.quat_w) for yaw in yaws]
    return [Pose(pose.pos_w, quat) for quat in quats]


def _sharp(fit: Fit) -> float:
    """How much of the outline was found, and how close to it."""
    return fit.seen / (fit.off + 0.3)


def _up(pose: Pose) -> Floats:
    """The object's own axis `(3,)` that points up as it rests."""
    up_o = rotations.rotate_inverse(pose.quat_w, np.array([0.0, 0.0, 1.0]))
    axis = int(np.argmax(np.abs(up_o)))
    if abs(up_o[axis]) > 0.9:
        return np.sign(up_o[axis]) * np.eye(3)[axis]
    up_o[2] = 0.0
    return up_o / np.linalg.norm(up_o)


def _plausible(rest: Rest, view: Silhouette, search: Search) -> bool:
    """Whether it stands out, is in view, and shares the person's floor."""
    T = view.T_world_to_cam
    before = float((-T[:3, :3].T @ T[:3, 3])[2])
    ratio = rest.floor.camera_height / max(before, 1e-3)
    share = (view.mask(rest.pose, search.size) > 127).mean()
    tilt = rotations.rotate(rest.pose.quat_w, rest.up_o)[2]
    return (
        rest.seen > MIN_CONTRAST
        and 0 < share < MAX_IMAGE_SHARE
        and 1 / MAX_HEIGHT_RATIO < ratio < MAX_HEIGHT_RATIO
        and tilt > np.cos(MAX_TILT)
    )
