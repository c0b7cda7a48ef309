"""Kicking: a foot goes back, through the near face of the box, and home again."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from assets import rotations
from assets.gravity import GRAVITY
from perception.prior import CONTACT_NAMES, RATE
from perception.retargeting.approach import approach
from perception.retargeting.body import Body
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.footsteps import Gait, Move, offset, plan_gait
from perception.retargeting.plan import Plan, half_stance, stand_up
from perception.retargeting.scene import RobotScene
from perception.smoothing import gaussian, min_jerk

Floats = NDArray[np.float64]

BACK, TOUCH, RELEASE, FAR = -0.25, 0.06, 0.26, 0.46
"""The kicking ankle ahead of the standing one [m] as it turns and meets the box."""
INWARD = 0.09
"""From the body's middle to the line of the kick [m]."""
HEIGHT = 0.20
"""Of the sole as it pushes [m], or less: a part of the box's height."""
MIDDLE = 0.40
SOLE = 0.005
"""Thickness [m] of what touches ahead of the toes."""
SHIFT, RAISE, HOME = 25, 30, 45
"""Frames: onto the standing foot, back with the other, and home with it."""
LATE = 0.25
"""Share of that in which the foot only rises or sinks."""
LEAD_IN = 20
HOLD = 50
LEAST_SPEED = 1.0
ROUNDS = 4


def plan_kicking(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """Targets for walking to a box and kicking it as far as it went."""
    goal = np.median(demo.object_pos[-5:], axis=0)
    shift = goal[:2] - demo.rest[:2]
    length = float(np.linalg.norm(shift))
    heading = float(np.arctan2(shift[1], shift[0]))
    quat, half = _square(demo, scene, heading)
    sign = 1.0 if demo.foot == 0 else -1.0
    box = np.array([*demo.rest[:2], heading])
    away = half[0] + SOLE + body.toe + TOUCH
    place = np.array([*offset(box, -away, -sign * INWARD), heading])
    height = min(HEIGHT, MIDDLE * 2 * half[2])
    swing = _swing_for(length, scene.object.friction, height)
    moves, arrived = approach(demo, place)
    still = place[None]
    before = SHIFT + LEAD_IN
    moves += [
        Move((arrived, demo.start), still, before),
        Move((demo.start, demo.end), still, len(swing)),
        Move((demo.end, demo.num_frames - 1), still, SHIFT + HOLD),
    ]
    stance = half_stance(demo, body)
    gait = plan_gait(moves, body, stance)
    first, past = gait.spans[-2]
    foot, touching, gone = _kick(gait, swing, (first, past), sign, stance, length)
    planted = gait.planted.copy()
    planted[first:past, demo.foot] = False
    other = offset(gait.foot[:, 1 - demo.foot][:, [0, 1, 3]], body.sole_middle, 0.0)
    frames = np.arange(gait.num_frames)
    on_one = min_jerk((frames - first) / SHIFT + 1.0)
    on_one *= 1.0 - min_jerk((frames - past) / SHIFT)
    zmp = gait.zmp + on_one[:, None] * (other - gait.zmp)
    feet = gait.foot.copy()
    feet[:, demo.foot] = foot
    gait = dataclasses.replace(gait, foot=feet, planted=planted, zmp=zmp)
    plan = stand_up(demo, scene, body, gait)
    pos = np.tile([*demo.rest[:2], half[2]], (gait.num_frames, 1))
    pos[:, :2] = offset(np.tile(box, (gait.num_frames, 1)), gone, 0.0)
    contact = plan.contact.copy()
    side = CONTACT_NAMES.index("left_foot") + demo.foot
    contact[:, side] = touching
    return dataclasses.replace(
        plan,
        object_pos_w=pos,
        object_quat_w=np.tile(quat, (gait.num_frames, 1)),
        contact=contact,
    )


def _square(
    demo: Demonstration, scene: RobotScene, heading: float
) -> tuple[Floats, Floats]:
    """The box's orientation `(4,)` square to the kick, and its extents `(3,)` so."""
    axes = rotations.to_matrix(demo.object_quat[: max(demo.start, 5)])[:, :2, 0]
    ahead = np.array([np.cos(heading), np.sin(heading)])
    turned = abs(float((axes @ ahead).mean())) < np.sqrt(0.5)
    quat = rotations.from_yaw(np.pi / 2 if turned else 0.0)
    half = np.abs(rotations.to_matrix(quat)) @ np.asarray(scene.object.half_size)
    world = rotations.multiply(rotations.from_yaw(heading), quat)
    return np.asarray(world, dtype=np.float64), half


def _swing_for(length: float, friction: float, height: float) -> Floats:
    """The swing whose foot lets go at what friction turns into the rest of `length`."""
    speed = LEAST_SPEED
    for _ in range(ROUNDS):
        swing = _swing(speed, height)
        _, pushed, gained = _letting_go(swing[:, 0])
        slide = max(length - pushed, 0.05)
        wanted = max(float(np.sqrt(2.0 * friction * GRAVITY * slide)), LEAST_SPEED)
        speed *= wanted / gained
    return _swing(speed, height)


def _letting_go(ahead: Floats) -> tuple[int, float, float]:
    """The frame in which the foot is fastest, how far it has pushed [m], how fast."""
    last = int(np.argmax(np.gradient(ahead)))
    return last, float(ahead[last] - TOUCH), float(ahead[last] - ahead[last - 1]) * RATE


def _swing(speed: float, height: float) -> Floats:
    """The ankle's way ahead, the sole's height, the share of inward `(K, 3)`.

    The foot gathers speed [m/s] evenly until it lets go of the box, but for the
    rounding of its course.
    """
    spans = [
        RAISE / RATE,
        2.0 * (RELEASE - BACK) / speed,
        2.0 * (FAR - RELEASE) / speed,
        HOME / RATE,
    ]
    times = np.concatenate([[0.0], np.cumsum(spans)])
    leaves, lands = LATE * times[1], times[4] - LATE * spans[3]
    ahead = CubicHermiteSpline(
        [leaves, *times[1:4], lands],
        [0.0, BACK, RELEASE, FAR, 0.0],
        [0.0, 0.0, speed, 0.0, 0.0],
    )
    touch = times[1] + spans[1] * np.sqrt((TOUCH - BACK) / (RELEASE - BACK))
    knots = [*times[:2], touch, times[2], times[3], times[4]]
    tall = [0.0, 0.6 * height, height, height, 1.2 * height, 0.0]
    rise = CubicHermiteSpline(knots, tall, np.zeros(6))
    t = np.arange(int(times[-1] * RATE) + 1) / RATE
    inward = min_jerk((t - leaves) / (times[1] - leaves))
    inward -= min_jerk((t - times[3]) / (lands - times[3]))
    course = gaussian(ahead(np.clip(t, leaves, lands)), 0.7)
    return np.stack([course, rise(t), inward], 1)


def _kick(
    gait: Gait,
    swing: Floats,
    span: tuple[int, int],
    sign: float,
    stance: float,
    length: float,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The kicking foot `(T, 4)`, its touch `(T,)`, and the box's way `(T,)` [m]."""
    first, past = span
    side = 0 if sign > 0 else 1
    foot = gait.foot[:, side].copy()
    place = gait.base[first]
    left = sign * (stance + swing[:, 2] * (INWARD - stance))
    ahead = swing[:, 0]
    foot[first:past, :2] = offset(np.tile(place, (len(swing), 1)), ahead, left)
    foot[first:past, 2] = np.maximum(swing[:, 1], 0.0)
    pushed = np.maximum(ahead - TOUCH, 0.0)
    last, way, speed = _letting_go(ahead)
    touching = np.zeros(gait.num_frames, dtype=bool)
    touching[first:past] = (pushed > 0.0) & (np.arange(len(swing)) <= last)
    gone = np.zeros(gait.num_frames)
    gone[first : first + last + 1] = pushed[: last + 1]
    left_over = max(length - way, 0.02)
    slowing = speed**2 / (2.0 * left_over)
    t = np.minimum(np.arange(1, gait.num_frames - first - last) / RATE, speed / slowing)
    gone[first + last + 1 :] = way + speed * t - 0.5 * slowing * t**2
    return foot, touching, gone
