"""How large an object of known shape is, from the first frames and the floor.

The floor, and with it the scale, come from the person's height. Outlines of three
usual sizes are tried where the person comes; the best then grows or shrinks along
each of its own lengths, standing on the floor, until it fits.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.interactions import usual_object
from assets.objects import USUAL, ObjectSpec, Shape
from perception.objects.colour import KeyFrames
from perception.objects.contour import SIGMA_PX, Patch, find_edges, shifts_w
from perception.objects.hiding import body_points
from perception.objects.looks import contrast, depth_inside, learn_odds
from perception.objects.manner import touching
from perception.objects.search import Search
from perception.objects.shape import hull_points, resting_height
from perception.objects.silhouette import Pose, Silhouette
from perception.objects.starts import starts

Floats = NDArray[np.floating]

SCALES = (0.6, 1.0, 1.5)
SIGMA_LOG = 0.5
"""How far sizes usually are from `USUAL`, in the logarithm."""
TIED = {
    "box": ((0,), (1,), (2,)),
    "cylinder": ((0, 1), (2,)),
    "sphere": ((0, 1, 2),),
    "chair": ((0, 1, 2),),
}
"""Per shape, lengths that grow together."""
MIN_CONTRAST = 0.4
ROUNDS, STEPS = 3, 6
LIMITS_M = (0.03, 2.0)
TRUST = 0.5


@dataclasses.dataclass(frozen=True)
class Measured:
    """A size found: `confidence` is 1 where it is sure, 0 where it is a guess.

    `sigma (3,)` [m] says how far each length may be off, beside an error in the
    person's height, which scales everything.
    """

    spec: ObjectSpec
    sigma: tuple[float, float, float]
    confidence: float


def measure_size(
    keys: KeyFrames,
    shape: Shape,
    joints_w: Floats,
    T_world_to_cam: Floats,
    task: str | None,
) -> Measured | None:
    """The object of this shape where the person's hands, feet or hips come.

    None where nothing of it stands out.
    """
    usual = USUAL[shape]
    bodies_w = body_points(joints_w)[keys.index]
    best: tuple[float, Search, Pose] | None = None
    for scale in SCALES:
        spec = _scaled(usual, np.full(3, np.log(scale)))
        view = Silhouette(hull_points(spec), keys.k_small, T_world_to_cam)
        search = Search(keys, view, spec, bodies_w, touching(task, spec))
        for start in starts(search)[:3]:
            found = _fit(search, start.pose, usual, 1)
            score = found[3] - search.aloof(found[1])
            if best is None or score > best[0]:
                best = score, search.of(found[0]), found[1]
    if best is None:
        return None
    spec, _, information, seen = _fit(best[1], best[2], usual, ROUNDS)
    if seen < MIN_CONTRAST:
        return None
    sigma = _sigma(information, spec)
    worst = float(max(s / length for s, length in zip(sigma, spec.size, strict=True)))
    sure = float(np.clip(1.0 - 2.0 * worst, 0.0, 1.0)) * min(seen / 0.8, 1.0)
    spec = dataclasses.replace(spec, friction=usual_object(shape, task).friction)
    return Measured(spec, sigma, sure)


def _fit(
    search: Search, pose: Pose, usual: ObjectSpec, rounds: int
) -> tuple[ObjectSpec, Pose, Floats, float]:
    """Size and place in turns with colours: spec, pose, information, contrast."""
    codes = search.codes[search.first]
    seen, information = -1.0, np.zeros((0, 0))
    for turn in range(rounds):
        hidden, person = search.masks(pose, search.first)
        depth = depth_inside(search.view, pose, search.size)
        light = 2.5 if turn < rounds - 1 or rounds == 1 else 0.7
        odds_of = learn_odds(codes, hidden, person, depth, light)
        odds = np.where(hidden, np.float32(0), odds_of[codes]).mean(axis=0)
        patch = Patch(odds.astype(np.float32), np.zeros(2))
        for step in range(STEPS):
            reach = max(12.0 * 0.7**step, 4.0)
            spec, pose, information = _grow(search, pose, patch, usual, reach)
            search = search.of(spec)
        depth = depth_inside(search.view, pose, search.size)
        seen = contrast(depth, odds, np.all(hidden, axis=0))
    return search.spec, pose, information, seen


def _grow(
    search: Search, pose: Pose, patch: Patch, usual: ObjectSpec, reach: float
) -> tuple[ObjectSpec, Pose, Floats]:
    """One Gauss-Newton step in x, y, yaw and the logarithms of the free lengths."""
    view, spec = search.view, search.spec
    edge = view.edge(pose, 2.0)
    distance, weight = find_edges(edge, patch, reach)
    weight = weight / (1.0 + (distance / max(reach / 3, 1.5)) ** 2)
    shift_w = shifts_w(view, pose, edge)
    axes = rotations.to_matrix(pose.quat_w)
    lever_o = edge.lever_w @ axes
    columns = [shift_w[:, 0], shift_w[:, 1]]
    columns.append(np.cross(edge.lever_w, shift_w)[:, 2])
    up = int(np.argmax(np.abs(axes[2])))
    lift = shift_w[:, 2] * spec.size[up] / 2
    for lengths in TIED[spec.shape]:
        moves = lift if up in lengths else 0.0 * lift
        for i in lengths:
            moves = moves + (shift_w @ axes[:, i]) * lever_o[:, i]
        columns.append(moves)
    J = np.stack(columns, axis=1)
    grown = np.log(
        [spec.size[ties[0]] / usual.size[ties[0]] for ties in TIED[spec.shape]]
    )
    sigma = np.concatenate([[0.3, 0.3, 0.6], np.full(len(grown), SIGMA_LOG)])
    information = (J * (weight / SIGMA_PX**2)[:, None]).T @ J
    pull = J.T @ (weight * distance) / SIGMA_PX**2
    pull[3:] -= grown / SIGMA_LOG**2
    change = np.linalg.solve(information + np.diag(sigma**-2.0), pull)
    change = np.clip(change, -0.3, 0.3)
    logs = np.zeros(3)
    for value, ties in zip(grown + change[3:], TIED[spec.shape], strict=True):
        logs[list(ties)] = value
    new = _scaled(usual, logs)
    quat = rotations.multiply(rotations.from_yaw(change[2]), pose.quat_w)
    pos = np.array([*(pose.pos_w[:2] + change[:2]), resting_height(new, quat)])
    return new, Pose(pos, quat), information


def _sigma(information: Floats, spec: ObjectSpec) -> tuple[float, float, float]:
    """How far each length [m] may be off."""
    weak = TRUST * information + np.diag(
        [1.0] * 3 + [SIGMA_LOG**-2] * (len(information) - 3)
    )
    spread = np.sqrt(np.diag(np.linalg.inv(weak)))[3:]
    sigma = np.zeros(3)
    for value, ties in zip(spread, TIED[spec.shape], strict=True):
        sigma[list(ties)] = value
    x, y, z = sigma * np.asarray(spec.size)
    return float(x), float(y), float(z)


def _scaled(usual: ObjectSpec, logs: Floats) -> ObjectSpec:
    """The usual object, each length times the exponential of `logs (3,)`."""
    x, y, z = np.clip(np.asarray(usual.size) * np.exp(logs), *LIMITS_M)
    volume = float(np.prod([x, y, z]) / np.prod(usual.size))
    mass = float(np.clip(usual.mass * volume, 0.05, 50.0))
    name = f"{usual.shape} measured"
    size = (float(x), float(y), float(z))
    return ObjectSpec(name, usual.shape, size, mass, usual.friction)
