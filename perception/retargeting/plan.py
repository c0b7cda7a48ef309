"""Where feet, palms, trunk and object go: the demonstration at the robot's size.

The video gives the timing and the style. The robot stands at the origin facing +x,
the object at its true size lies square before it, and the palms take the faces that
the person took.
"""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.retargeting.demonstration import Demonstration
from perception.retargeting.scene import RobotScene
from perception.retargeting.whole_body_ik import Frame
from perception.smoothing import min_jerk

Floats = NDArray[np.float64]

STANDING = 0.98
"""Height of the pelvis standing, over the robot's default height."""
STANCE = (0.11, 0.14)
TOE_GAP = (0.10, 0.17)
BODY_GAP = (0.15, 0.22)
NEARER_FROM = 0.3
"""Part of the lift after which the object comes nearer, past the knees."""
PALM_INSET = 0.025
PALM_RISE = 0.10
PALM_PITCH = 0.4
PALM_GAP = 0.010
PALM_BESIDE = 0.10
CLOSING = 20
LEAST_RISE = 0.30
HIGHEST_PALM = 1.45
"""Height of the palms at most, over the height of the hip joints."""


@dataclasses.dataclass(frozen=True)
class Body:
    """Lengths of the robot that a plan needs, in its default pose.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | ankle_height | () | m | foot body above the floor with its sole flat |
    | toe, heel | () | m | sole's ends, ahead of the foot's body |
    | hip_height | () | m | hip joints above the floor |
    | qpos | (nq,) | | the default pose, ankles' middle above the origin |
    """

    ankle_height: float
    toe: float
    heel: float
    hip_height: float
    qpos: Floats


@dataclasses.dataclass(frozen=True)
class Plan:
    """Targets of every frame, and when the palms hold the object.

    | field | shape | unit | frame |
    |---|---|---|---|
    | frames | T | | world |
    | held | (T,) | bool | |
    | com_w | (2,) | m | world, where the middle of the soles is |
    """

    frames: tuple[Frame, ...]
    held: NDArray[np.bool_]
    com_w: Floats


def measure_body(scene: RobotScene) -> Body:
    """Read the robot's lengths off its model."""
    robot, model = scene.robot, scene.model
    data = mujoco.MjData(model)
    origin = np.array([0.0, 0.0, robot.default_height])
    data.qpos[:] = scene.qpos(robot.array("default_pos"), origin, _FLAT)
    mujoco.mj_forward(model, data)
    ankles = [model.body(robot.contact_bodies[f"{s}_foot"]).id for s in _SIDES]
    middle = data.xpos[ankles].mean(axis=0)
    soles = np.stack([model.geom_pos[geoms] for geoms in scene.feet])
    radius = model.geom_size[scene.feet[0], 0]
    ankle_height = float((radius - soles[0, :, 2]).max())
    hip = ankles[0]
    while model.body_parentid[hip] != model.body(robot.root_body).id:
        hip = int(model.body_parentid[hip])
    floor = middle[2] - ankle_height
    qpos = data.qpos.copy()
    qpos[scene.root_qpos : scene.root_qpos + 3] -= [middle[0], middle[1], floor]
    return Body(
        ankle_height=ankle_height,
        toe=float(soles[..., 0].max()),
        heel=float(soles[..., 0].min()),
        hip_height=float(data.xpos[hip, 2] - floor),
        qpos=qpos,
    )


_SIDES = ("left", "right")
_FLAT = np.array([1.0, 0.0, 0.0, 0.0])


def make_plan(demo: Demonstration, scene: RobotScene, body: Body) -> Plan:
    """Targets at the robot's size for every frame of a demonstration."""
    scale = body.hip_height / demo.hip_height
    pos, quat = _object_path(demo, scene, body, scale)
    palms = _palm_paths(demo, scene, pos)
    stance = float(np.clip(scale * demo.stance / 2, *STANCE))
    feet = np.array(
        [[0.0, stance, body.ankle_height], [0.0, -stance, body.ankle_height]]
    )
    flat = np.tile(_FLAT, (2, 1))
    palm_quat = np.tile(_pitch(PALM_PITCH), (2, 1))
    middle = np.array([(body.toe + body.heel) / 2, 0.0])
    height = STANDING * scene.robot.default_height * demo.crouch
    frames = tuple(
        Frame(
            foot_pos_w=feet,
            foot_quat_w=flat,
            palm_pos_w=palms[t],
            palm_quat_w=palm_quat,
            palm_weight=0.0,
            pelvis_height=float(height[t]),
            torso_quat_w=_pitch(float(demo.trunk_pitch[t])),
            com_w=middle,
            object_pos_w=pos[t],
            object_quat_w=quat,
        )
        for t in range(demo.num_frames)
    )
    return Plan(frames, demo.held, middle)


def reach_out(plan: Plan, hanging: Floats, reach: Floats) -> Plan:
    """`plan` with palms that leave `hanging (T, 2, 3)` [m] for the object.

    `reach (T,)` is their progress; palms beside the object at 1.
    """
    weight = min_jerk(3.0 * reach)
    frames = []
    for t, frame in enumerate(plan.frames):
        palms = hanging[t] + reach[t] * (frame.palm_pos_w - hanging[t])
        frames.append(
            dataclasses.replace(
                frame, palm_pos_w=palms, palm_weight=max(float(weight[t]), 0.02)
            )
        )
    return dataclasses.replace(plan, frames=tuple(frames))


def _object_path(
    demo: Demonstration, scene: RobotScene, body: Body, scale: float
) -> tuple[Floats, Floats]:
    """The object's centre `(T, 3)` [m] and its constant orientation `(4,)`."""
    half = _half(demo, scene)
    rise = scale * demo.held_height - half[2]
    rise = max(rise, min(demo.rise, LEAST_RISE))
    highest = HIGHEST_PALM * body.hip_height - PALM_RISE * 2 * half[2] - half[2]
    rise = min(rise, highest)
    lies = half[0] + np.clip(scale * demo.distance - half[0], *_ahead(body, TOE_GAP))
    held = half[0] + np.clip(lies + scale * demo.forward - half[0], *BODY_GAP)
    nearer = min_jerk((demo.lift - NEARER_FROM) / (1.0 - NEARER_FROM))
    pos = np.zeros((demo.num_frames, 3))
    pos[:, 0] = lies + nearer * (held - lies)
    pos[:, 2] = half[2] + demo.lift * rise
    return pos, demo.object_quat_w


def _palm_paths(demo: Demonstration, scene: RobotScene, object_pos: Floats) -> Floats:
    """Palms `(T, 2, 3)` [m] beside the faces, and from when they are held on them."""
    half = _half(demo, scene)
    frames = np.arange(demo.num_frames)
    start = int(np.argmax(demo.held))
    end = int(demo.num_frames - np.argmax(demo.held[::-1]))
    closed = min_jerk((frames - start) / CLOSING + 1.0)
    if end < demo.num_frames:
        closed *= 1.0 - min_jerk((frames - end) / CLOSING)
    gap = PALM_GAP + PALM_BESIDE * (1.0 - closed)
    beside = np.zeros((demo.num_frames, 2, 3))
    for side, sign in enumerate((1.0, -1.0)):
        beside[:, side, 0] = -half[0] + PALM_INSET
        beside[:, side, 1] = sign * (half[1] + gap)
        beside[:, side, 2] = PALM_RISE * 2 * half[2]
    return beside + object_pos[:, None]


def _half(demo: Demonstration, scene: RobotScene) -> Floats:
    """Half extents `(3,)` [m] of the object as it stands before the robot."""
    turned = rotations.to_matrix(demo.object_quat_w)
    return np.abs(turned) @ np.asarray(scene.object.half_size)


def _ahead(body: Body, gap: tuple[float, float]) -> tuple[float, float]:
    return body.toe + gap[0], body.toe + gap[1]


def _pitch(angle: float) -> Floats:
    """Orientation `(4,)` leaning forward by `angle` [rad]."""
    return np.array([np.cos(angle / 2), 0.0, np.sin(angle / 2), 0.0])
