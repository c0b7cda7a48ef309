"""How far the object is lifted or tipped, from 0 to 1, out of noisy poses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.prior import RATE
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.touch import SETTLE
from perception.smoothing import whittaker

Floats = NDArray[np.float64]

CUTOFF = 0.9 / RATE


def lift_curve(demo: Demonstration) -> tuple[Floats, float]:
    """Progress `(S,)` of the lift and its height [m]; 0 where nobody holds it."""
    height = demo.object_pos[:, 2] - demo.rest[2]
    frames = np.arange(len(height))
    down = (frames < demo.start + SETTLE) | (frames >= demo.end)
    smooth = whittaker(np.where(down, 0.0, height), np.where(down, 1e6, 1.0), CUTOFF)
    held = smooth[demo.start : demo.end]
    rise = float(np.median(held[held > 0.9 * held.max()]))
    lift = np.clip(smooth / max(0.97 * rise, 1e-6), 0.0, 1.0)
    lift[down] = 0.0
    return lift, rise


def tip_curve(demo: Demonstration) -> tuple[Floats, float]:
    """Progress `(S,)` of standing up what lies; it stays up. The rise is none."""
    axis = rotations.rotate(demo.object_quat, np.array([0.0, 0.0, 1.0]))
    angle = np.arcsin(np.clip(np.abs(axis[:, 2]), 0.0, 1.0)) / (np.pi / 2)
    frames = np.arange(len(angle))
    before = frames < demo.start + SETTLE
    after = frames >= min(demo.end, len(angle) - 1)
    pinned = np.where(before, 0.0, np.where(after, 1.0, angle))
    smooth = whittaker(pinned, np.where(before | after, 1e6, 1.0), CUTOFF)
    low, high = 0.05, 0.95
    return np.clip(np.maximum.accumulate((smooth - low) / (high - low)), 0.0, 1.0), 0.0
