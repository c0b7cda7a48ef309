"""A track at the prior's rate: interpolated, and smoothed where it was seen well."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.prior import CONTACT_NAMES, RATE
from perception.smoothing import gaussian, weighted_gaussian
from perception.track import JOINTS, Track

Floats = NDArray[np.float64]

JOINT_SIGMA = 6.0
TOUCH_SIGMA = 3.0


@dataclasses.dataclass(frozen=True)
class Seen:
    """A track at 50 Hz.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | joints | (T, 14, 3) | m | world, smoothed, order of `JOINTS` |
    | visibility | (T, 14) | 0 to 1 | |
    | object_pos | (T, 3) | m | world, smoothed |
    | object_quat | (T, 4) | wxyz | world |
    | touch | (T, C) | 0 to 1 | smoothed labels, order of `CONTACT_NAMES` |
    """

    joints: Floats
    visibility: Floats
    object_pos: Floats
    object_quat: Floats
    touch: Floats

    def joint(self, name: str) -> Floats:
        """Both sides' joint `(T, 2, 3)`: left, then right."""
        names: list[str] = [*JOINTS]
        return self.joints[:, [names.index(f"{side}_{name}") for side in ("l", "r")]]

    def touching(self, names: tuple[str, ...]) -> Floats:
        """Smoothed labels `(T, N)` of the bodies called `names`."""
        return self.touch[:, [CONTACT_NAMES.index(name) for name in names]]


def resample(track: Track) -> Seen:
    """Interpolate to 50 Hz; smooth the joints, the visible ones first."""
    old = np.arange(track.num_frames) / track.fps
    new = np.arange(0.0, old[-1] + 1e-9, 1.0 / RATE)
    left = np.clip(np.searchsorted(old, new, side="right") - 1, 0, len(old) - 2)
    part = (new - old[left]) * track.fps

    def linear(values: Floats) -> Floats:
        f = part.reshape(-1, *[1] * (values.ndim - 1))
        return values[left] * (1.0 - f) + values[left + 1] * f

    order = [track.contact_names.index(name) for name in CONTACT_NAMES]
    visibility = linear(track.visibility)
    quat = rotations.slerp(
        track.object_quat_w[left], track.object_quat_w[left + 1], part
    )
    return Seen(
        joints=weighted_gaussian(linear(track.joints_w), visibility, JOINT_SIGMA),
        visibility=visibility,
        object_pos=gaussian(linear(track.object_pos_w), JOINT_SIGMA / 2),
        object_quat=np.asarray(quat, dtype=np.float64),
        touch=gaussian(linear(track.contact[:, order].astype(float)), TOUCH_SIGMA),
    )
