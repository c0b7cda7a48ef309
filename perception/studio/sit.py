"""Sit on a chair: walk to it, turn round, sit down, stay, perhaps stand up again."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.actor.posing import landmarks
from assets.objects import SEAT, ObjectSpec
from assets.rotations import Array
from perception.prior import CONTACT_NAMES
from perception.studio import approach, gait, route
from perception.studio.motion import Motion, distance, upright
from perception.studio.posture import Score, blank, embody
from perception.studio.route import Gait
from perception.studio.timeline import Timeline, ease

_SITTING = ("pelvis", "l_thigh", "r_thigh")
_DENT = 0.02
"""How far [m] a seat may press into thighs."""
_TOUCH = 0.002


@dataclasses.dataclass(frozen=True)
class _Sit:
    """One sitting down's choices [m, rad]."""

    gait: Gait
    start: Array  # station
    stations: Array
    first: int
    time: Timeline
    chair: Array  # x, y
    heading: float
    depth: float  # of the pelvis behind the seat's front edge
    lean: float  # of the trunk on the way
    rest: float  # of the trunk once seated
    rises: bool
    hands: Array  # where on the thighs the palms lie, 0 hip, 1 knee


def sit_chair(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a chair, turn round before it, sit down, by the draw stand up again.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the body out of the chair.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng), fps)

    return approach.first_that_fits("sit-chair", act, rng)


def _draw(model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator) -> _Sit:
    """Draw where everything is and when everything happens."""
    way = route.draw_gait(model, rng)
    scale = model.body("pelvis").pos[2] / 0.93
    heading = rng.uniform(-0.9, 0.9)
    aside = rng.uniform(-1.3, 1.3)
    far = rng.uniform(1.1, 2.6) * route.direction(heading + aside)
    ahead = route.direction(heading)
    front = spec.half_size[0] + rng.uniform(0.1, 0.17) * scale
    before = (front + rng.uniform(0.14, 0.24)) * ahead
    to = float(np.arctan2(*(before - far)[::-1]))
    turned = (to - heading + np.pi) % (2 * np.pi) - np.pi
    start = route.station(far, to + rng.uniform(-0.4, 0.4), rng.uniform(0.08, 0.12))
    arrive = route.station(before, to, way.half_width)
    stance = route.station(front * ahead, to - turned, rng.uniform(0.09, 0.13))
    stations = np.concatenate(
        [
            route.path(start, arrive, way),
            route.turn(arrive, stance, rng.uniform(0.8, 1.1)),
        ]
    )
    rises = bool(rng.random() < 0.5)
    still, settle, sit, stay, rise, hold = rng.uniform(
        [0.3, 0.05, 1.1, 1.0, 1.1, 0.4], [0.5, 0.25, 1.5, 2.0, 1.5, 0.7]
    )
    time = Timeline(
        still=still,
        walk=route.duration(way, stations) + settle,
        sit=sit,
        stay=stay,
        **({"rise": rise, "hold": hold} if rises else {}),
    )
    return _Sit(
        gait=way,
        start=start,
        stations=stations,
        first=int(turned > 0.0),
        time=time,
        chair=np.zeros(2),
        heading=heading,
        depth=rng.uniform(0.12, 0.24),
        lean=np.radians(rng.uniform(35.0, 48.0)),
        rest=np.radians(rng.uniform(-4.0, 6.0)),
        rises=rises,
        hands=rng.uniform(0.5, 0.75, 2),
    )


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Sit, fps: float
) -> Motion | str:
    """The whole clip of one plan, or what is wrong with it."""
    t, time = plan.time.frames(fps), plan.time
    steps = route.footsteps(plan.gait, plan.stations, time.start("walk"), plan.first)
    feet = gait.walk(model, plan.gait, plan.start, steps, t)
    _tiptoe(model, spec, plan, feet, t)
    place = np.array([*plan.chair, spec.half_size[2]])
    chair = np.tile(place, (len(t), 1)), upright(np.full(len(t), plan.heading), 0.0 * t)
    score = blank(feet, plan.gait.arms)
    _sit_down(model, spec, plan, score, t)
    score.gaze_w = chair[0]
    score.attention = 0.5 * (1.0 - time.ease(t, "walk", wait=0.3, early=0.3))
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    first = np.flatnonzero(score.seated == 1.0)[:1]
    for _ in range(2):
        _settle(model, score, chair, contact)
        _lay_hands(model, plan, score, embody(model, score.at(first), None).qpos[0], t)
    _settle(model, score, chair, contact)
    solution = embody(model, score, fps)
    motion = Motion(solution.qpos, *chair, contact, solution.stretch)
    gap = distance(model, motion, "pelvis")
    contact[:, CONTACT_NAMES.index("pelvis")] = gap < _TOUCH
    dent = distance(model, motion, *_SITTING[1:]).min()
    if gap.min() < -3 * _TOUCH or dent < -_DENT:
        return f"the seat is {-min(dent, gap.min()):.3f} m inside the body"
    return approach.fault(model, motion, but=_SITTING) or motion


def _tiptoe(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Sit, feet: gait.Feet, t: Array
) -> None:
    """Lift the heels of someone whose knees would be below a high seat."""
    knee = model.body("pelvis").pos[2] + model.body("l_shank").pos[2]
    short = SEAT * spec.size[2] + model.geom("l_quadriceps").size[0] - knee
    toe = model.geom("l_sole").pos[0] + model.geom("l_sole").size[0]
    most = np.arcsin(np.clip(short / toe, 0.0, 0.6))
    down = (
        plan.time.between(t, "sit", "rise") if plan.rises else plan.time.ease(t, "sit")
    )
    pitch = feet.pitch + (most * down)[:, None]
    sits = np.flatnonzero(down > 0.0)
    for side in (0, 1):
        yaw = rotations.yaw(feet.foot_quat_w[sits, side])
        flat = feet.flat_w[sits, side]
        rolled = gait.rolled(model, flat, yaw, pitch[sits, side], 0.0 * yaw)
        feet.ankle_pos_w[sits, side], feet.foot_quat_w[sits, side] = rolled


def _settle(
    model: mujoco.MjModel,
    score: Score,
    chair: tuple[Array, Array],
    contact: NDArray[np.bool_],
) -> None:
    """Raise or lower the pelvis until it lies on the seat, and is never in it."""
    near = np.flatnonzero(score.drop > 0.1)
    pose = [part[near] for part in chair]
    seated = score.seated[near] == 1.0
    for _ in range(2):
        solution = embody(model, score.at(near), None)
        there = Motion(solution.qpos, pose[0], pose[1], contact[near], solution.stretch)
        gap = distance(model, there, "pelvis")
        gap = np.where(seated, gap, np.minimum(gap, 0.0))
        score.seat_w[near, 2] -= gap
        score.drop[near] += gap


def _sit_down(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Sit, score: Score, t: Array
) -> None:
    """Lower the pelvis behind a leaning trunk, give it to the seat, straighten."""
    time, hip = plan.time, model.body("pelvis").pos[2]
    down, over = time.ease(t, "sit"), time.ease(t, "sit", wait=0.5)
    end, length = time.end("sit"), time.end("sit") - time.start("sit")
    upright_again = ease(t, end - 0.35 * length, end + 0.35)
    lean = time.ease(t, "sit", early=0.45) - upright_again
    upper = over.copy()
    if plan.rises:
        down = down - time.ease(t, "rise")
        over = over - time.ease(t, "rise", early=0.5)
        forward = time.ease(t, "rise", early=0.55)
        upper = upper - forward
        lean = lean + forward - time.ease(t, "rise", wait=0.45)
    height = SEAT * spec.size[2] + 0.11 * hip / 0.93
    ahead = route.direction(plan.heading)
    score.seat_w[:, :2] = plan.chair + (spec.half_size[0] - plan.depth) * ahead
    score.seat_w[:, 2] = height
    score.drop = (hip - height) * down
    score.seated = over
    score.pitch = 0.05 + (plan.lean - 0.05) * lean
    score.pitch += (plan.rest - 0.05) * (upper * (1.0 - lean))
    score.knees_out = 0.1 * down


def _lay_hands(
    model: mujoco.MjModel, plan: _Sit, score: Score, qpos: Array, t: Array
) -> None:
    """Palms on the thighs of someone seated as in `qpos`."""
    time = plan.time
    joints = landmarks(model, qpos[None])[0]
    hips, knees = joints[:2], joints[2:4]
    radius = model.geom("l_quadriceps").size[0]
    score.palm_w[:] = hips + plan.hands[:, None] * (knees - hips)
    score.palm_w[..., 2] += radius + 0.008
    ahead = np.array([np.cos(plan.heading), np.sin(plan.heading), 0.0])
    up, left = np.array([0.0, 0.0, 1.0]), np.array([-ahead[1], ahead[0], 0.0])
    axes = [
        np.stack(columns, -1) for columns in ((-left, up, -ahead), (left, -up, -ahead))
    ]
    score.hand_quat_w[:] = rotations.from_matrix(np.array(axes))
    reach = time.ease(t, "sit", wait=0.45)
    if plan.rises:
        reach = reach - time.ease(t, "rise", early=0.4)
    score.reach = np.repeat(reach[:, None], 2, axis=1)
