"""Walking: footsteps along a path, feet that roll over them, and the body above.

A station is a row (x, y, heading, half the distance between the ankles) in metres and
radians; sides are 0 for left and 1 for right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import mujoco
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_banded
from scipy.ndimage import gaussian_filter1d

from assets.rotations import Array
from perception.studio.motion import upright
from perception.studio.timeline import ease

GRAVITY = 9.81
_MIDFOOT = 0.05
"""How far [m] before the ankle a person of 1.75 m carries the weight."""
_BOW = 0.02
"""How far [m] a swinging foot goes round the standing one."""
OUTWARD = np.array([1.0, -1.0])


@dataclasses.dataclass(frozen=True)
class Gait:
    """How one person walks.

    | field | unit | meaning |
    |---|---|---|
    | length | m | longest distance from one footfall to the next |
    | swing, double | s | one foot in the air; both on the floor between two steps |
    | half_width | m | half the distance between the ankles' tracks |
    | toe_out | rad | left, right |
    | lift | m | of the swinging foot, beside what its roll lifts |
    | heel, toe | rad/m | pitch at landing and take-off per length of the step |
    | arms | – | how far a hand swings with the other side's foot |
    """

    length: float
    swing: float
    double: float
    half_width: float
    toe_out: Array
    lift: float
    heel: float
    toe: float
    arms: float

    @property
    def period(self) -> float:
        """From one landing to the next [s]."""
        return self.swing + self.double


@dataclasses.dataclass(frozen=True)
class Step:
    """One foot's way through the air, to where its ankle is with a flat sole."""

    side: int
    pos_w: Array
    yaw: float
    start: float
    end: float


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


def draw_gait(model: mujoco.MjModel, rng: np.random.Generator) -> Gait:
    """A person's way to walk: longer and slower steps with longer legs."""
    scale = model.body("pelvis").pos[2] / 0.93
    return Gait(
        length=rng.uniform(0.48, 0.64) * scale,
        swing=rng.uniform(0.39, 0.46) * scale**0.5,
        double=rng.uniform(0.12, 0.18) * scale**0.5,
        half_width=rng.uniform(0.065, 0.09) * scale,
        toe_out=np.radians(rng.uniform(3.0, 12.0, 2)) * OUTWARD,
        lift=rng.uniform(0.025, 0.05) * scale,
        heel=rng.uniform(0.3, 0.5),
        toe=rng.uniform(0.5, 0.8),
        arms=rng.uniform(0.3, 0.6),
    )


def path(start: Array, goal: Array, gait: Gait, length: float = np.inf) -> Array:
    """Stations `(N, 4)` of a curve from one station to another, without the first.

    Between its ends the feet keep the gait's width; no step is longer than `length`.
    """
    gap = float(np.hypot(*(goal - start)[:2]))
    s = np.linspace(0.0, 1.0, 200)[:, None]
    out, into = (gap * np.array([np.cos(at[2]), np.sin(at[2])]) for at in (start, goal))
    xy = (2 * s**3 - 3 * s**2 + 1) * start[:2] + (s**3 - 2 * s**2 + s) * out
    xy += (3 * s**2 - 2 * s**3) * goal[:2] + (s**3 - s**2) * into
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    count = max(2, int(np.ceil(along[-1] / min(gait.length, length))))
    at = np.linspace(0.0, along[-1], count + 1)[1:]
    tangent = np.gradient(xy, axis=0)
    heading = np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))
    heading += start[2] - heading[0]
    stations = np.stack([np.interp(at, along, column) for column in xy.T], axis=-1)
    turned = np.interp(at, along, heading)
    width = np.full(count, gait.half_width)
    width[-1] = goal[3]
    return np.column_stack([stations, turned, width])


def turn(start: Array, goal: Array, most: float = 0.9) -> Array:
    """Stations `(N, 4)` from one to another on the spot, `most` [rad] a step."""
    count = max(1, int(np.ceil(abs(goal[2] - start[2]) / most)))
    return start + (goal - start) * np.linspace(0.0, 1.0, count + 1)[1:, None]


def footsteps(gait: Gait, stations: Array, begin: float, first: int) -> list[Step]:
    """One step to each station in turn, and a last one that closes the feet."""
    rows = [*stations, stations[-1]]
    steps = []
    for index, station in enumerate(rows):
        side = (first + index) % 2
        start = begin + index * gait.period
        pos_w, yaw = foothold(gait, station, side)
        steps.append(Step(side, pos_w, yaw, start, start + gait.swing))
    return steps


def duration(gait: Gait, stations: Array) -> float:
    """How long [s] `footsteps` takes."""
    return (len(stations) + 1) * gait.period


def foothold(gait: Gait, station: Array, side: int) -> tuple[Array, float]:
    """Where a foot stands at a station: its ankle `(2,)`, and its heading."""
    x, y, heading, half = station
    aside = OUTWARD[side] * half
    at = np.array([x - aside * np.sin(heading), y + aside * np.cos(heading)])
    return at, heading + gait.toe_out[side]


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
