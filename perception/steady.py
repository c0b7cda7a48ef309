"""A camera held in a hand, steadied: how it turns from key frame to key frame.

What stands still behind the person tells. Hands turn a camera by tenths of a degree,
which moves a box by centimetres; a camera that pans or is carried about is left alone.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.objects.colour import KeyFrames
from perception.person.pose import Landmarks

Floats = NDArray[np.floating]

POINTS, APART_PX, WINDOW_PX = 80, 12, 15
MIN_POINTS = 12
SOFT_PX = (2.0, 1.0, 0.5, 0.5)
"""In each round, how far a point may be off and still belong to the scene."""
EASY = np.array([0.01, 0.01, 0.01])
"""How much the turn before counts, where points say little."""
MARGIN = 0.15
"""Share of the person's size around their landmarks that they may cover too."""
STILL_PX, MOST_RAD = 0.35, 0.05
"""A camera that mostly turns less is on a tripod; one that turns more is carried."""
A_FEW = 12
"""So many key frames tell whether the camera is on a tripod."""


def steady(
    keys: KeyFrames, landmarks: Landmarks, K: Floats
) -> tuple[KeyFrames, Landmarks, Floats]:
    """Key frames and landmarks as a camera held still would have seen them.

    `K` belongs to the landmarks' pixels. The third are the camera's turns `(T, 3)`
    [rad] in all frames, zeros where nothing had to be steadied.
    """
    scale = [keys.K[0, 0] / K[0, 0], keys.K[1, 1] / K[1, 1]]
    turns = find_turns(keys, person_boxes(landmarks.pixels[keys.index] * scale))
    every = at_frames(turns, keys.index, len(landmarks.found))
    if not turns.any():
        return keys, landmarks, every
    pixels = as_if_still(landmarks.pixels, K, every)
    still = dataclasses.replace(landmarks, pixels=pixels)
    return steadied(keys, turns), still, every


def find_turns(keys: KeyFrames, person: Floats) -> Floats:
    """How the camera is turned in every key frame, `(N, 3)` [rad], its own axes.

    A rotation vector that takes points as a camera held still would see them to where
    it sees them. `person (N, 4)` [px] are left, top, right and bottom of the person.
    Zeros where the camera stands still, or does not show enough that stands still.
    """
    count = len(keys.index)
    few = _follow(keys, person, np.arange(0, count, max(1, count // A_FEW)))
    if few is None or not _sways(few, keys.K):
        return np.zeros((count, 3))
    turns = _follow(keys, person, np.arange(count))
    if turns is None or not _sways(turns, keys.K):
        return np.zeros((count, 3))
    return turns - np.median(turns, axis=0)


def _sways(turns: Floats, K: Floats) -> bool:
    """Whether the camera is in a hand: neither on a tripod nor carried about."""
    size = np.linalg.norm(turns - np.median(turns, axis=0), axis=1)
    return bool(np.median(size) * K[0, 0] > STILL_PX and size.max() < MOST_RAD)


def _follow(keys: KeyFrames, person: Floats, picked: NDArray[np.intp]) -> Floats | None:
    """The camera's turns `(M, 3)` in some key frames since the first of them."""
    grey = [cv2.cvtColor(keys.images[k], cv2.COLOR_BGR2GRAY) for k in picked]
    mask = np.full(grey[0].shape, 255, np.uint8)
    left, top, right, low = np.clip(person[picked[0]], 0, None).astype(int)
    mask[top:low, left:right] = 0
    first = cv2.goodFeaturesToTrack(grey[0], POINTS, 0.01, APART_PX, mask=mask)
    if first is None or len(first) < MIN_POINTS:
        return None
    first = np.asarray(first, np.float32)
    window = WINDOW_PX, WINDOW_PX
    turns: list[Floats] = [np.zeros(3)]
    for k in range(1, len(grey)):
        guess = _turned(first[:, 0], keys.K, turns[-1])[:, None].astype(np.float32)
        use = cv2.OPTFLOW_USE_INITIAL_FLOW
        at, found, _ = cv2.calcOpticalFlowPyrLK(
            grey[0], grey[k], first, guess, winSize=window, maxLevel=1, flags=use
        )
        there = np.asarray(at[:, 0], float)
        good = found[:, 0].astype(bool) & ~_inside(there, person[picked[k]])
        turn = _turn(first[good, 0], there[good], keys.K, turns[-1])
        if turn is None:
            return None
        turns.append(turn)
    return np.stack(turns)


def steadied(keys: KeyFrames, turns: Floats) -> KeyFrames:
    """The key frames as a camera held still would have seen them."""
    if not turns.any():
        return keys
    size = (keys.images.shape[2], keys.images.shape[1])
    back = np.linalg.inv(keys.K)
    images = [
        cv2.warpPerspective(
            image,
            keys.K @ rotations.to_matrix(rotations.exp(turn)) @ back,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for image, turn in zip(keys.images, turns, strict=True)
    ]
    return dataclasses.replace(keys, images=np.stack(images).astype(np.uint8))


def at_frames(turns: Floats, index: NDArray[np.intp], count: int) -> Floats:
    """Turns `(count, 3)` at all frames of a clip, from those at `index (N,)`."""
    frames = np.arange(count)
    return np.stack([np.interp(frames, index, axis) for axis in turns.T], axis=1)


def as_if_still(pixels: Floats, K: Floats, turns: Floats) -> Floats:
    """Pixels `(T, P, 2)` as a camera held still would have seen them."""
    rays = np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=-1)
    back = K @ np.swapaxes(rotations.to_matrix(rotations.exp(turns)), -1, -2)
    there = rays @ np.swapaxes(back @ np.linalg.inv(K), -1, -2)
    return there[..., :2] / there[..., 2:]


def cameras(T_world_to_cam: Floats, turns: Floats) -> Floats:
    """Each frame's `T_world_to_cam (T, 4, 4)`, of a camera held still and its turns."""
    turned = np.tile(np.eye(4), (len(turns), 1, 1))
    turned[:, :3, :3] = rotations.to_matrix(rotations.exp(turns))
    return turned @ T_world_to_cam


def person_boxes(pixels: Floats) -> Floats:
    """Left, top, right, bottom `(N, 4)` [px] of landmarks `(N, P, 2)` and around."""
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    margin = MARGIN * (high - low).max(axis=1, keepdims=True)
    return np.concatenate([low - margin, high + margin], axis=1)


def _turn(before: Floats, after: Floats, K: Floats, guess: Floats) -> Floats | None:
    """The rotation vector `(3,)` that takes most points `(P, 2)` [px] to the others.

    Near the `guess`, the turn in the key frame before: what moves otherwise is not the
    scene.
    """
    if len(before) < MIN_POINTS:
        return None
    focal = np.array([K[0, 0], K[1, 1]])
    x, y = ((before - K[:2, 2]) / focal).T
    off = ((after - before) / focal).reshape(-1)
    one = np.ones_like(x)
    rows = np.stack([[-x * y, one + x * x, -y], [-one - y * y, x * y, x]])
    A = np.moveaxis(rows, -1, 0).reshape(-1, 3)
    turn = guess
    for soft in SOFT_PX:
        left = np.linalg.norm((off - A @ turn).reshape(-1, 2), axis=1)
        weight = np.repeat(1.0 / (1.0 + (left * focal[0] / soft) ** 2) ** 2, 2)
        pull = A.T * weight
        turn = np.linalg.solve(pull @ A + np.diag(EASY), pull @ off + EASY * guess)
    return turn


def _turned(pixels: Floats, K: Floats, turn: Floats) -> Floats:
    """Pixels `(P, 2)` as the turned camera sees them."""
    return as_if_still(pixels[None], K, -turn[None])[0]


def _inside(pixels: Floats, box: Floats) -> NDArray[np.bool_]:
    return np.all((pixels > box[:2]) & (pixels < box[2:]), axis=1)
