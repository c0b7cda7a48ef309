"""Moving an object with the palms: lift, carry, push, pick up, stand up what lies.

The video gives the way, the timing and the style. The object at its true size lies
square before the robot, and the palms take the sides that the person took.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.prior import CONTACT_NAMES
from perception.retargeting.approach import STEP, approach
from perception.retargeting.body import Body
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.footsteps import Gait, Move, blend_way, plan_gait, wrap
from perception.retargeting.grasp import Grasp, find_grasp
from perception.retargeting.palms import LEAD_IN, place_palms, reach_curve
from perception.retargeting.plan import (
    Plan,
    ahead_of,
    half_stance,
    leaning,
    read_at,
    stand_up,
)
from perception.retargeting.progress import lift_curve, tip_curve
from perception.retargeting.scene import RobotScene
from perception.smoothing import gaussian, min_jerk

Floats = NDArray[np.float64]

TIP_GAP, TIP_RISE = 0.14, 0.6
"""From the toes to the near end [m] of what is tipped up towards the robot, and part of
its way up by which the robot makes room for the top that comes."""
TIPPING = 100
"""Frames that it needs to stand up what lies, without its letting slip."""
HOLD = 50
"""Frames for which an object is held at the end, or left alone."""
TOE_GAP = (0.10, 0.17)
BODY_GAP = (0.15, 0.22)
NARROW, WIDE = 0.10, 0.15
"""Half an object's width [m] below which hands go between the knees, and half the
stance for that."""
PUSH_GAP = 0.38
"""From the ankles to the face that is pushed [m]; shorter steps keep toes off it."""
PUSH_STRIDE = 0.20
HELD_STRIDE = 0.25
NEAR_END = 0.03
"""From the toes to the near end [m] of what is tipped up away from the robot."""
LEAST_CROUCH = 0.5
"""Height of the hips over that standing, down at something narrow."""
LEAST_UPRIGHT = 0.86
"""The same behind something that is pushed."""
NEARER_FROM = 0.5
"""Part of the lift after which the object comes nearer, past the knees."""
LEAST_RISE = 0.30
HIGHEST_PALM = 1.45
"""Height of the palms at most, over the height of the hip joints."""


@dataclasses.dataclass(frozen=True)
class _Stage:
    """Places `(3,)` of the robot, and the object's distance ahead [m] from there.

    `up (S,)` is how far the object is lifted or tipped in the video's frames, from 0
    to 1; `rise` [m] how far the robot lifts it. `first`, `last` are the video's frames
    between which the person walks with the object.
    """

    take: Floats
    give: Floats
    lies: float
    held: float
    up: Floats
    rise: float
    first: int
    last: int


def plan_handling(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """Targets at the robot's size for every frame of a task done with the palms."""
    grasp = find_grasp(demo, scene.object)
    if grasp.half[1] < NARROW:  # one can bend over it; no need to sit on the heels
        demo = dataclasses.replace(demo, crouch=np.maximum(demo.crouch, LEAST_CROUCH))
    if grasp.pushes:  # what is pushed hides the legs, whose height is then a guess
        demo = dataclasses.replace(demo, crouch=np.maximum(demo.crouch, LEAST_UPRIGHT))
    stage = _set_stage(demo, grasp, body)
    moves, taken, given = _moves(demo, stage, grasp)
    stance = half_stance(demo, body)
    if grasp.half[1] < NARROW:
        wide = max(stance, WIDE)
        if taken:
            moves[taken - 1] = dataclasses.replace(moves[taken - 1], half=wide)
        stance = stance if taken else wide
    gait = plan_gait(moves, body, stance)
    plan = stand_up(demo, scene, body, gait)
    start, end = gait.spans[taken][0], gait.spans[given][1]
    frames = np.arange(gait.num_frames)
    held = (frames >= start) & (frames < end)
    up = gaussian(read_at(stage.up, gait.video), 3.0)
    pos, quat = _object_path(stage, grasp, gait, up)
    contact = plan.contact.copy()
    contact[:, [CONTACT_NAMES.index(f"{s}_hand") for s in ("left", "right")]] = held[
        :, None
    ]
    lifted = held & (pos[:, 2] > grasp.half[2] + 0.004) & (grasp.tip == 0)
    arrived = gait.spans[taken - 1][0] if taken else 0
    reach = reach_curve(frames, start, end, arrived, gait.num_frames)
    pelvis = plan.pelvis_pos_w.copy()
    pelvis[:, 2] = _hip_height(pelvis[:, 2], grasp.tip, held, reach, up)
    return dataclasses.replace(
        plan,
        pelvis_pos_w=pelvis,
        object_pos_w=pos,
        object_quat_w=quat,
        contact=contact,
        carried=gaussian(lifted.astype(float), 3.0),
        palm_weight=np.repeat(reach[:, None], 2, axis=1),
        **place_palms(grasp, gait, (pos, quat), start, end),
    )


def _hip_height(
    height: Floats, tip: int, held: NDArray[np.bool_], reach: Floats, up: Floats
) -> Floats:
    """The pelvis' height `(T,)` [m]: it rises with what is held, `up` 0 to 1.

    For what is stood up it also goes down as the hands `reach`: hips that come later
    than the hands let the trunk dive.
    """
    lowest = height[held].min()
    if tip:
        tall = height.max()
        before = np.arange(len(height)) < int(np.argmax(held))
        low = np.minimum(height, tall + reach * (lowest - tall))
        height = np.where(before, low, height)
    rising = up * {0: 1.0, 1: TIP_RISE, -1: 0.0}[tip]
    return np.maximum(height, lowest + rising * (height.max() - lowest))


def _set_stage(demo: Demonstration, grasp: Grasp, body: Body) -> _Stage:
    """Where everything happens: the person's distances, the robot's reach."""
    scale = body.hip_height / demo.hip_height
    forward = np.array([np.cos(grasp.heading), np.sin(grasp.heading)])
    rest, half = demo.rest[:2], grasp.half[0]
    up, rise = np.zeros(demo.num_frames), 0.0
    if not grasp.pushes:
        up, rise = tip_curve(demo) if grasp.tip else lift_curve(demo)
    last = min(demo.end, demo.num_frames - 1)
    gone, there = demo.walk_between(demo.start, last, STEP)
    if grasp.tip:
        there = gone  # it turns about its foot; nobody walks meanwhile
    if not (grasp.pushes or grasp.tip) and there > gone:
        high = np.flatnonzero(up[:there] < 0.95)
        gone = min(max(gone, int(high[-1]) if len(high) else 0), there - 1)
    if grasp.pushes:
        lies = held = half + PUSH_GAP
        gone, there = max(gone, demo.start + 1), max(there, gone + 2)
    else:
        near, far = (body.toe + gap for gap in TOE_GAP)
        if grasp.half[1] < NARROW:
            near = far
        if grasp.tip:
            near = far = body.toe + (TIP_GAP if grasp.tip > 0 else NEAR_END)
        distance = float((rest - demo.place[demo.start, :2]) @ forward)
        lies = half + float(np.clip(scale * distance - half, near, far))
        held = half + float(np.clip(scale * _ahead(demo, up) - half, *BODY_GAP))
        rise = _robot_rise(grasp, scale, body, rise)
    take = np.array([*(rest - lies * forward), grasp.heading])
    give = take
    if there > gone:
        out = held if demo.end >= demo.num_frames else lies
        give = _give_up(demo, take, out)
    return _Stage(take, give, lies, held, up, rise, gone, there)


def _give_up(demo: Demonstration, take: Floats, ahead: float) -> Floats:
    """Where the robot stands `(3,)` as the object arrives `ahead` [m] of it."""
    goal = np.median(demo.object_pos[min(demo.end, demo.num_frames - 5) :], axis=0)
    turned = rotations.yaw(demo.object_quat[demo.start : demo.end])
    turned = np.unwrap(turned, period=np.pi / 2)
    heading = take[2] + float(np.median(turned[-5:]) - np.median(turned[:5]))
    if demo.interaction.object.shape != "box":
        heading = take[2] + demo.place[demo.end - 1, 2] - demo.place[demo.start, 2]
    forward = np.array([np.cos(heading), np.sin(heading)])
    return np.array([*(goal[:2] - ahead * forward), heading])


def _ahead(demo: Demonstration, up: Floats) -> float:
    """How far ahead of the ankles [m] the person holds the object."""
    place = demo.place
    forward = np.stack([np.cos(place[:, 2]), np.sin(place[:, 2])], axis=1)
    away = ((demo.object_pos[:, :2] - place[:, :2]) * forward).sum(axis=1)
    return float(np.median(away[up > 0.9])) if (up > 0.9).any() else 0.0


def _robot_rise(grasp: Grasp, scale: float, body: Body, rise: float) -> float:
    """How far [m] the robot lifts: to the person's height at the robot's size."""
    if grasp.tip:
        return 0.0
    half = grasp.half[2]
    wanted = max(scale * (half + rise) - half, min(rise, LEAST_RISE))
    palm = half + float(grasp.palm_o[0, 2])
    return min(wanted, HIGHEST_PALM * body.hip_height - palm)


def _moves(
    demo: Demonstration, stage: _Stage, grasp: Grasp
) -> tuple[list[Move], int, int]:
    """Standing and walking in order; where the touch begins, and with which it ends."""
    take, give = stage.take[None], stage.give[None]
    moves, arrives = approach(demo, stage.take)
    length = max(demo.start - arrives, LEAD_IN)
    moves.append(Move((arrives, demo.start), take, length))
    taken = len(moves)
    end = min(demo.end, demo.num_frames)
    if stage.last > stage.first:
        first, last = stage.first, stage.last
        way = blend_way(demo.way(first, last), stage.take, stage.give)
        stride = PUSH_STRIDE if grasp.pushes else HELD_STRIDE
        moves.append(Move((demo.start, first), take, max(first - demo.start, 25)))
        moves.append(Move((first, last), way, stride=stride))
        moves.append(Move((last, end), give, max(end - last, 20)))
    else:
        least = TIPPING if grasp.tip else 40
        moves.append(Move((demo.start, end), take, max(end - demo.start, least)))
    given = len(moves) - 1
    if end < demo.num_frames:
        length = max(demo.num_frames - end, HOLD + 20)
        moves.append(Move((end, demo.num_frames - 1), give, length))
    else:
        settled = stage.up[::-1] < stage.up[-1] - 0.02
        length = max(HOLD - int(np.argmax(settled)), 1)
        moves.append(Move((end - 1, end - 1), give, length))
        given += 1
    return moves, taken, given


def _object_path(
    stage: _Stage, grasp: Grasp, gait: Gait, up: Floats
) -> tuple[Floats, Floats]:
    """The object's centre `(T, 3)` [m] and orientation `(T, 4)`, with the robot."""
    half = grasp.half
    local = np.zeros((len(up), 3))
    if grasp.tip:
        angle = up * np.pi / 2
        long, thin, tip = half[0], half[2], grasp.tip
        pivot = stage.lies - tip * long
        local[:, 0] = pivot + tip * (long * np.cos(angle) - thin * np.sin(angle))
        local[:, 2] = thin * np.cos(angle) + long * np.sin(angle)
        base = np.tile(stage.take, (len(up), 1))
        quat = leaning(base[:, 2], tip * (np.pi / 2 - angle))
        return ahead_of(base, local), quat
    nearer = min_jerk((up - NEARER_FROM) / (1.0 - NEARER_FROM))
    local[:, 0] = stage.lies + nearer * (stage.held - stage.lies)
    local[:, 2] = half[2] + up * stage.rise
    base = _carrying(stage, gait)
    quat = rotations.multiply(rotations.from_yaw(base[:, 2]), grasp.quat)
    return ahead_of(base, local), np.asarray(quat, dtype=np.float64)


def _carrying(stage: _Stage, gait: Gait) -> Floats:
    """The body's way `(T, 3)` from where it takes the object on; there before."""
    near = np.linalg.norm(wrap(gait.base - stage.take), axis=1) < 1e-6
    base = gait.base.copy()
    base[: int(np.argmax(near))] = stage.take
    return base
