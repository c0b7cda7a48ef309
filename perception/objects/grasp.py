"""How both hands hold an object while it is carried, so that hidden hands are known.

While an object goes with two hands, each palm stays at one place on it. That place
is read where the hand is seen, and mirrored from the other hand where it is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.objects import ObjectSpec
from perception.contacts import palms
from perception.handled import without_blips
from perception.objects.settle import ObjectTrack
from perception.person.skeleton import L_ELBOW, L_WRIST, R_ELBOW, R_WRIST
from perception.person.terms import Pulls

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

LIFTED_M = 0.03
MOVING_M_S = 0.08
REACH_M = 0.35
THICKNESS_M = 0.015
"""From the middle of a hand to its palm's skin."""
SIGMA_M = 0.025


def carried_frames(track: ObjectTrack, fps: float) -> Bools:
    """Frames `(T,)` in which the object is off its rest or moving."""
    speed = gaussian_filter1d(track.pos_w, 0.07 * fps, axis=0)
    speed = np.linalg.norm(np.gradient(speed, 1.0 / fps, axis=0), axis=-1)
    lifted = track.pos_w[:, 2] > np.percentile(track.pos_w[:, 2], 2) + LIFTED_M
    return without_blips(lifted | (speed > MOVING_M_S), max(1, round(0.3 * fps)))


def palm_places(
    joints_w: Floats, trust: Floats, spec: ObjectSpec, track: ObjectTrack, fps: float
) -> Pulls | None:
    """Where both palms are, in the world, in the frames that carry the object.

    `Pulls.joint` counts hands: 0 left, 1 right. None where two hands do not hold it.
    """
    held = carried_frames(track, fps)
    if not held.any():
        return None
    places_o = _places_on_object(joints_w[held], trust[held], spec, track, held)
    if places_o is None:
        return None
    frames = np.flatnonzero(held)
    pos_w, quat_w = track.pos_w[held][:, None], track.quat_w[held][:, None]
    places_w = pos_w + rotations.rotate(quat_w, places_o[None])
    hands = np.tile([0, 1], (len(frames), 1))
    sigma = np.full(2 * len(frames), SIGMA_M * np.sqrt(max(1.0, fps / 10.0)))
    return Pulls(np.repeat(frames, 2), hands.ravel(), places_w.reshape(-1, 3), sigma)


def _places_on_object(
    joints_w: Floats, trust: Floats, spec: ObjectSpec, track: ObjectTrack, held: Bools
) -> Floats | None:
    """Middles of both palms `(2, 3)` [m] in the object's frame."""
    middles = palms(joints_w) - track.pos_w[held][:, None]
    offsets = rotations.rotate_inverse(track.quat_w[held][:, None], middles)
    weight = np.stack(
        [
            np.minimum(trust[:, L_WRIST], trust[:, L_ELBOW]).mean(),
            np.minimum(trust[:, R_WRIST], trust[:, R_ELBOW]).mean(),
        ]
    )
    seen = np.median(offsets, axis=0)
    half = np.asarray(spec.half_size)
    if np.linalg.norm(np.maximum(np.abs(seen) - half, 0.0), axis=-1).max() > REACH_M:
        return None
    apart = seen[0] - seen[1]
    axis = int(np.argmax(np.abs(apart[:2]) / half[:2]))
    if abs(apart[axis]) < 0.5 * half[axis]:
        return None
    side = np.sign(apart[axis]) * np.array([1.0, -1.0])
    weight = np.clip(weight, 0.05, 1.0)
    own = weight / (weight + weight[::-1] * (1.0 - weight))
    places = own[:, None] * seen + (1.0 - own[:, None]) * seen[::-1]
    places = np.clip(places, -half, half)
    places[:, axis] = side * (half[axis] + THICKNESS_M)
    return places
