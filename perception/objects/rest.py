"""Finds the object where it first rests: its pose, its colours, and the floor.

The hands tell roughly where it is when they reach it. Its colours against the
surroundings are learnt from there, its outline then says where it is; a known size
on the floor also says how the camera is tilted and how high it stands.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import Floor
from perception.contacts import palms
from perception.objects.colour import (
    CLIP,
    KeyFrames,
    Odds,
    changed,
    histogram,
    log_odds,
)
from perception.objects.silhouette import Silhouette, outline_points
from perception.person.mask import arms_mask, person_mask

Floats = NDArray[np.floating]

MIN_CONTRAST = 0.7
"""Below it nothing counts as found: clothes and shadows reach 0.6, a box 1.2."""
MAX_IMAGE_SHARE = 0.35
MAX_PITCH = 0.2
MAX_HEIGHT_RATIO = 1.8
MAX_ON_PERSON = 0.7
ROUNDS = 3
SIGMA = np.array([0.25, 0.25, 0.20, 0.5, 0.03, 0.01])
STEP = np.array([0.5, 0.5, 1.0, 0.5, 1.0, 1.0])
STRENGTH = 100.0
PICKED = 8
LEFT_ODDS, STAYED_ODDS = 0.8, 1.2


@dataclasses.dataclass(frozen=True)
class Rest:
    """An object found at rest.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pose | (6,) | m, rad | as `Silhouette`, in the world it was sought in |
    | floor | | | the floor under it |
    | odds_of | (BINS³,) | | log odds of every colour |
    | keys | (N,) | | key frames in which it rests untouched |
    | seen | () | | contrast of its outline against what surrounds it |
    """

    pose: Floats
    floor: Floor
    odds_of: Odds
    keys: NDArray[np.intp]
    seen: float


def find_rest(
    keys: KeyFrames,
    spec: ObjectSpec,
    joints_w: Floats,
    T_world_to_cam: Floats,
    fps: float,
) -> Rest | None:
    """Seek an object resting on the floor where the hands will take it.

    `joints_w (T, 14, 3)` [m] are the person's. None where nothing of this shape has
    colours of its own.
    """
    shape = Silhouette(outline_points(spec), keys.K, T_world_to_cam)
    hands = palms(joints_w)
    height = gaussian_filter1d(hands[..., 2].mean(axis=1), 0.1 * fps)
    reach = int(np.argmin(height))
    rest = _rest_keys(keys, height, reach)
    picked = rest[np.linspace(0, len(rest) - 1, PICKED).round().astype(int)]
    codes = keys.codes[picked]
    hidden = np.stack([arms_mask(joints_w[keys.index[k]], shape) for k in picked])
    later = np.linspace(rest[-1], len(keys.index) - 1, 2 * PICKED).round().astype(int)
    left = changed(keys, picked, later)
    best: tuple[float, Floats, Odds] | None = None
    for start in _starts(hands[reach], spec, T_world_to_cam):
        tried = _fit(codes, hidden, left, shape, start)
        if best is None or tried[0] > best[0]:
            best = tried
    if best is None:
        return None
    seen, pose, odds_of = best
    found = Rest(pose, _floor_under(shape, pose, spec), odds_of, rest, seen)
    bodies = [person_mask(joints_w[keys.index[k]], shape) for k in picked]
    return found if _plausible(found, shape, np.mean(bodies, axis=0)) else None


def contrast(
    shape: Silhouette, pose: Floats, odds: Odds, hidden: NDArray[np.bool_]
) -> float:
    """Mean odds inside the outline, less what looks alike around it."""
    depth = _depth(shape, pose, odds.shape)
    radius = max(2.0, 0.15 * np.sqrt(max(shape.area(pose), 1.0)))
    around = (depth < 0) & (depth >= -radius) & ~hidden
    inside = (depth > 0) & ~hidden
    if not inside.any() or not around.any():
        return -1.0
    spill = np.maximum(odds[around], 0.0).mean()
    return float(odds[inside].mean() - spill) / CLIP


def _fit(
    codes: NDArray[np.uint16],
    hidden: NDArray[np.bool_],
    left: NDArray[np.bool_],
    shape: Silhouette,
    pose: Floats,
) -> tuple[float, Floats, Odds]:
    """Learn colours and move the outline in turns: contrast, pose, odds per colour.

    `left (h, w)` are the pixels that something leaves later; where nothing does, there
    is no object that moves.
    """
    leaves = np.where(left, LEFT_ODDS, -STAYED_ODDS).astype(np.float32)
    pose, _ = shape.fit(leaves, pose, SIGMA, [0, 1, 3], STRENGTH)
    odds_of, odds = np.zeros(0, np.float32), leaves
    for _ in range(ROUNDS):
        odds_of = _learn(codes, hidden | ~left, hidden, shape, pose)
        odds = np.where(hidden, 0.0, odds_of[codes]).mean(axis=0) + leaves
        odds = odds.astype(np.float32)
        pose, _ = shape.fit(odds, pose, SIGMA * STEP, list(range(6)), STRENGTH)
    return contrast(shape, pose, odds, np.all(hidden, axis=0)), pose, odds_of


def _plausible(rest: Rest, shape: Silhouette, on_person: Floats) -> bool:
    """Whether it stands out, is no part of the person, and shares their floor."""
    mask = shape.mask(rest.pose, (on_person.shape[0], on_person.shape[1])) > 127
    if rest.seen < MIN_CONTRAST or not 0 < mask.mean() < MAX_IMAGE_SHARE:
        return False
    before = float((-shape.T_world_to_cam[:3, :3].T @ shape.T_world_to_cam[:3, 3])[2])
    ratio = rest.floor.camera_height / max(before, 1e-3)
    return (
        1 / MAX_HEIGHT_RATIO < ratio < MAX_HEIGHT_RATIO
        and abs(rest.pose[4]) < MAX_PITCH
        and float(on_person[mask].mean()) < MAX_ON_PERSON
    )


def _rest_keys(keys: KeyFrames, height: Floats, reach: int) -> NDArray[np.intp]:
    """Key frames before the hands are halfway down, at least three."""
    before = height[: reach + 1]
    halfway = (before.max() + before[-1]) / 2
    above = np.flatnonzero(before > halfway)
    last = above[-1] if len(above) else reach // 2
    count = max(int(np.searchsorted(keys.index, last)), 3)
    return np.arange(min(count, len(keys.index)))


def _starts(hands: Floats, spec: ObjectSpec, T_world_to_cam: Floats) -> list[Floats]:
    """Poses between two palms `(2, 3)` on the floor, and nearer and farther ones."""
    middle, across = hands.mean(axis=0), hands[0] - hands[1]
    yaw = np.arctan2(across[1], across[0]) - np.pi / 2
    base = np.array([middle[0], middle[1], spec.size[2] / 2, yaw, 0.0, 0.0])
    ahead = T_world_to_cam[2, :2] / np.linalg.norm(T_world_to_cam[2, :2])
    side = np.array([-ahead[1], ahead[0]])
    starts = []
    for along, aside in ((0, 0), (-0.25, 0), (0.25, 0), (0, 0.15), (0, -0.15)):
        start = base.copy()
        start[:2] += along * ahead + aside * side
        starts.append(start)
    return starts


def _learn(
    codes: NDArray[np.uint16],
    doubtful: NDArray[np.bool_],
    hidden: NDArray[np.bool_],
    shape: Silhouette,
    pose: Floats,
) -> Odds:
    """Colours inside the outline against those around it, leaving out its edge.

    Pixels inside that are `doubtful`, and any that are `hidden`, teach nothing.
    """
    depth = _depth(shape, pose, codes.shape[1:])
    width = np.sqrt(max(shape.area(pose), 1.0))
    margin = max(2.0, 0.03 * width)
    inside = np.broadcast_to(depth > margin, codes.shape) & ~doubtful
    near = (depth < -margin) & (depth > -1.5 * width)
    outside = np.broadcast_to(near, codes.shape) & ~hidden
    return log_odds(histogram(codes[inside]), histogram(codes[outside]))


def _depth(shape: Silhouette, pose: Floats, size: tuple[int, ...]) -> Floats:
    """Distance [px] of every pixel from the outline, positive inside."""
    mask = (shape.mask(pose, (size[0], size[1])) > 127).astype(np.uint8)
    if not mask.any():
        return np.full(mask.shape, -1e6)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    return np.asarray(inside, float) - np.asarray(outside, float)


def _floor_under(shape: Silhouette, pose: Floats, spec: ObjectSpec) -> Floor:
    """The floor as the camera sees it, from the object standing on it."""
    up_w = rotations.rotate(shape.quat(pose), np.array([0.0, 0.0, 1.0]))
    bottom_w = pose[:3] - up_w * spec.size[2] / 2
    rotation, shift = shape.T_world_to_cam[:3, :3], shape.T_world_to_cam[:3, 3]
    up_c = rotation @ up_w
    return Floor(up_c, -float(up_c @ (rotation @ bottom_w + shift)))
