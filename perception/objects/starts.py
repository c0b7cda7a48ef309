"""Which poses to try first: on the floor where the person comes, or under them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.camera import project, transform
from perception.objects.looks import contrast, depth_inside, learn_odds
from perception.objects.search import Search
from perception.objects.shape import half_turn, resting_height, resting_quats
from perception.objects.silhouette import Pose
from perception.person.skeleton import L_HIP, R_HIP

Floats = NDArray[np.floating]

CELL_M, AROUND_M, MAX_CELLS = 0.14, 0.55, 350
YAW_STEP = 0.53
APART_M = 0.2
SEAT_XY = (-0.15, 0.0, 0.15)
SEAT_YAW = (-0.5, 0.0, 0.5)
GONE = 0.3


class Start(NamedTuple):
    """A pose worth trying, and how much speaks for it."""

    pose: Pose
    score: float


def starts(search: Search) -> list[Start]:
    """Poses worth trying, the most promising first."""
    if search.may_stay:
        return _seats(search)
    found = []
    for pose in _on_floor(search):
        score = search.stands_out(pose)
        if score > 0.0:
            gone = search.view.score(pose, search.change)
            found.append(Start(pose, score + GONE * gone))
    found.sort(key=lambda start: -start.score)
    chosen: list[Start] = []
    for start in found:
        if len(chosen) >= 12:
            break
        if all(_differ(start.pose, other.pose) for other in chosen):
            chosen.append(start)
    return chosen


def _differ(a: Pose, b: Pose) -> bool:
    apart = np.linalg.norm(a.pos_w - b.pos_w) > APART_M
    return bool(apart or rotations.angle(a.quat_w, b.quat_w) > 0.8)


def _on_floor(search: Search) -> list[Pose]:
    """Resting poses around where the bodies come, in view."""
    paths = search.touching_points()[..., :2].reshape(-1, 2)
    cells = np.unique(np.round(paths / CELL_M).astype(int), axis=0)
    reach = int(np.ceil(AROUND_M / CELL_M))
    span = np.arange(-reach, reach + 1)
    disc = np.array([(i, j) for i in span for j in span if i * i + j * j <= reach**2])
    cells = np.unique((cells[:, None] + disc).reshape(-1, 2), axis=0)
    points = np.concatenate([cells * CELL_M, np.full((len(cells), 1), 0.1)], axis=1)
    points_c = transform(search.view.T_world_to_cam, points)
    pixels = project(search.view.K, points_c)
    height, width = search.size
    inside = (pixels > 0).all(axis=1) & (pixels < [width, height]).all(axis=1)
    inside &= points_c[:, 2] > 0.3
    points = points[inside]
    points = points[:: max(1, -(-len(points) // MAX_CELLS))]
    poses = []
    for quat in resting_quats(search.spec, search.lies):
        turn = half_turn(search.spec, quat)
        yaws = np.arange(0.0, max(turn, 1e-3), YAW_STEP)
        z = resting_height(search.spec, quat)
        for yaw in yaws:
            turned = rotations.multiply(rotations.from_yaw(yaw), quat)
            poses += [Pose(np.array([x, y, z]), turned) for x, y, _ in points]
    return poses


def _seats(search: Search) -> list[Start]:
    """Poses under the hips where they are lowest, facing as the person does."""
    hips = search.bodies_w[:, [L_HIP, R_HIP]]
    height = hips[..., 2].mean(axis=1)
    seated = height <= height.min() + 0.06
    middle = np.median(hips[seated].mean(axis=1), axis=0)
    across = np.median(hips[seated, 0] - hips[seated, 1], axis=0)
    yaw = np.arctan2(-across[0], across[1])
    z = resting_height(search.spec, rotations.IDENTITY)
    hidden_of = search.first
    found = []
    for turn in SEAT_YAW:
        quat = rotations.from_yaw(yaw + turn)
        for dx in SEAT_XY:
            for dy in SEAT_XY:
                shift = rotations.rotate(quat, np.array([dx, dy, 0.0]))
                pose = Pose(np.array([*(middle + shift)[:2], z]), quat)
                hidden, person = search.masks(pose, hidden_of)
                depth = depth_inside(search.view, pose, search.size)
                codes = search.codes[hidden_of]
                odds_of = learn_odds(codes, hidden, person, depth)
                odds = odds_of[codes].mean(axis=0)
                seen = contrast(depth, odds, np.all(hidden, axis=0))
                found.append(Start(pose, seen))
    found.sort(key=lambda start: -start.score)
    return found
