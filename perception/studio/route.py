"""Where feet go: a person's gait, stations along a path, and the footsteps.

A station is a row (x, y, heading, half the distance between the ankles) in metres and
radians; sides are 0 for left and 1 for right.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np

from assets.rotations import Array

OUTWARD = np.array([1.0, -1.0])
"""The sign of y to the outside of each side."""


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


def direction(heading: float) -> Array:
    """The unit vector `(2,)` at `heading` [rad]."""
    return np.array([np.cos(heading), np.sin(heading)])


def station(at: Array, heading: float, half: float) -> Array:
    """A row of a path: where the body's middle is, its heading, half its stance."""
    return np.array([*at, heading, half])


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
