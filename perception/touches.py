"""The three ways to touch an object: hands hold it, a foot kicks it, a pelvis sits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import SEAT, ObjectSpec
from perception.changes import BRAKED, begins, struck
from perception.handled import frames_in, runs, speed_of, without_blips

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

NEAR_M, FAR_M, HIDDEN_M = 0.25, 0.12, 0.38
"""Hands within `NEAR_M` may hold it, or `FAR_M` farther than the nearest, whose place
behind an object is a guess, but none beyond `HIDDEN_M`."""
TOLD_M = 0.8
"""The same where only hands can be at it, so that what moves is in them."""
WITH_IT, REST_M_S = 0.7, 0.15
"""Speed against the object, over the object's own, below which a body goes with it."""
PALM_KNOWN_M, AT_M = 0.03, 0.05
"""How well a palm's way over what it holds is known. One this close all the while may
be seen to tremble, but is at what only hands can move."""
SPAN_M, LIFTED_M = 0.2, 0.1
"""What is wider than a hand grips, and leaves the floor, is in both hands."""
KICK_NEAR_M, SWING_S, FOLLOW_S = 0.6, 0.35, 0.1
KICK_S = 0.085
"""How long a foot stays at what it kicks: shorter than a video shows."""
SEAT_M, SWAY_M, SEAT_HIGH_M, SEAT_ASIDE_M = 0.03, 0.05, 0.25, 0.12
"""Over its height when seated, a pelvis this close may be on the seat; one above the
second is not. How far it may be above or below the seat's top, and beside the seat."""
DESCENT_M, SEAT_M_S, MIN_SECONDS = 0.2, 0.1, 0.15


def holding(
    palms_w: Floats,
    gap: Floats,
    spec: ObjectSpec,
    pos_w: Floats,
    quat_w: Floats,
    span: tuple[int, int],
    fps: float,
    *,
    unsure: bool,
) -> Bools:
    """Which of some hands `(H,)` go with the object over the frames of `span`.

    `palms_w (T, H, 3)` are at `gap (T, H)` [m] from the object. `unsure` says that
    something else than a hand may be what moves it.
    """
    inside = slice(*span)
    away = np.median(gap[inside], axis=0)
    nearest = float(away.min())
    near = away < (max(NEAR_M, min(nearest + FAR_M, HIDDEN_M)) if unsure else TOLD_M)
    goes = _with_it(palms_w, spec, pos_w, quat_w, inside, fps)
    goes |= (away < AT_M) & (spec.shape == "cylinder" and not unsure)
    lifted = float(np.ptp(pos_w[inside, 2])) > LIFTED_M
    both = lifted and min(spec.size) > SPAN_M and not unsure
    return near & (goes | (away == nearest) | both)


def _with_it(
    palms_w: Floats,
    spec: ObjectSpec,
    pos_w: Floats,
    quat_w: Floats,
    inside: slice,
    fps: float,
) -> Bools:
    """Which palms `(T, H, 3)` keep their place at it while it goes.

    Nobody sees a cylinder's spin, and hands about its axis go as far as its middle:
    what trembles on the way there is how they are seen.
    """
    if spec.shape == "cylinder":
        slips = _spread((palms_w - pos_w[:, None])[inside])
        return slips < WITH_IT * _spread(pos_w[inside]) + PALM_KNOWN_M
    own = float(speed_of(pos_w, 0.05 * fps, fps)[inside].mean())
    slips = [
        speed_of(rotations.rotate_inverse(quat_w, palm - pos_w), 0.05 * fps, fps)
        for palm in np.moveaxis(palms_w, 1, 0)
    ]
    return np.array([slip[inside].mean() for slip in slips]) < WITH_IT * own + REST_M_S


def _spread(way: Floats) -> Floats:
    """How far `way (T, ..., 3)` strays about its mean [m]."""
    away = way - way.mean(axis=0)
    return np.sqrt((away**2).sum(axis=-1).mean(axis=0))


def kicked(
    feet_w: Floats,
    gap: Floats,
    pos_w: Floats,
    span: tuple[int, int],
    fps: float,
    *,
    unsure: bool,
) -> Bools:
    """Frames in which some feet `(T, F)` are at what slides or rolls off in `span`.

    `feet_w (T, F, 3)` are at `gap (T, F)` [m] from it. Friction slows it down evenly:
    drawn back, that says when it was struck. The foot is the one that swung with it.
    `unsure` says that something else than a foot may have moved it.
    """
    start, end = span
    labels = np.zeros(gap.shape, bool)
    begin = max(start - frames_in(SWING_S, fps), 0)
    rest = pos_w[max(start - frames_in(0.1, fps), 0)]
    gone = pos_w[begin:end] - rest
    far = gone[int(np.argmax(np.linalg.norm(gone[:, :2], axis=1)))] * [1.0, 1.0, 0.0]
    ahead = far / max(float(np.linalg.norm(far)), 1e-6)
    touch = begin + struck(np.maximum.accumulate(gone @ ahead))
    around = slice(
        max(int(touch) - frames_in(SWING_S, fps), 0),
        int(touch) + frames_in(FOLLOW_S, fps) + 1,
    )
    if unsure and gap[around].min() > KICK_NEAR_M:
        return labels
    swung = gaussian_filter1d(feet_w, 1.0, axis=0) @ ahead
    swing = np.ptp(swung[around], axis=0)
    foot = int(np.argmax(swing))
    last = int(np.floor(touch + KICK_S * fps))
    labels[int(np.ceil(touch)) : last + 1, foot] = True
    return labels


def seated(
    pelvis_w: Floats, spec: ObjectSpec, pos_w: Floats, quat_w: Floats, fps: float
) -> Bools:
    """Frames `(T,)` in which the pelvis `(T, 3)` is down on the object.

    It comes down ever slower, and leaves as slowly: either end is drawn from there.
    """
    offset = rotations.rotate_inverse(quat_w, pelvis_w - pos_w)
    half = np.asarray(spec.half_size)
    over = (np.abs(offset[:, :2]) < half[:2] + SEAT_ASIDE_M).all(axis=1)
    top = (SEAT - 0.5) * spec.size[2] if spec.shape == "chair" else half[2]
    low = over & (np.abs(offset[:, 2] - top - SEAT_HIGH_M / 2) < SEAT_HIGH_M)
    height = gaussian_filter1d(pelvis_w[:, 2], 0.03 * fps)
    slow = np.abs(np.gradient(gaussian_filter1d(height, 0.1 * fps)) * fps) < SEAT_M_S
    labels = np.zeros(len(pelvis_w), bool)
    if not (low & slow).any():
        return labels
    up = height - float(np.median(height[low & slow]))
    for start, end in runs(low & (up < SWAY_M)):
        rests = start + np.flatnonzero((slow & (up < SEAT_M))[start:end])
        if len(rests) == 0:
            continue
        first, last = int(rests[0]), int(rests[-1])
        middle = (first + last) // 2
        down, raised = float(start), float(end - 1)
        if start > 0:
            down = middle - begins(up[middle::-1], SEAT_M, DESCENT_M, BRAKED)
        if end < len(up):
            raised = middle + begins(up[middle:], SEAT_M, DESCENT_M, BRAKED)
        labels[int(np.ceil(down)) : int(np.floor(raised)) + 1] = True
    return without_blips(labels, frames_in(MIN_SECONDS, fps))
