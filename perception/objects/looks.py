"""The colours of an object against those around it, learnt at a pose."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.objects.colour import CLIP, Codes, Odds, histogram, log_odds
from perception.objects.silhouette import Pose, Silhouette

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

RING, SCENE, PERSON = 0.5, 0.3, 0.2
"""Shares of the near surroundings, the whole scene and the person in what is not it."""


def depth_inside(view: Silhouette, pose: Pose, size: tuple[int, int]) -> Floats:
    """Distance [px] of every pixel `(h, w)` from the outline, positive inside."""
    mask = (view.mask(pose, size) > 127).astype(np.uint8)
    if not mask.any():
        return np.full(mask.shape, -1e6)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    return np.asarray(inside, float) - np.asarray(outside, float)


def learn_odds(
    codes: Codes,
    hidden: Bools,
    person: Bools,
    depth: Floats,
    light: float = 0.7,
    apart: float = 0.0,
    unseen: float = 1.0,
) -> Odds:
    """Log odds per fine code, from pictures `codes (N, h, w)`.

    `hidden` pixels teach nothing of the object, `person` ones what it is not;
    `depth (h, w)` is `depth_inside` at its pose. Faces differ in lightness: where not
    all are inside yet, more `light` than seen may belong to it. Where its ends may be
    of other colours, what is nearer than `apart` widths teaches nothing of the rest,
    and a colour that is found nowhere is its own by odds of `unseen`.
    """
    width = 2.0 * max(float(depth.max()), 2.0)
    margin = min(1.5, 0.15 * width)
    inside = (depth > margin) & ~hidden
    away = -max(margin, apart * width)
    ring = (depth < away) & (depth > away + margin - 1.5 * width) & ~hidden
    scene = (depth < away) & ~hidden
    parts = ((ring, RING), (scene, SCENE), (person & (depth < away), PERSON))
    outside = np.full(histogram(codes[:0]).shape, 1e-9)
    for where, share in parts:
        counts = histogram(codes[np.broadcast_to(where, codes.shape)])
        outside = outside + share * counts / max(counts.sum(), 1.0)
    seen = histogram(codes[np.broadcast_to(inside, codes.shape)])
    return log_odds(seen, outside, light, unseen)


def contrast(depth: Floats, odds: NDArray[np.float32], hidden: Bools) -> float:
    """Mean odds `(h, w)` inside the outline, less what looks alike around it.

    From -1 to 1; -1 where nothing is to be seen.
    """
    radius = max(2.0, 0.6 * float(depth.max()))
    around = (depth < -0.5) & (depth >= -radius) & ~hidden
    inside = (depth > 0.5) & ~hidden
    if not inside.any() or not around.any():
        return -1.0
    spill = np.maximum(odds[around], 0.0).mean()
    return float(odds[inside].mean() - spill) / CLIP
