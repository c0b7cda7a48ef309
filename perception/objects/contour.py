"""Moves an object until its outline lies where the picture changes: Gauss-Newton.

Along each normal of the outline the colours' log odds say where the object ends.
The distances to there, robustly weighed, make a small least-squares problem in the
six numbers of a pose; what is left of it tells how well each direction is known.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from perception.camera import transform
from perception.objects.colour import CLIP
from perception.objects.silhouette import Edge, Pose, Silhouette

Floats = NDArray[np.floating]

SPACING_PX = 5.0
SIGMA_PX = 1.0
SOFT_PX = (8.0, 5.0, 3.0, 2.0, 2.0)
"""Per iteration, the distance beyond which an edge counts little."""


@dataclasses.dataclass(frozen=True)
class Patch:
    """Log odds of a part of the picture.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | odds | (h, w) | | above 0 where colours look like the object; 0 if unknown |
    | corner | (2,) | px | of its upper left in the picture |
    """

    odds: NDArray[np.float32]
    corner: Floats


@dataclasses.dataclass(frozen=True)
class Fit:
    """A pose, and how well the picture determines it.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | pose | | | |
    | information | (6, 6) | 1/m², 1/rad² | from the outline alone |
    | seen | () | 0 to 1 | share of the outline where an edge was found |
    | off | () | px | mean distance of those edges |
    """

    pose: Pose
    information: Floats
    seen: float
    off: float


def fit_outline(
    view: Silhouette,
    guess: Pose,
    patch: Patch,
    prior: Floats,
    radius: float,
    steps: int = len(SOFT_PX),
) -> Fit:
    """The pose near `guess` whose outline fits; `prior (6, 6)` holds it there.

    Edges are sought within `radius` pixels, less in later steps.
    """
    pose, information, seen, off = guess, np.zeros((6, 6)), 0.0, radius
    for step in range(steps):
        edge = view.edge(pose, SPACING_PX)
        reach = max(radius * 0.6**step, 4.0)
        distance, weight = find_edges(edge, patch, reach)
        soft = SOFT_PX[min(step, len(SOFT_PX) - 1)]
        weight = weight / (1.0 + (distance / soft) ** 2)
        J = jacobian(view, pose, edge)
        information = (J * (weight / SIGMA_PX**2)[:, None]).T @ J
        pull = J.T @ (weight * distance) / SIGMA_PX**2 + prior @ pose.to(guess)
        change = np.linalg.solve(information + prior + 1e-6 * np.eye(6), pull)
        pose = pose.moved(change)
        seen = float(weight.mean()) if len(weight) else 0.0
        total = max(float(weight.sum()), 1e-9)
        off = float((weight * np.abs(distance)).sum()) / total
        if step and np.abs(change[:3]).max() < 3e-4 and np.abs(change[3:]).max() < 2e-3:
            break
    return Fit(pose, information, seen, off)


def find_edges(edge: Edge, patch: Patch, reach: float) -> tuple[Floats, Floats]:
    """Signed distances `(N,)` [px] outward to where the object ends, and weights."""
    count = int(np.ceil(reach))
    offsets = np.arange(-count, count + 1, dtype=np.float32)
    at = edge.pixels - patch.corner - 0.5
    x = (at[:, :1] + edge.normals[:, :1] * offsets).astype(np.float32)
    y = (at[:, 1:] + edge.normals[:, 1:] * offsets).astype(np.float32)
    odds = cv2.remap(patch.odds, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    inside = np.cumsum(odds, axis=1)
    gain = 2.0 * inside[:, :-1] - inside[:, -1:]
    middle = offsets[:-1] + 0.5
    gain = gain - 0.5 * CLIP * (middle / reach) ** 2
    best = np.argmax(gain, axis=1)
    rows = np.arange(len(best))
    before, after = odds[rows, best], odds[rows, best + 1]
    fall = before - after
    share = np.clip(before / np.where(fall > 1e-3, fall, 1.0), 0.0, 1.0)
    share = np.where(fall > 1e-3, share, 0.5)
    distance = offsets[best] + share
    deeper = odds[rows, np.maximum(best - 1, 0)] + before
    beyond = after + odds[rows, np.minimum(best + 2, odds.shape[1] - 1)]
    weight = np.clip((deeper - beyond) / (4.0 * CLIP), 0.0, 1.0)
    weight = np.minimum(weight, np.clip(deeper / CLIP, 0.0, 1.0))
    weight = np.minimum(weight, np.clip(-beyond / CLIP, 0.0, 1.0))
    ends = (best == 0) | (best == len(middle) - 1)
    return distance, np.where(ends, 0.0, weight)


def shifts_w(view: Silhouette, pose: Pose, edge: Edge) -> Floats:
    """How far `(N, 3)` [px/m] each outline point goes outward as it moves in space."""
    points_c = transform(view.T_world_to_cam, edge.lever_w + pose.pos_w)
    depth = np.maximum(points_c[:, 2], 0.1)
    along = edge.normals * [view.K[0, 0], view.K[1, 1]] / depth[:, None]
    away = -(along * points_c[:, :2]).sum(axis=1, keepdims=True) / depth[:, None]
    return np.concatenate([along, away], axis=1) @ view.T_world_to_cam[:3, :3]


def jacobian(view: Silhouette, pose: Pose, edge: Edge) -> Floats:
    """How far `(N, 6)` [px] each outline point goes outward as the pose changes."""
    shift_w = shifts_w(view, pose, edge)
    return np.concatenate([shift_w, np.cross(edge.lever_w, shift_w)], axis=1)
