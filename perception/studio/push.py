"""Push a box: walk to it, lay both hands on its near face, walk on against it."""

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
from perception.studio.gait import Feet
from perception.studio.motion import Motion, upright
from perception.studio.posture import Score, blank, embody
from perception.studio.route import OUTWARD
from perception.studio.timeline import Timeline, ease


@dataclasses.dataclass(frozen=True)
class _Push:
    """One push's choices [m, rad]."""

    walk: WalkUp
    to_goal: Array  # stations of the walk behind the box
    first: int  # the foot that begins it
    time: Timeline
    shift: float  # how far the box goes
    grip: Array  # left palm on the near face, y and z in the object's frame
    fan: float  # the fingers' turn outward
    pitch: float


def push_box(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Walk to a big box and push it 0.8 to 2.2 m over the floor.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the box clear of the body.
    """

    def act(rng: np.random.Generator) -> Motion | str:
        return _perform(model, spec, _draw(model, spec, rng), fps)

    return approach.first_that_fits("push-box", act, rng)


def _draw(model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator) -> _Push:
    """Draw where everything is and when everything happens."""
    scale = model.body("pelvis").pos[2] / 0.93
    ahead = spec.half_size[0] + rng.uniform(0.48, 0.55) * scale
    walk = approach.draw_walk_up(model, rng, ahead, rng.uniform(0.09, 0.13) * scale)
    shift = rng.uniform(0.8, 2.2)
    give = walk.goal.copy()
    give[:2] += shift * route.direction(walk.heading)
    to_goal = route.path(walk.goal, give, walk.gait, rng.uniform(0.3, 0.38) * scale)
    still, down, close, press, settle, let, rise, hold = rng.uniform(
        [0.3, 0.6, 0.15, 0.15, 0.1, 0.15, 0.6, 0.25],
        [0.5, 0.9, 0.25, 0.3, 0.3, 0.25, 0.9, 0.5],
    )
    time = Timeline(
        still=still,
        walk=walk.duration,
        down=down,
        close=close,
        press=press,
        push=route.duration(walk.gait, to_goal) + settle,
        let=let,
        rise=rise,
        hold=hold,
    )
    below = rng.uniform(0.06, 0.13)
    return _Push(
        walk=walk,
        to_goal=to_goal,
        first=int(rng.integers(2)),
        time=time,
        shift=shift,
        grip=np.array([rng.uniform(0.14, 0.2), spec.half_size[2] - below]),
        fan=rng.uniform(-1.5, -1.15),
        pitch=np.radians(rng.uniform(28.0, 42.0)),
    )


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _Push, fps: float
) -> Motion | str:
    """The whole clip of one plan, or what is wrong with it."""
    t, time, way = plan.time.frames(fps), plan.time, plan.walk.gait
    steps = plan.walk.steps(time.start("walk"))
    steps += route.footsteps(way, plan.to_goal, time.start("push"), plan.first)
    feet = gait.walk(model, way, plan.walk.start, steps, t)
    box = _object_path(spec, plan, feet, t, fps)
    score = blank(feet, way.arms)
    _use_hands(spec, plan, score, box, t)
    bent = time.between(t, "down", "rise")
    score.elbows_out = bent
    grasp = int(np.searchsorted(t, time.end("close")))
    fit = approach.crouch(model, score, box, grasp, plan.pitch, 0.9, 0.2)
    if isinstance(fit, str):
        return fit
    score.pitch = 0.05 + (fit[0] - 0.05) * bent
    score.drop = fit[1] * bent
    score.gaze_w = box[0] + [0.0, 0.0, spec.half_size[2]]
    score.attention = 0.7 - 0.4 * time.ease(t, "push")
    solution = embody(model, score, fps)
    touching = (t >= time.end("close") - 1e-9) & (t <= time.end("push") + 1e-9)
    motion = Motion(solution.qpos, *box, approach.hands(t, touching), solution.stretch)
    return approach.fault(model, motion) or motion


def _object_path(
    spec: ObjectSpec, plan: _Push, feet: Feet, t: Array, fps: float
) -> tuple[Array, Array]:
    """The box's positions `(T, 3)` and quaternions `(T, 4)`: as fast as the body."""
    begin, end = plan.time.start("push"), plan.time.end("push")
    ahead = route.direction(plan.walk.heading)
    speed = np.gradient(feet.com_w @ ahead)
    speed = np.maximum(gaussian_filter1d(speed, 0.12 * fps, mode="nearest"), 0.0)
    speed *= ease(t, begin - 0.1, begin + 0.35) - ease(t, end - 0.35, end)
    gone = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    pos = np.tile([*plan.walk.spot_w, spec.half_size[2]], (len(t), 1))
    pos[:, :2] += (plan.shift / gone[-1] * gone)[:, None] * ahead
    return pos, upright(np.full(len(t), plan.walk.heading), 0.0 * t)


def _use_hands(
    spec: ObjectSpec,
    plan: _Push,
    score: Score,
    box: tuple[Array, Array],
    t: Array,
) -> None:
    """Palms before the near face, then on it, in the end off it again."""
    time = plan.time
    gap = 1.0 - time.ease(t, "close") + time.ease(t, "let")
    grip = np.empty((len(t), 2, 3))
    grip[..., 0] = -(spec.half_size[0] + 0.08 * gap)[:, None]
    grip[..., 1], grip[..., 2] = plan.grip[0] * OUTWARD, plan.grip[1]
    hand = rotations.multiply(box[1][:, None], flat_hands(plan.fan))
    approach.hold(score, box, grip, hand, time.between(t, "down", "rise", late=0.2))


def flat_hands(fan: float) -> Array:
    """Hands `(2, 4)` with palms along +x, fingers up, turned outward by `fan` [rad]."""
    up, left = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    hands = []
    for side in OUTWARD:
        fingers = np.cos(fan) * up + np.sin(fan) * side * left
        y = np.array([-side, 0.0, 0.0])
        hands.append(np.stack([np.cross(y, -fingers), y, -fingers], axis=-1))
    return rotations.from_matrix(np.array(hands))
