"""Bottles: pick up one that stands, or stand up one that lies on the floor."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np

from assets import rotations
from assets.objects import ObjectSpec
from assets.rotations import Array
from perception.studio import approach, gait, route
from perception.studio.approach import WalkUp
from perception.studio.motion import Motion, upright
from perception.studio.posture import Score, blank, embody
from perception.studio.route import OUTWARD
from perception.studio.timeline import Timeline


@dataclasses.dataclass(frozen=True)
class _Bottle:
    """One bottle's handling [m, rad]; `fallen` ones are stood up, others picked up."""

    fallen: bool
    walk: WalkUp
    time: Timeline
    foot: Array  # the point of the floor (x, y) that the bottle stands or turns on
    azimuth: float  # of the axis as it lies, from base to top
    grip: float  # along the axis, from the middle
    held: Array  # before the centre of mass, and over the floor, in the end
    tilt: float  # in the end, if held
    pitch: float


def pick_bottle(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a standing bottle, take it with both hands, stand up with it.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the bottle clear of the body.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng, fallen=False), fps)

    return approach.first_that_fits("pick-bottle", act, rng)


def stand_bottle(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a fallen bottle, tip it up over its foot's rim, let go, stand up.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the bottle clear of the body.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng, fallen=True), fps)

    return approach.first_that_fits("stand-bottle", act, rng)


def _draw(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fallen: bool
) -> _Bottle:
    """Draw where everything is and when everything happens."""
    hip = model.body("pelvis").pos[2]
    scale = hip / 0.93
    half = rng.uniform(0.12, 0.17) * scale
    ahead = (rng.uniform(0.36, 0.46) + 0.03 * fallen) * scale
    walk = approach.draw_walk_up(model, rng, ahead, half, turn=0.7)
    azimuth = walk.heading + rng.choice([0.0, np.pi]) + rng.uniform(-0.8, 0.8)
    radius, _, tall = spec.half_size
    grip = tall * (rng.uniform(-0.2, 0.3) if fallen else rng.uniform(0.0, 0.5))
    foot = walk.spot_w
    if fallen:
        foot = foot - (tall + grip - radius) / 2 * route.direction(azimuth)
    still, down, close, press, move, let, rise, hold = rng.uniform(
        [0.3, 0.9, 0.2, 0.1, 0.9, 0.15, 0.8, 0.4],
        [0.5, 1.2, 0.3, 0.2, 1.3, 0.25, 1.1, 0.8],
    )
    begin = {"still": still, "walk": walk.duration}
    begin |= {"down": down, "close": close, "press": press}
    rest = {"tip": move, "let": let, "rise": rise} if fallen else {"up": move}
    return _Bottle(
        fallen=fallen,
        walk=walk,
        time=Timeline(**begin, **rest, hold=hold),
        foot=foot,
        azimuth=azimuth,
        grip=grip,
        held=np.array([rng.uniform(0.26, 0.36), rng.uniform(1.05, 1.3) * hip]),
        tilt=np.radians(rng.uniform(-10.0, 10.0)),
        pitch=np.radians(rng.uniform(55.0, 70.0)),
    )


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Bottle, fps: float
) -> Motion | str:
    """The whole clip of one plan, or what is wrong with it."""
    t, time, way = plan.time.frames(fps), plan.time, plan.walk.gait
    steps = plan.walk.steps(time.start("walk"))
    feet = gait.walk(model, way, plan.walk.start, steps, t)
    item = _tipped(spec, plan, t) if plan.fallen else _lifted(spec, plan, feet, t)
    score = blank(feet, way.arms)
    _use_hands(spec, plan, score, item, t)
    bent = time.between(t, "down", "rise" if plan.fallen else "up")
    score.knees_out = 0.35 * bent
    grasp = int(np.searchsorted(t, time.end("close")))
    fit = approach.crouch(model, score, item, grasp, plan.pitch, 0.97, 0.64)
    if isinstance(fit, str):
        return fit
    score.pitch = 0.05 + (fit[0] - 0.05) * bent
    score.drop = fit[1] * bent
    if plan.fallen:
        straighter = 1.0 - 0.1 * time.ease(t, "tip")
        score.pitch, score.drop = score.pitch * straighter, score.drop * straighter
    score.gaze_w, score.attention = item[0], np.full(len(t), 0.8)
    solution = embody(model, score, fps)
    touching = t >= time.end("close") - 1e-9
    if plan.fallen:
        touching &= t <= time.end("tip") + 1e-9
    contact = approach.hands(t, touching)
    motion = Motion(solution.qpos, *item, contact, solution.stretch)
    return approach.fault(model, motion) or motion


def _tipped(spec: ObjectSpec, plan: _Bottle, t: Array) -> tuple[Array, Array]:
    """Positions `(T, 3)` and quaternions `(T, 4)` of a bottle that turns on its rim."""
    radius, _, tall = spec.half_size
    angle = np.pi / 2 * (1.0 - plan.time.ease(t, "tip"))
    quat = upright(np.full(len(t), plan.azimuth), angle)
    rim = np.array([*plan.foot, 0.0])
    return rim + rotations.rotate(quat, np.array([-radius, 0.0, tall])), quat


def _lifted(
    spec: ObjectSpec, plan: _Bottle, feet: gait.Feet, t: Array
) -> tuple[Array, Array]:
    """Positions `(T, 3)` and quaternions `(T, 4)` of a bottle that goes up."""
    up, level = plan.time.ease(t, "up"), plan.time.ease(t, "up", wait=0.2)
    heading = plan.walk.heading
    ahead = route.direction(heading)
    rest = np.array([*plan.foot, spec.half_size[2]])
    held = np.array([*(feet.com_w[-1] + plan.held[0] * ahead), plan.held[1]])
    pos = rest + np.stack([level, level, up], axis=-1) * (held - rest)
    return pos, upright(np.full(len(t), heading), plan.tilt * up)


def _use_hands(
    spec: ObjectSpec,
    plan: _Bottle,
    score: Score,
    item: tuple[Array, Array],
    t: Array,
) -> None:
    """Palms beside the bottle, then on it, in the end off it again if it stands."""
    time, heading = plan.time, plan.walk.heading
    reach, gap = time.ease(t, "down", wait=0.2), 1.0 - time.ease(t, "close")
    higher, facing, side = time.ease(t, "tip" if plan.fallen else "up"), heading, 1.0
    if plan.fallen:
        reach = reach - time.ease(t, "rise", early=0.2)
        gap = gap + time.ease(t, "let")
        side = np.sign(np.cos(plan.azimuth - heading))
        facing = plan.azimuth if side > 0.0 else plan.azimuth - np.pi
    grip = np.zeros((len(t), 2, 3))
    grip[..., 2] = plan.grip
    grip[..., 1] = side * (spec.half_size[1] + 0.08 * gap)[:, None] * OUTWARD
    droop = np.radians(-62.0 + 12.0 * higher)
    approach.hold(score, item, grip, upright(np.full(len(t), facing), droop), reach)
