"""Pictures of the robot in a prior's poses."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.canvas import Canvas
from assets.robot import RobotSpec
from assets.scene import scene_spec
from perception.prior import Prior
from perception.report.inline import Picture
from perception.studio.viewpoint import CAMERA, aim, look_at


def prior_strip(prior: Prior, robot: RobotSpec, count: int = 5) -> Picture:
    """RGB poses of the robot and the object side by side, from first to last frame."""
    indices = np.linspace(0, prior.num_frames - 1, count).round().astype(int)
    return np.hstack(list(prior_frames(prior, robot, indices, (220, 280))))


def prior_frames(
    prior: Prior, robot: RobotSpec, indices: NDArray[np.int_], size: tuple[int, int]
) -> Iterator[Picture]:
    """RGB pictures of `size` (width, height) of the prior's frames `indices`."""
    spec = scene_spec(robot, prior.object)
    spec.worldbody.add_camera(name=CAMERA)
    model = spec.compile()
    data = mujoco.MjData(model)
    middle = np.concatenate([prior.root_pos_w[:, :2], prior.object_pos_w[:, :2]])
    target = np.array([*middle.mean(axis=0), 0.6])
    aim(model, look_at(target + np.array([1.9, 1.5, 0.7]), target, 30.0, size))
    joints = [model.joint(name).qposadr[0] for name in prior.joint_names]
    root = model.body(robot.root_body).jntadr[0]
    objects = model.joint("object_free").qposadr[0]
    with Canvas(model, size) as canvas:
        for index in indices:
            first = model.jnt_qposadr[root]
            data.qpos[first : first + 3] = prior.root_pos_w[index]
            data.qpos[first + 3 : first + 7] = prior.root_quat_w[index]
            data.qpos[joints] = prior.joint_pos[index]
            data.qpos[objects : objects + 3] = prior.object_pos_w[index]
            data.qpos[objects + 3 : objects + 7] = prior.object_quat_w[index]
            mujoco.mj_forward(model, data)
            yield canvas.draw(data, CAMERA)
