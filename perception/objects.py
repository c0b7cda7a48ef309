"""Follows one object of known shape through a clip, by colour and outline alone.

The hands tell roughly where it rests when they reach it; its colour against the
surroundings is learnt from there, its outline then says where it is. Before it first
moves it rests, which all those frames agree upon.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import project, transform
from perception.colour import CLIP, KeyFrames, histogram, log_odds
from perception.contacts import palms
from perception.silhouette import Silhouette, outline_points
from perception.skeleton import L_ELBOW, L_WRIST, R_ELBOW, R_WRIST

Floats = NDArray[np.float64]
Odds = NDArray[np.float32]

MIN_SEEN = 0.8
"""Mean log odds inside the outline below which the object counts as not found."""
ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class ObjectTrack:
    """An upright object over a clip.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_w | (T, 3) | m | world, centre of the bounding box |
    | quat_w | (T, 4) | wxyz | world |
    | seen | (T,) | | mean log odds inside the outline |
    """

    pos_w: Floats
    quat_w: Floats
    seen: Floats


def track_object(
    keys: KeyFrames,
    spec: ObjectSpec,
    joints_w: Floats,
    T_world_to_cam: Floats,
    fps: float,
) -> ObjectTrack | None:
    """Follow the object; None where nothing of its shape and a colour of its own is.

    `joints_w (T, 14, 3)` [m] are the person's, over all frames of the clip.
    """
    shape = Silhouette(outline_points(spec), keys.K, T_world_to_cam)
    hands = palms(joints_w)
    reach = _reach_frame(hands, fps)
    guess = _guess_rest(hands[reach], spec)
    rest = _rest_keys(keys, hands, reach, fps)
    found = _find_rest(keys, rest, shape, guess, joints_w)
    if found is None:
        return None
    pose, odds_of = found
    poses, seen = _follow(keys, shape, pose, odds_of, joints_w, int(rest[-1]))
    return _smooth(keys, poses, seen, len(joints_w), fps)


def _reach_frame(hands: Floats, fps: float) -> int:
    """When the hands are lowest: as they take the object from the floor."""
    height = gaussian_filter1d(hands[..., 2].mean(axis=1), 0.1 * fps)
    return int(np.argmin(height))


def _guess_rest(hands: Floats, spec: ObjectSpec) -> Floats:
    """The pose (x, y, z, yaw) of an object on the floor between two palms `(2, 3)`."""
    middle, across = hands.mean(axis=0), hands[0] - hands[1]
    yaw = np.arctan2(across[1], across[0]) - np.pi / 2
    return np.array([middle[0], middle[1], spec.size[2] / 2, yaw])


def _rest_keys(
    keys: KeyFrames, hands: Floats, reach: int, fps: float
) -> NDArray[np.intp]:
    """Key frames in which the object still rests untouched, at least three."""
    height = gaussian_filter1d(hands[..., 2].mean(axis=1), 0.1 * fps)
    halfway = (height[: reach + 1].max() + height[reach]) / 2
    above = np.flatnonzero(height[: reach + 1] > halfway)
    last = above[-1] if len(above) else reach // 2
    count = max(int(np.searchsorted(keys.index, last)), 3)
    return np.arange(min(count, len(keys.index)))


def _find_rest(
    keys: KeyFrames,
    rest: NDArray[np.intp],
    shape: Silhouette,
    guess: Floats,
    joints_w: Floats,
) -> tuple[Floats, Odds] | None:
    """The resting pose, and the log odds of every colour bin."""
    picked = rest[np.linspace(0, len(rest) - 1, min(len(rest), 8)).round().astype(int)]
    codes = keys.codes[picked]
    person = np.stack(
        [_person(joints_w[keys.index[k]], shape, keys.size, 1.0) for k in picked]
    )
    best: tuple[Floats, float, Odds] | None = None
    for start in _starts(guess):
        pose = start
        seen, odds_of = 0.0, np.zeros(0, np.float32)
        for turn in range(ROUNDS):
            odds_of = _learn(codes, person, shape, pose, keys.size, core=turn == 0)
            odds = (odds_of[codes] * ~person).mean(axis=0)
            wide = 1.0 if turn == 0 else 0.4
            sigma = np.array([0.25, 0.25, 1.0, 0.5]) * wide
            pose, seen = shape.fit(odds, pose, sigma, [0, 1, 3], 40.0)
        if best is None or seen > best[1]:
            best = pose, seen, odds_of
    if best is None or best[1] < MIN_SEEN:
        return None
    return best[0], best[2]


def _starts(guess: Floats) -> list[Floats]:
    """Resting poses to try, nearest first."""
    shifts = [(0.0, 0.0), (0.15, 0.0), (-0.15, 0.0), (0.0, 0.15), (0.0, -0.15)]
    return [guess + np.array([x, y, 0.0, 0.0]) for x, y in shifts]


def _learn(
    codes: NDArray[np.uint16],
    person: NDArray[np.bool_],
    shape: Silhouette,
    pose: Floats,
    size: tuple[int, int],
    *,
    core: bool,
) -> Odds:
    """Colours inside the outline against those around it."""
    mask = shape.mask(pose, size)
    radius = max(3, int(np.sqrt(shape.area(pose)) * (0.2 if core else 0.04)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    inside = cv2.erode(mask, kernel) > 0
    outside = cv2.dilate(mask, kernel) == 0
    clear = ~person
    return log_odds(
        histogram(codes, inside * clear),
        histogram(codes, np.broadcast_to(outside, codes.shape)),
    )


def _follow(
    keys: KeyFrames,
    shape: Silhouette,
    rest: Floats,
    odds_of: Odds,
    joints_w: Floats,
    first: int,
) -> tuple[Floats, Floats]:
    """Poses `(N, 4)` at the key frames, each sought near where the hands carry it."""
    count = len(keys.index)
    poses, seen = np.tile(rest, (count, 1)), np.zeros(count)
    hands = palms(joints_w)[keys.index].mean(axis=1)
    sigma = np.array([0.05, 0.05, 0.05, 0.15])
    for k in range(count):
        odds = odds_of[keys.codes[k]]
        odds[_arms(joints_w[keys.index[k]], shape, keys.size)] = 0.0
        if k <= first:
            seen[k] = shape.score(rest, odds) / shape.area(rest)
            continue
        carried = np.zeros(4)
        carried[:3] = hands[k] - hands[k - 1]
        stay, go = poses[k - 1], poses[k - 1] + carried
        guess = max((stay, go), key=lambda p: shape.score(p, odds))
        poses[k], seen[k] = shape.fit(odds, guess, sigma, [0, 1, 2, 3], 30.0)
    return poses, seen / CLIP


def _smooth(
    keys: KeyFrames, poses: Floats, seen: Floats, count: int, fps: float
) -> ObjectTrack:
    """Key poses at every frame, without flicker, still until they leave their rest."""
    rest = poses[0]
    rate = fps * (len(keys.index) - 1) / max(keys.index[-1] - keys.index[0], 1)
    poses = poses.copy()
    poses[:, 3] = np.unwrap(poses[:, 3], period=np.pi)
    poses = median_filter(poses, size=(5, 1), mode="nearest")
    moved = np.linalg.norm(poses[:, :3] - rest[:3], axis=1) > 0.04
    resting = ~np.logical_or.accumulate(median_filter(moved, size=5, mode="nearest"))
    poses[resting] = rest
    poses = gaussian_filter1d(poses, 0.1 * rate, axis=0, mode="nearest")
    frames = np.arange(count)
    full = np.stack([np.interp(frames, keys.index, c) for c in poses.T], axis=1)
    quality = np.interp(frames, keys.index, seen)
    return ObjectTrack(full[:, :3], rotations.from_yaw(full[:, 3]), quality)


def _person(
    joints: Floats, shape: Silhouette, size: tuple[int, int], wide: float
) -> NDArray[np.bool_]:
    """Where the person is in the picture, `(h, w)`, drawn as thick bones."""
    from perception.skeleton import BONES

    return _capsules(joints, BONES, shape, size, 0.07 * wide)


def _arms(
    joints: Floats, shape: Silhouette, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Where forearms and hands may hide the object, `(h, w)`."""
    tips = palms(joints[None])[0]
    points = np.concatenate([joints[[L_ELBOW, R_ELBOW, L_WRIST, R_WRIST]], tips])
    return _capsules(
        points, np.array([[0, 2], [1, 3], [2, 4], [3, 5]]), shape, size, 0.05
    )


def _capsules(
    points: Floats,
    pairs: NDArray[np.intp],
    shape: Silhouette,
    size: tuple[int, int],
    radius: float,
) -> NDArray[np.bool_]:
    points_c = transform(shape.T_world_to_cam, points)
    pixels = np.clip(project(shape.K, points_c), -9999, 9999).round().astype(int)
    image = np.zeros(size, np.uint8)
    for a, b in pairs:
        depth = max(float(points_c[[a, b], 2].mean()), 0.3)
        thick = max(1, round(2 * radius * shape.K[0, 0] / depth))
        cv2.line(image, pixels[a].tolist(), pixels[b].tolist(), 1, thick)
    return image.astype(bool)
