"""Somebody who walks past in the background, behind the performance."""

from __future__ import annotations

import mujoco
import numpy as np

from assets import rotations
from assets.actor.actor import Actor, make_spec
from assets.actor.posing import Pose, solve
from assets.rotations import Array
from perception.studio.room import Room
from perception.studio.viewpoint import Camera

PREFIX = "passer_"
"""Before the names of this person's bodies, joints and materials."""

_STANCE = 0.62
"""Share of a cycle of two steps in which a foot is on the floor."""


def add_passer_by(spec: mujoco.MjSpec, actor: Actor) -> None:
    """Add a second person to a scene."""
    spec.attach(make_spec(actor), prefix=PREFIX, frame=spec.worldbody.add_frame())


def walk_past(
    actor: Actor,
    room: Room,
    camera: Camera,
    frames: int,
    fps: float,
    rng: np.random.Generator,
) -> Array:
    """Joints `(T, nq)` of somebody crossing `room` along its back wall.

    They come into the picture of the still `camera` after its first second.
    """
    model = make_spec(actor).compile()
    time = np.arange(frames) / fps
    speed, sense = rng.uniform(0.9, 1.4), rng.choice([-1.0, 1.0])
    lane = rng.uniform(room.depth + 0.9, room.back - 0.6)
    ways = np.arange(0.0, 12.0, 0.05)
    path = np.stack([room.at(-lane, -sense * way, 1.0) for way in ways])
    seen = np.abs(camera.project(path)[:, 0] / camera.size[0] - 0.5) < 0.5
    outside = float(ways[seen].max(initial=0.0)) + 0.6
    enters = 1.0 + rng.uniform(0.0, 0.5) * time[-1]
    travel = speed * (time - enters) - outside
    start = room.at(-lane, 0.0, 0.0)
    heading = rotations.from_yaw(room.yaw + sense * np.pi / 2)
    pose = _stroll(model, travel, rng.uniform(0.55, 0.68), rng.uniform(0.0, 1.0))
    qpos = solve(model, pose).qpos
    qpos[:, :3] = start + rotations.rotate(heading[None], qpos[:, :3])
    qpos[:, 3:7] = rotations.multiply(heading[None], qpos[:, 3:7])
    return qpos


def _stroll(model: mujoco.MjModel, travel: Array, step: float, phase: float) -> Pose:
    """Walking along +x, the pelvis at `travel (T,)` [m]; feet swing, arms opposite."""
    hip = float(model.body("pelvis").pos[2])
    scale = hip / 0.93
    stride = 2.0 * step * scale
    sides, zero = np.array([1.0, -1.0]), np.zeros_like(travel)
    cycle = travel[:, None] / stride + phase + np.array([0.0, 0.5])
    swing = np.clip((np.mod(cycle, 1.0) - _STANCE) / (1.0 - _STANCE), 0.0, 1.0)
    landed = np.floor(cycle) + swing**2 * (3.0 - 2.0 * swing) - cycle + _STANCE / 2
    ankle = np.zeros((len(travel), 2, 3))
    ankle[..., 0] = travel[:, None] + stride * landed
    ankle[..., 1] = 0.08 * scale * sides
    ankle[..., 2] = hip + model.body("l_shank").pos[2] + model.body("l_foot").pos[2]
    ankle[..., 2] += 0.09 * np.sin(np.pi * swing)
    palm = np.zeros((len(travel), 2, 3))
    palm[..., 0] = travel[:, None] - 0.22 * np.sin(2.0 * np.pi * cycle + 1.2)
    palm[..., 1], palm[..., 2] = 0.24 * scale * sides, 0.84 * scale
    forward = np.broadcast_to([1.0, 0.0, 0.0], ankle.shape)
    still = np.tile(rotations.IDENTITY, (len(travel), 1))
    pair = np.repeat(still[:, None], 2, axis=1)
    pelvis = np.stack([travel, zero, hip - 0.04 * scale + zero], axis=-1)
    return Pose(
        pelvis_pos_w=pelvis,
        pelvis_quat_w=still,
        chest_quat_w=still,
        head_quat_w=still,
        ankle_pos_w=ankle,
        foot_quat_w=pair,
        palm_pos_w=palm,
        hand_quat_w=pair,
        knee_w=forward,
        elbow_w=-forward,
    )
