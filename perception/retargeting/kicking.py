"""Kicking: a step beside the box, and the foot left behind swings through its face."""

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
from perception.retargeting.footsteps import Gait, Move, offset, plan_gait, swing_foot
from perception.retargeting.plan import STANDING, Plan, half_stance, stand_up
from perception.retargeting.scene import RobotScene
from perception.smoothing import gaussian, min_jerk

Floats = NDArray[np.float64]

BEHIND, TOUCH, RELEASE, FAR, LAND = -0.26, 0.12, 0.28, 0.48, 0.15
"""The kicking ankle ahead of the standing one [m] as it leaves the floor, meets the
box, lets go of it, turns, and lands. A slow one starts less far behind."""
FORTH = 0.42
"""Longest time [s] from the floor to letting go: every one on one foot is one to fall
in, and a slow swing through all of the way takes twice as long as a fast one."""
INWARD = 0.09
"""From the body's middle to the line of the kick [m]."""
HEIGHT = 0.24
"""Of the sole as it pushes [m], or less: a part of the box's height. A box that is hit
lower tips back, hops off its rear edge, and slides otherwise than planned."""
MIDDLE = 0.46
SOLE = 0.005
"""Thickness [m] of what touches ahead of the toes."""
SETTLE, STEP, SHIFT, RISE, LANDING = 15, 24, 10, 6, 20
"""Frames: after the walk, for the step, from foot to foot, off the floor, and down.

From foot to foot it goes as fast as in a walk. The body then swings towards the foot
that stands and back, and the other one lands where it comes back to; with time to come
to rest above one foot it is as likely to fall inward as outward.
"""
LATE = 0.4
"""Share of the landing in which the foot goes no further."""
COURSE_SIGMA = 2.5
"""Of the foot's course [frames]: no leg starts or stops at once."""
HOLD = 50
LOW, STEADY = 0.95, 20.0
"""The pelvis' height while one foot is off the floor, over that standing, and how much
more it weighs: a body that bobs as its leg swings is as light as a feather at the hit.
"""
LEAST_SPEED = 1.0
PASSED_ON = 1.0
"""Share of its planned speed that the foot, slowed by the impact, gives the box."""
ROUNDS = 6


def plan_kicking(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """Targets for walking to a box and kicking it as far as it went.

    The robot steps beside the box with the foot that stands, so that the other need
    not be brought back first: every second on one foot is one to fall in.
    """
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
    rear = np.array([*offset(place, swing[0, 0], 0.0), heading])
    moves, arrived = approach(demo, rear)
    moves += [
        Move((arrived, demo.start), rear[None], SETTLE + SHIFT + STEP + SHIFT),
        Move((demo.start, demo.end), place[None], len(swing)),
        Move((demo.end, demo.num_frames - 1), place[None], SHIFT + HOLD),
    ]
    gait = plan_gait(moves, body, half_stance(demo, body))
    foot, touching, gone = _kick(gait, swing, sign, half_stance(demo, body), length)
    gait = _step_beside(gait, demo.foot, foot, body)
    plan = stand_up(demo, scene, body, gait)
    pos = np.tile([*demo.rest[:2], half[2]], (gait.num_frames, 1))
    pos[:, :2] = offset(np.tile(box, (gait.num_frames, 1)), gone, 0.0)
    contact = plan.contact.copy()
    side = CONTACT_NAMES.index("left_foot") + demo.foot
    contact[:, side] = touching
    pelvis, weight = _steady(plan, gait, scene)
    return dataclasses.replace(
        plan,
        pelvis_pos_w=pelvis,
        pelvis_weight=weight,
        object_pos_w=pos,
        object_quat_w=np.tile(quat, (gait.num_frames, 1)),
        contact=contact,
    )


def _steady(plan: Plan, gait: Gait, scene: RobotScene) -> tuple[Floats, Floats]:
    """The pelvis' way `(T, 3)` at one height from the last step on, and its weight."""
    frames = np.arange(gait.num_frames)
    first, past = gait.spans[-2]
    low = min_jerk((frames - first + 2 * SHIFT + STEP) / (SHIFT + STEP))
    low *= 1.0 - min_jerk((frames - past) / SHIFT)
    pos, weight = plan.pelvis_pos_w.copy(), plan.pelvis_weight.copy()
    height = LOW * STANDING * scene.robot.default_height
    pos[:, 2] += low * (height - pos[:, 2])
    weight[:, 2] += low * (STEADY - 1.0)
    return pos, weight


def _step_beside(gait: Gait, kicks: int, foot: Floats, body: Body) -> Gait:
    """`gait` with the step of the foot that stands, and the kicking one's `(T, 4)`."""
    first, past = gait.spans[-2]
    arrived = gait.spans[-3][0]
    frames = np.arange(gait.num_frames)
    step = arrived + SETTLE + SHIFT
    feet, planted, base = gait.foot.copy(), gait.planted.copy(), gait.base.copy()
    feet[:, kicks] = foot
    planted[first:past, kicks] = False
    phase = (np.arange(STEP) + 1.0) / STEP
    stands = feet[:, 1 - kicks]
    stands[step : step + STEP] = swing_foot(stands[arrived], stands[first], phase)
    stands[step + STEP : first] = stands[first]
    planted[step : step + STEP, 1 - kicks] = False
    along = min_jerk((frames[arrived:first] - step) / (STEP + SHIFT))[:, None]
    base[arrived:first] += along * (base[first] - base[arrived])
    soles = [offset(feet[:, f][:, [0, 1, 3]], body.sole_middle, 0.0) for f in (0, 1)]
    zmp = gait.zmp.copy()
    zmp[arrived:] = zmp[arrived]
    for goal, begin in (
        (soles[kicks], arrived + SETTLE),
        (soles[1 - kicks], first - SHIFT),
        ((soles[0] + soles[1]) / 2.0, past),
    ):
        zmp += min_jerk((frames - begin) / SHIFT)[:, None] * (goal - zmp)
    return dataclasses.replace(gait, base=base, foot=feet, planted=planted, zmp=zmp)


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
    """Frame in which the foot is fastest; its push [m] and the box's speed then."""
    last = int(np.argmax(np.gradient(ahead)))
    speed = PASSED_ON * float(ahead[last] - ahead[last - 1]) * RATE
    return last, float(ahead[last] - TOUCH), speed


def _swing(speed: float, height: float) -> Floats:
    """The ankle's way ahead, the sole's height, the share of inward `(K, 3)`.

    The foot gathers speed [m/s] evenly until it lets go of the box, but for the
    rounding of its course.
    """
    behind = max(BEHIND, RELEASE - FORTH * speed / 2.0)
    spans = [
        RISE / RATE,
        2.0 * (RELEASE - behind) / speed,
        2.0 * (FAR - RELEASE) / speed,
        LANDING / RATE,
    ]
    times = np.concatenate([[0.0], np.cumsum(spans)])
    lands = times[4] - LATE * spans[3]
    ahead = CubicHermiteSpline(
        [*times[1:4], lands], [behind, RELEASE, FAR, LAND], [0.0, speed, 0.0, 0.0]
    )
    touch = times[1] + spans[1] * np.sqrt((TOUCH - behind) / (RELEASE - behind))
    knots = [times[0], touch, *times[2:]]
    rise = CubicHermiteSpline(knots, [0.0, height, height, height, 0.0], np.zeros(5))
    t = np.arange(int(times[-1] * RATE) + 1) / RATE
    inward = min_jerk(t / touch) - min_jerk((t - times[3]) / (lands - times[3]))
    course = gaussian(ahead(np.clip(t, times[1], lands)), COURSE_SIGMA)
    return np.stack([course, rise(t), inward], 1)


def _kick(
    gait: Gait,
    swing: Floats,
    sign: float,
    stance: float,
    length: float,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The kicking foot `(T, 4)`, its touch `(T,)`, and the box's way `(T,)` [m]."""
    first, past = gait.spans[-2]
    side = 0 if sign > 0 else 1
    foot = gait.foot[:, side].copy()
    place = gait.base[first]
    left = sign * (stance + swing[:, 2] * (INWARD - stance))
    ahead = swing[:, 0]
    foot[first:past, :2] = offset(np.tile(place, (len(swing), 1)), ahead, left)
    foot[first:past, 2] = np.maximum(swing[:, 1], 0.0)
    foot[past:] = foot[past - 1]
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
