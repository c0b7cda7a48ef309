"""Walking: feet that roll over their footholds, and the body's balance above."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import mujoco
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_banded
from scipy.ndimage import gaussian_filter1d

from assets.gravity import GRAVITY
from assets.rotations import Array
from perception.studio.motion import upright
from perception.studio.route import OUTWARD, Gait, Step, foothold
from perception.studio.timeline import ease

_MIDFOOT = 0.05
"""How far [m] before the ankle a person of 1.75 m carries the weight."""
_BOW = 0.02
"""How far [m] a swinging foot goes round the standing one."""


@dataclasses.dataclass(frozen=True)
class Feet:
    """Both feet over a clip, and what follows from them.

    | field | shape | unit | frame |
    |---|---|---|---|
    | ankle_pos_w | (T, 2, 3) | m | world |
    | foot_quat_w | (T, 2, 4) | wxyz | world |
    | flat_w | (T, 2, 2) | m | world, the ankles less the feet's roll |
    | pitch | (T, 2) | rad | world, toes down |
    | com_w | (T, 2) | m | world, a centre of mass that keeps them standing |
    | heading | (T,) | rad | world |
    """

    ankle_pos_w: Array
    foot_quat_w: Array
    flat_w: Array
    pitch: Array
    com_w: Array
    heading: Array


def walk(
    model: mujoco.MjModel, gait: Gait, start: Array, steps: list[Step], t: Array
) -> Feet:
    """The feet at times `t (T,)` that stand at `start` and then take `steps`."""
    holds = [foothold(gait, start, side) for side in (0, 1)]
    tracks = [
        _track(gait, holds[side], [s for s in steps if s.side == side], t)
        for side in (0, 1)
    ]
    flat, yaw, pitch, _ = (np.stack(parts, 1) for parts in zip(*tracks, strict=True))
    rolls = [rolled(model, *track) for track in tracks]
    ankle, quat = (np.stack(parts, 1) for parts in zip(*rolls, strict=True))
    toe_out = np.asarray(gait.toe_out)
    heading = gaussian_filter1d(
        (yaw - toe_out).mean(axis=1), 0.12 / (t[1] - t[0]), mode="nearest"
    )
    com = _centre_of_mass(model, holds, steps, t)
    return Feet(ankle, quat, flat, pitch, com, heading)


def _track(
    gait: Gait, hold: tuple[Array, float], steps: list[Step], t: Array
) -> tuple[Array, Array, Array, Array]:
    """One foot: flat ankle `(T, 2)`, heading, pitch and lift `(T,)`."""
    flat = np.tile(hold[0], (len(t), 1))
    yaw, lift = np.full(len(t), hold[1]), np.zeros(len(t))
    knots: list[tuple[float, float]] = [(-1.0, 0.0)]
    at, facing = hold
    for step in steps:
        share = _stride(t, step.start + 0.04, step.end - 0.03)
        x = np.clip((t - step.start) / (step.end - step.start), 0.0, 1.0)
        arc = 64.0 * (x * (1.0 - x)) ** 3
        ahead = np.array([np.cos(step.yaw), np.sin(step.yaw)])
        outward = OUTWARD[step.side] * np.array([-ahead[1], ahead[0]])
        flat += share[:, None] * (step.pos_w - at) + _BOW * arc[:, None] * outward
        yaw += share * (step.yaw - facing)
        lift += gait.lift * arc
        stride = float(np.clip((step.pos_w - at) @ ahead, 0.0, 1.2))
        knots += [
            (step.start - gait.double, 0.0),
            (step.start + 0.02, gait.toe * stride),
            (step.start + 0.65 * gait.swing, 0.0),
            (step.end, -gait.heel * stride),
            (step.end + 0.9 * gait.double, 0.0),
        ]
        at, facing = step.pos_w, step.yaw
    knots.append((max(float(t[-1]), knots[-1][0]) + 1.0, 0.0))
    pitch = PchipInterpolator(*np.array(knots).T)(t)
    return flat, yaw, pitch, lift


def _stride(t: Array, start: float, end: float) -> Array:
    """A swinging foot's way from 0 to 1: less hurried midway than a reach."""
    x = np.clip((t - start) / (end - start), 0.0, 1.0)
    return 0.5 * ease(t, start, end) + 0.5 * x * x * (3.0 - 2.0 * x)


def rolled(
    model: mujoco.MjModel, flat: Array, yaw: Array, pitch: Array, lift: Array
) -> tuple[Array, Array]:
    """Ankle `(T, 3)` and foot `(T, 4)` of a sole that rolls over heel and toe tip.

    Its lowest point is `lift` over the floor; `flat (T, 2)` is where the ankle would
    be with a flat sole.
    """
    sole = model.geom("l_sole")
    bottom = sole.pos[2] - sole.size[2]
    ends = sole.pos[0] + sole.size[0] * OUTWARD
    pivot = np.where(pitch > 0.0, *ends)
    ahead = pivot - np.cos(pitch) * pivot - np.sin(pitch) * bottom
    height = np.sin(pitch) * pivot - np.cos(pitch) * bottom + lift
    ankle = np.column_stack(
        [flat[:, 0] + ahead * np.cos(yaw), flat[:, 1] + ahead * np.sin(yaw), height]
    )
    return ankle, upright(yaw, pitch)


def _centre_of_mass(
    model: mujoco.MjModel,
    holds: list[tuple[Array, float]],
    steps: list[Step],
    t: Array,
) -> Array:
    """The centre of mass `(T, 2)` whose inverted pendulum presses where feet are.

    Its pressure point moves from foot to foot: `com - height / g * com'' = pressure`.
    """
    hip = model.body("pelvis").pos[2]
    pressure = _pressure(holds, steps, t, hip / 0.93)
    dt = t[1] - t[0]
    stiff = 1.08 * hip / GRAVITY / dt**2
    bands = np.zeros((3, len(t)))
    bands[0, 2:] = bands[2, :-2] = -stiff
    bands[1] = 1.0 + 2.0 * stiff
    bands[1, [0, -1]] = 1.0
    return solve_banded((1, 1), bands, pressure)


def _pressure(
    holds: list[tuple[Array, float]], steps: list[Step], t: Array, scale: float
) -> Array:
    """Where the floor carries the body `(T, 2)`: along each standing foot in turn."""

    def under(hold: tuple[Array, float], ahead: float) -> Array:
        pos, yaw = hold
        return pos + scale * ahead * np.array([np.cos(yaw), np.sin(yaw)])

    feet = list(holds)
    times, points = [-1.0], [_between(under, feet)]
    for index, step in enumerate(steps):
        before = steps[index - 1].end if index else -1.0
        still = step.start - before > 0.5
        if still and index:
            times.append(before + 0.25)
            points.append(_between(under, feet))
        if still:
            times.append(step.start - 0.22)
            points.append(_between(under, feet))
        stands, (at, _) = feet[1 - step.side], feet[step.side]
        stride = min(float(np.linalg.norm(step.pos_w - at)) / 0.8, 1.0)
        times += [step.start, step.end]
        points.append(under(stands, _MIDFOOT - (0.0 if still else 0.03 * stride)))
        points.append(under(stands, _MIDFOOT + 0.09 * stride))
        feet[step.side] = step.pos_w, step.yaw
    if steps:
        times.append(steps[-1].end + 0.3)
        points.append(_between(under, feet))
    columns = np.array(points).T
    return np.stack([np.interp(t, times, column) for column in columns], axis=-1)


def _between(
    under: Callable[[tuple[Array, float], float], Array],
    feet: list[tuple[Array, float]],
) -> Array:
    """The point between two standing feet's middles."""
    return np.mean([under(foot, _MIDFOOT) for foot in feet], axis=0)
