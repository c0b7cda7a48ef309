"""Kick a box: walk to it, plant a foot, swing the other; the box slides to rest."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from assets import rotations
from assets.actor.posing import SIDES
from assets.gravity import GRAVITY
from assets.objects import ObjectSpec
from assets.rotations import Array
from perception.prior import CONTACT_NAMES
from perception.studio import approach, gait, route
from perception.studio.approach import WalkUp
from perception.studio.motion import Motion, distance, upright
from perception.studio.posture import blank, embody
from perception.studio.route import OUTWARD
from perception.studio.timeline import Timeline

_INSIDE = 0.004
"""How far [m] a shoe may dent the box, by its roundness."""


@dataclasses.dataclass(frozen=True)
class _Kick:
    """One kick's choices [m, s, rad].

    `speed` is the box's as the foot leaves it, `friction` slows it down; `times` are
    of the foot's turning point behind, touch, release, farthest reach, landing.
    """

    walk: WalkUp  # to where the other foot stands
    side: int  # of the kicking foot
    time: Timeline
    speed: float
    friction: float
    times: Array
    along: Array  # the ankle before the standing one, at these times
    lift: Array  # of the sole, at these times
    pitch: Array  # of the foot, at these times


def kick_box(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a box and kick it; friction stops it 0.8 to 2.2 m on.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the box clear of the rest of the body.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng), fps)

    return approach.first_that_fits("kick-box", act, rng)


def _draw(model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator) -> _Kick:
    """Draw where everything is and when everything happens."""
    scale = model.body("pelvis").pos[2] / 0.93
    shift, friction = rng.uniform(0.8, 2.2), rng.uniform(0.15, 0.35)
    push, decel = rng.uniform(0.07, 0.1), friction * GRAVITY
    speed = float(-push * decel + np.sqrt((push * decel) ** 2 + 2 * decel * shift))
    touch = rng.uniform(0.2, 0.27) * scale
    ahead = spec.half_size[0] + touch + toe_ahead(model, 0.0)
    side = int(rng.integers(2))
    aside = OUTWARD[side] * 0.08 * scale + rng.uniform(-0.05, 0.05)
    walk = approach.draw_walk_up(model, rng, ahead, None, aside, 0.4)
    last = np.diff([walk.start, *walk.stations], axis=0)[-1, :2]
    back = -np.linalg.norm(last) - rng.uniform(0.05, 0.12) * scale
    forward = touch + speed * push
    farthest = forward + rng.uniform(0.07, 0.1) * scale
    spans = [0.25, 1.5 * (touch - back) / speed, push]
    spans += [3.0 * (farthest - forward) / speed, rng.uniform(0.5, 0.65)]
    still, hold = rng.uniform([0.3, 0.3], [0.5, 0.6])
    begin = still + len(walk.stations) * walk.gait.period
    kick = max(sum(spans) + 0.3, sum(spans[:3]) + speed / decel)
    return _Kick(
        walk=dataclasses.replace(walk, first=(1 - side + len(walk.stations) - 1) % 2),
        side=side,
        time=Timeline(still=still, walk=begin - still, kick=kick, hold=hold),
        speed=speed,
        friction=friction,
        times=begin + np.cumsum(spans),
        along=np.array([back, touch, forward, farthest, 0.0]),
        lift=rng.uniform([0.05, 0.05, 0.09, 0.19, 0.0], [0.1, 0.1, 0.13, 0.27, 0.0]),
        pitch=np.array([rng.uniform(0.5, 0.8), 0.0, 0.0, -0.15, 0.0]),
    )


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Kick, fps: float
) -> Motion | str:
    """The whole clip of one plan, or what is wrong with it."""
    t, time, way = plan.time.frames(fps), plan.time, plan.walk.gait
    *steps, last = plan.walk.steps(time.start("walk"))
    steps.append(dataclasses.replace(last, end=float(plan.times[4])))
    feet = gait.walk(model, way, plan.walk.start, steps, t)
    _swing(model, plan, feet, t)
    score = blank(feet, way.arms)
    swung = (t > plan.times[0]) & (t < plan.times[4])
    shape = PchipInterpolator(plan.times, [0.12, 0.0, -0.08, -0.1, 0.05])
    score.pitch[swung] = shape(t[swung])
    score.pitch[(t > time.start("kick")) & ~swung & (t < plan.times[0])] = 0.1
    box = _object_path(spec, plan, t)
    score.gaze_w, score.attention = box[0], np.full(len(t), 0.7)
    solution = embody(model, score, fps)
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    foot = CONTACT_NAMES.index(("left_foot", "right_foot")[plan.side])
    contact[:, foot] = (t >= plan.times[1]) & (t <= plan.times[2])
    motion = Motion(solution.qpos, *box, contact, solution.stretch)
    kicker = f"{SIDES[plan.side]}_foot"
    dent = distance(model, motion, kicker).min()
    if dent < -_INSIDE:
        return f"the foot is {-dent:.3f} m inside the box"
    return approach.fault(model, motion, but=(kicker,)) or motion


def _swing(model: mujoco.MjModel, plan: _Kick, feet: gait.Feet, t: Array) -> None:
    """Replace the kicking foot's last step by the kick."""
    side, begin, heading = plan.side, plan.time.start("kick"), plan.walk.heading
    air = (t > begin) & (t < plan.times[4])
    before = int(np.flatnonzero(t <= begin)[-1])
    cosine, sine = np.cos(heading), np.sin(heading)
    axes = np.array([[cosine, sine], [-sine, cosine]])
    stand, yaw = route.foothold(plan.walk.gait, plan.walk.goal, side)
    back, aside = axes @ (feet.flat_w[before, side] - stand)
    turned = float(rotations.yaw(feet.foot_quat_w[before, side]))
    times = np.concatenate([[begin], plan.times])

    def through(first: float, then: Array) -> Array:
        return PchipInterpolator(times, np.concatenate([[first], then]))(t[air])

    along = np.concatenate([[back], plan.along])
    speed = np.array([0.0, 0.0, plan.speed, plan.speed, 0.0, 0.0])
    way = CubicHermiteSpline(times, along, speed)(t[air])
    flat = np.column_stack([way, through(float(aside), np.zeros(5))]) @ axes + stand
    facing = through(turned, np.array([heading] * 4 + [yaw]))
    pitch = through(feet.pitch[before, side], plan.pitch)
    lift = through(0.0, plan.lift)
    ankle, quat = gait.rolled(model, flat, facing, pitch, lift)
    feet.ankle_pos_w[air, side], feet.foot_quat_w[air, side] = ankle, quat
    feet.flat_w[air, side], feet.pitch[air, side] = flat, pitch


def _object_path(spec: ObjectSpec, plan: _Kick, t: Array) -> tuple[Array, Array]:
    """The box's positions `(T, 3)` and quaternions `(T, 4)`: pushed, then sliding."""
    touch, release = plan.times[1:3]
    decel = plan.friction * GRAVITY
    pushed = plan.speed * np.clip(t - touch, 0.0, release - touch)
    free = np.clip(t - release, 0.0, plan.speed / decel)
    gone = pushed + plan.speed * free - 0.5 * decel * free**2
    heading = plan.walk.heading
    pos = np.tile([*plan.walk.spot_w, spec.half_size[2]], (len(t), 1))
    pos[:, :2] += gone[:, None] * route.direction(heading)
    return pos, upright(np.full(len(t), heading), 0.0 * t)


def toe_ahead(model: mujoco.MjModel, pitch: float) -> float:
    """How far [m] before its ankle a pitched foot ends."""
    shoe = model.geom("l_foot")
    middle = shoe.pos[0] * np.cos(pitch) + shoe.pos[2] * np.sin(pitch)
    round_ = np.hypot(shoe.size[0] * np.cos(pitch), shoe.size[2] * np.sin(pitch))
    return float(middle + round_)
