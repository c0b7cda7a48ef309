"""Lift a box: bend to it, take it between the palms, stand up with it."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np

from assets import rotations
from assets.actor.posing import Pose, Solution
from assets.objects import ObjectSpec
from assets.rotations import Array
from perception.prior import CONTACT_NAMES
from perception.studio.motion import CLEARANCE, Motion, balance, clearance, upright


@dataclasses.dataclass
class _LiftPlan:
    """One lift's choices [m, s, rad]; `_fit` adjusts the last four."""

    step: Array  # ankles' x
    stance: float  # half the distance between the ankles
    toe_out: Array
    grip: Array  # palms' centre in the object's frame, x and z
    yaw: float  # of the object on the floor
    aside: float  # y of the object on the floor
    tilt: float  # of the object once held
    sway: Array  # amplitude and phase
    times: Array  # lengths of: still, bend, close, press, lift, hold
    hold_height: float
    pitch: float = 0.0
    drop: float = 0.0
    distance: float = 0.0
    hold_distance: float = 0.0

    def ease(self, t: Array, phase: int, wait: float = 0.0) -> Array:
        """Minimum-jerk rise from 0 to 1 over a phase, less its share `wait`."""
        length, end = self.times[phase], self.times[: phase + 1].sum()
        x = np.clip(1.0 - (end - t) / (length * (1.0 - wait)), 0.0, 1.0)
        return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def lift_box(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator, fps: float
) -> Motion:
    """Bend to a box on the floor, take it between the palms, stand up with it.

    `model` holds the actor and a mocap body `object`. Raises RuntimeError when no
    plan keeps the box clear of the body.
    """
    plan, short = _plan_lift(model, spec, rng), [0.0]
    for _ in range(12):
        _fit(model, spec, plan)
        motion = _perform(model, spec, plan, fps)
        gaps = clearance(model, motion)
        lifting = (
            np.arange(len(gaps)) / fps > plan.times[:4].sum() + 0.7 * plan.times[4]
        )
        short = [CLEARANCE - gaps[part].min() for part in (~lifting, lifting)]
        if max(short) <= 0.0:
            return motion
        plan.distance += max(0.0, short[0]) + 0.005 * (short[0] > 0)
        plan.hold_distance += max(0.0, short[1]) + 0.005 * (short[1] > 0)
    msg = f"lift-box: a box of {spec.size} m stays {max(short):.3f} m too close"
    raise RuntimeError(msg)


def _plan_lift(
    model: mujoco.MjModel, spec: ObjectSpec, rng: np.random.Generator
) -> _LiftPlan:
    """Draw one lift; squat keeps the trunk steep, stoop bends it."""
    hip = model.body("pelvis").pos[2]
    scale = hip / 0.93
    _, _, half_z = spec.half_size
    return _LiftPlan(
        step=rng.uniform(-0.02, 0.02, 2) * scale,
        stance=rng.uniform(0.12, 0.17) * scale,
        toe_out=np.array([1.0, -1.0]) * np.radians(rng.uniform(4.0, 14.0, 2)),
        grip=np.array([rng.uniform(-0.03, 0.01), rng.uniform(0.3, 0.7) * half_z]),
        yaw=np.radians(rng.uniform(-6.0, 6.0)),
        aside=rng.uniform(-0.02, 0.02),
        tilt=np.radians(rng.uniform(-5.0, 2.0)),
        sway=np.array([rng.uniform(0.003, 0.01), rng.uniform(0.0, 2 * np.pi)]),
        times=rng.uniform(
            [0.25, 0.95, 0.25, 0.08, 1.1, 0.95], [0.45, 1.35, 0.35, 0.15, 1.45, 1.1]
        ),
        hold_height=hip * rng.uniform(0.98, 1.1),
        pitch=np.radians(rng.uniform(36.0, 61.0)),
        distance=rng.uniform(0.36, 0.46),
        hold_distance=spec.half_size[0] + rng.uniform(0.14, 0.18),
    )


def _fit(model: mujoco.MjModel, spec: ObjectSpec, plan: _LiftPlan) -> None:
    """Lower the pelvis only as far as the hands need to take the object."""
    grasp = float(plan.times[:3].sum())
    while True:
        drops = np.linspace(0.05, 0.45, 41) * model.body("pelvis").pos[2]
        _, solution = _solve_lift(model, spec, plan, np.full(41, grasp), drops)
        near = np.flatnonzero(solution.stretch[:, :2].max(axis=1) < 0.94)
        if len(near) or plan.pitch > np.radians(60.0):
            plan.drop = float(drops[near[0] if len(near) else -1])
            return
        plan.pitch += np.radians(3.0)


def _perform(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _LiftPlan, fps: float
) -> Motion:
    """The whole clip of one plan."""
    t = np.arange(round(plan.times.sum() * fps)) / fps
    drops = np.full(len(t), plan.drop)
    (pos_w, quat_w), solution = _solve_lift(model, spec, plan, t, drops)
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    hands = [CONTACT_NAMES.index(name) for name in ("left_hand", "right_hand")]
    contact[:, hands] = (t >= plan.times[:3].sum())[:, None]
    return Motion(solution.qpos, pos_w, quat_w, contact, solution.stretch)


def _solve_lift(
    model: mujoco.MjModel, spec: ObjectSpec, plan: _LiftPlan, t: Array, drop: Array
) -> tuple[tuple[Array, Array], Solution]:
    """Object poses and balanced joints at times `t (T,)`, pelvis lowered by `drop`."""
    held = _object_path(spec, plan, t)
    bent = plan.ease(t, 1) * (1.0 - plan.ease(t, 4))
    risen = plan.ease(t, 4)
    wobble = plan.sway[0] * np.sin(2.0 * t + plan.sway[1])
    heading = 0.5 * plan.yaw * bent + 2.0 * wobble
    foot_quat = rotations.from_yaw(np.tile(plan.toe_out, (len(t), 1)))
    hip = model.body("pelvis").pos[2]
    ankle = np.zeros((len(t), 2, 3))
    ankle[..., 0], ankle[..., 1] = plan.step, plan.stance * np.array([1.0, -1.0])
    ankle[..., 2] = hip + model.body("l_shank").pos[2] + model.body("l_foot").pos[2]
    pelvis = np.stack([0 * t, 0 * t, hip - 0.012 - drop * bent], axis=-1)
    chest = upright(heading, plan.pitch * bent - 0.05 * risen)
    palm, hand = _hands(model, spec, plan, t, held)
    knee = rotations.from_yaw(plan.toe_out * (1.0 + bent[:, None]))
    pose = Pose(
        pelvis_pos_w=pelvis,
        pelvis_quat_w=upright(0.5 * heading, 0.6 * plan.pitch * bent),
        chest_quat_w=chest,
        head_quat_w=upright(heading, (0.6 * plan.pitch + 0.3) * bent + 0.1 * risen),
        ankle_pos_w=ankle,
        foot_quat_w=foot_quat,
        palm_pos_w=palm,
        hand_quat_w=hand,
        knee_w=rotations.rotate(knee, np.array([1.0, 0.0, 0.0])),
        elbow_w=rotations.rotate(
            chest[:, None], np.array([[-1.0, 0.5, -0.3], [-1.0, -0.5, -0.3]])
        ),
    )
    middle = ankle.mean(axis=1)[:, :2] + np.stack([0.045 + 0 * t, wobble], axis=-1)
    return held, balance(model, pose, middle)


def _object_path(spec: ObjectSpec, plan: _LiftPlan, t: Array) -> tuple[Array, Array]:
    """The object's position `(T, 3)` and quaternion `(T, 4)`."""
    up = plan.ease(t, 4)
    start = np.array([plan.distance, plan.aside, spec.half_size[2]])
    end = np.array([plan.hold_distance, 0.0, plan.hold_height])
    inward = plan.ease(t, 4, wait=0.3)
    pos = start + (end - start) * np.stack([inward, up, up], axis=-1)
    pos[:, 2] += 0.004 * np.sin(3.0 * t + plan.sway[1]) * up
    return pos, upright(plan.yaw * (1.0 - 0.8 * up), plan.tilt * up)


def _hands(
    model: mujoco.MjModel,
    spec: ObjectSpec,
    plan: _LiftPlan,
    t: Array,
    held: tuple[Array, Array],
) -> tuple[Array, Array]:
    """Palms `(T, 2, 3)` and hands `(T, 2, 4)`: hanging, then beside, then on it."""
    reach, close = plan.ease(t, 1)[:, None], plan.ease(t, 2)
    sides = np.array([1.0, -1.0])
    scale = model.body("pelvis").pos[2] / 0.93
    hang = np.array([[0.06, 0.24, 0.86], [0.06, -0.24, 0.86]]) * scale
    gap = 0.10 * (1.0 - close)
    grip = np.empty((len(t), 2, 3))
    grip[..., 0], grip[..., 2] = plan.grip
    grip[..., 1] = (spec.half_size[1] + gap)[:, None] * sides
    at_object = held[0][:, None] + rotations.rotate(held[1][:, None], grip)
    palm = hang + (at_object - hang) * reach[..., None]
    palm[..., 1] += 0.04 * np.sin(np.pi * reach) * sides
    droop = np.radians(-10.0 - 25.0 * reach[:, 0] - 22.0 * plan.ease(t, 4))
    turn = rotations.multiply(held[1], upright(0 * t, droop))
    hand = rotations.slerp(upright(0 * t, droop), turn, reach[:, 0])
    return palm, np.repeat(hand[:, None], 2, axis=1)
