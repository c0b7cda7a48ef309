"""Carry a box: walk to it, lift it between the palms, walk on, put it down."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from scipy.ndimage import gaussian_filter1d

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
class _Carry:
    """One carry's choices [m, rad]."""

    walk: WalkUp
    give: Array  # the station where the box is put down
    to_goal: Array  # stations on the way to it
    first: int  # the foot that begins it
    time: Timeline
    rest: Array  # the box's position before
    end: Array  # and after
    grip: Array  # palms' centre in the object's frame, x and z
    yaw: float  # of the box, past the body's heading
    tilt: float
    held: float  # of the box's centre before the body's, while carried
    height: float
    pitch: float
    puts_down: bool
    phase: float


def carry_box(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a box, lift it, carry it 0.8 to 2.2 m, mostly put it down again.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the box clear of the body.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng), fps)

    return approach.first_that_fits("carry-box", act, rng)


def _draw(model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator) -> _Carry:
    """Draw where everything is and when everything happens."""
    hip = model.body("pelvis").pos[2]
    scale = hip / 0.93
    ahead = spec.half_size[0] + rng.uniform(0.25, 0.33)
    half = rng.uniform(0.11, 0.16) * scale
    walk = approach.draw_walk_up(model, rng, ahead, half)
    bend = rng.uniform(-0.5, 0.5)
    shift = rng.uniform(0.8, 2.2) * route.direction(walk.heading + bend)
    leaving = walk.heading + 2.0 * bend
    at = walk.spot_w + shift - ahead * route.direction(leaving)
    give = route.station(at, leaving, half)
    to_goal = route.path(walk.goal, give, walk.gait, 0.42 * scale)
    puts_down = bool(rng.random() < 0.8)
    low = spec.half_size[2]
    return _Carry(
        walk=walk,
        give=give,
        to_goal=to_goal,
        first=int(rng.integers(2)),
        time=_draw_times(walk, to_goal, puts_down, rng),
        rest=np.array([*walk.spot_w, low]),
        end=np.array([*(walk.spot_w + shift), low]),
        grip=np.array([rng.uniform(-0.16, -0.06), rng.uniform(0.1, 0.7) * low]),
        yaw=np.radians(rng.uniform(-5.0, 5.0)),
        tilt=np.radians(rng.uniform(-4.0, 2.0)),
        held=spec.half_size[0] + rng.uniform(0.275, 0.31) * scale,
        height=hip * rng.uniform(1.06, 1.18),
        pitch=np.radians(rng.uniform(40.0, 62.0)),
        puts_down=puts_down,
        phase=rng.uniform(0.0, 2 * np.pi),
    )


def _draw_times(
    walk: WalkUp, to_goal: Array, puts_down: bool, rng: np.random.Generator
) -> Timeline:
    """The phases, which end with the box in the hands or on the floor."""
    still, down, close, press, up, settle, lower, let, rise, hold = rng.uniform(
        [0.3, 0.7, 0.15, 0.08, 0.8, 0.1, 0.8, 0.15, 0.6, 0.25],
        [0.5, 1.0, 0.25, 0.15, 1.1, 0.3, 1.1, 0.25, 0.9, 0.5],
    )
    return Timeline(
        still=still,
        walk=walk.duration,
        down=down,
        close=close,
        press=press,
        up=up,
        carry=route.duration(walk.gait, to_goal) + settle,
        **({"lower": lower, "let": let, "rise": rise} if puts_down else {}),
        hold=hold,
    )


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Carry, fps: float
) -> Motion | str:
    """The whole clip of one plan, or what is wrong with it."""
    t, time, way = plan.time.frames(fps), plan.time, plan.walk.gait
    steps = plan.walk.steps(time.start("walk"))
    steps += route.footsteps(way, plan.to_goal, time.start("carry"), plan.first)
    feet = gait.walk(model, way, plan.walk.start, steps, t)
    pos, quat = _object_path(plan, feet, t, fps)
    score = blank(feet, way.arms)
    _use_hands(spec, plan, score, (pos, quat), t)
    bent = time.ease(t, "down") - time.ease(t, "up", wait=0.12)
    low = time.ease(t, "down") - time.ease(t, "up", early=0.25)
    if plan.puts_down:
        bent += time.ease(t, "lower", early=0.12) - time.ease(t, "rise")
        low += time.ease(t, "lower", wait=0.25) - time.ease(t, "rise")
    score.knees_out = 0.2 * low
    grasp = int(np.searchsorted(t, time.end("close")))
    fit = approach.crouch(model, score, (pos, quat), grasp, plan.pitch)
    if isinstance(fit, str):
        return fit
    score.pitch = 0.05 + (fit[0] - 0.05) * bent - 0.08 * _held(plan, t)
    score.drop = fit[1] * low
    score.gaze_w = pos
    score.attention = 0.8 - 0.6 * _held(plan, t)
    solution = embody(model, score, fps)
    touching = t >= time.end("close") - 1e-9
    if plan.puts_down:
        touching &= t <= time.end("lower") + 1e-9
    contact = approach.hands(t, touching)
    motion = Motion(solution.qpos, pos, quat, contact, solution.stretch)
    return approach.fault(model, motion) or motion


def _held(plan: _Carry, t: Array) -> Array:
    """How far the box is off the floor, from 0 to 1."""
    up = plan.time.ease(t, "up")
    return up - plan.time.ease(t, "lower") if plan.puts_down else up


def _object_path(
    plan: _Carry, feet: gait.Feet, t: Array, fps: float
) -> tuple[Array, Array]:
    """The box's positions `(T, 3)` and quaternions `(T, 4)`: it goes with the body."""
    up = plan.time.ease(t, "up")
    down = plan.time.ease(t, "lower") if plan.puts_down else 0.0 * t
    smooth = [
        gaussian_filter1d(x, 0.15 * fps, axis=0, mode="nearest")
        for x in (feet.com_w, feet.heading)
    ]
    ahead = np.stack([np.cos(smooth[1]), np.sin(smooth[1])], axis=-1)
    held = np.empty((len(t), 3))
    held[:, :2] = smooth[0] + (plan.held - 0.05) * ahead
    held[:, 2] = plan.height + 0.006 * np.sin(3.0 * t + plan.phase)
    level = plan.time.ease(t, "up", wait=0.45)
    pos = plan.rest + np.stack([level, level, up], axis=-1) * (held - plan.rest)
    out = plan.time.ease(t, "lower", early=0.45) if plan.puts_down else down
    pos += np.stack([out, out, down], axis=-1) * (plan.end - pos)
    carried = smooth[1] + 0.2 * plan.yaw
    yaw = plan.walk.heading + plan.yaw
    yaw = yaw + level * (carried - yaw)
    yaw += out * (plan.give[2] + plan.yaw - yaw)
    return pos, upright(yaw, plan.tilt * (up - down))


def _use_hands(
    spec: ObjectSpec,
    plan: _Carry,
    score: Score,
    box: tuple[Array, Array],
    t: Array,
) -> None:
    """Palms beside the box, then on it, in the end off it again."""
    time = plan.time
    reach, gap = time.ease(t, "down", wait=0.25), 1.0 - time.ease(t, "close")
    if plan.puts_down:
        reach = reach - time.ease(t, "rise", early=0.25)
        gap = gap + time.ease(t, "let")
    grip = np.empty((len(t), 2, 3))
    grip[..., 0], grip[..., 2] = plan.grip
    grip[..., 1] = (spec.half_size[1] + 0.1 * gap)[:, None] * OUTWARD
    droop = np.radians(-35.0 - 22.0 * _held(plan, t))
    approach.hold(
        score, box, grip, rotations.multiply(box[1], upright(0.0 * t, droop)), reach
    )
