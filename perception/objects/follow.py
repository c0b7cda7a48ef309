"""Follows one object of known shape through a clip, by colour and outline alone.

Before it first moves it rests, which all those frames agree upon; from then on its
outline is sought near where it was, or where the hands carry it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from assets.objects import ObjectSpec
from perception.camera import invert, transform
from perception.contacts import palms
from perception.objects.colour import CLIP, KeyFrames
from perception.objects.rest import Rest
from perception.objects.silhouette import Silhouette, outline_points
from perception.person.mask import arms_mask

Floats = NDArray[np.floating]

MOVED_M = 0.03
SIGMA = np.array([0.05, 0.05, 0.05, 0.15, 0.08, 0.05])
FREE = [0, 1, 2, 3]


@dataclasses.dataclass(frozen=True)
class ObjectTrack:
    """An object over a clip.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_w | (T, 3) | m | world, centre of the bounding box |
    | quat_w | (T, 4) | wxyz | world |
    | seen | (T,) | -1 to 1 | mean log odds inside the outline |
    | moved | () | m | how far it came from where it rested |
    """

    pos_w: Floats
    quat_w: Floats
    seen: Floats
    moved: float


def follow(
    keys: KeyFrames,
    rest: Rest,
    spec: ObjectSpec,
    joints_w: Floats,
    T_world_to_cam: Floats,
    rest_pose: Floats,
) -> ObjectTrack:
    """Follow the object from `rest_pose (6,)`, in the world of `T_world_to_cam`.

    `joints_w (T, 14, 3)` [m] are the person's, over all frames of the clip.
    """
    shape = Silhouette(outline_points(spec), keys.K, T_world_to_cam)
    count = len(keys.index)
    poses, seen = np.tile(rest_pose, (count, 1)), np.zeros(count)
    hands = palms(joints_w)[keys.index].mean(axis=1)
    first = int(rest.keys[-1])
    for k in range(count):
        odds = rest.odds_of[keys.codes[k]]
        odds[arms_mask(joints_w[keys.index[k]], shape)] = 0.0
        if k <= first:
            seen[k] = shape.score(rest_pose, odds) / shape.area(rest_pose)
            continue
        stay = poses[k - 1]
        go = stay.copy()
        go[:3] += hands[k] - hands[k - 1]
        guess = max((stay, go), key=lambda pose: shape.score(pose, odds))
        poses[k], seen[k] = shape.fit(odds, guess, SIGMA, FREE, 60.0)
    return _smooth(keys, shape, poses, seen / CLIP, len(joints_w))


def moved_to(pose: Floats, spec: ObjectSpec, T_from: Floats, T_to: Floats) -> Floats:
    """A resting pose found under the camera `T_from`, standing in `T_to`'s world."""
    T = invert(T_to) @ T_from
    x_from = np.array([np.cos(pose[3]), np.sin(pose[3]), 0.0])
    x_to = T[:3, :3] @ x_from
    centre = transform(T, pose[:3])
    yaw = np.arctan2(x_to[1], x_to[0])
    return np.array([centre[0], centre[1], spec.size[2] / 2, yaw, 0.0, 0.0])


def _smooth(
    keys: KeyFrames, shape: Silhouette, poses: Floats, seen: Floats, count: int
) -> ObjectTrack:
    """Key poses at every frame, without flicker, still until they leave their rest."""
    rest = poses[0]
    poses = poses.copy()
    poses[:, 3] = np.unwrap(poses[:, 3], period=np.pi)
    poses = median_filter(poses, size=(5, 1), mode="nearest")
    away = np.linalg.norm(poses[:, :3] - rest[:3], axis=1)
    moved = median_filter(away > MOVED_M, size=5, mode="nearest")
    poses[~np.logical_or.accumulate(moved)] = rest
    poses = gaussian_filter1d(poses, 1.5, axis=0, mode="nearest")
    frames = np.arange(count)
    full = np.stack([np.interp(frames, keys.index, c) for c in poses.T], axis=1)
    quality = np.interp(frames, keys.index, seen)
    return ObjectTrack(full[:, :3], shape.quat(full), quality, float(away.max()))
