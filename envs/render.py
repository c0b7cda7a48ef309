"""Motions as pictures: a model, its states, and a camera that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.canvas import Canvas

Floats = NDArray[np.floating]


def render_motion(
    model: mujoco.MjModel,
    qpos: Floats,
    *,
    size: tuple[int, int] = (480, 360),
    azimuth: float = 130.0,
) -> Iterator[NDArray[np.uint8]]:
    """RGB frames `(height, width, 3)` of a motion `qpos (T, nq)`.

    `azimuth` [deg] is the camera's heading; 180 looks at a robot that faces +x.
    """
    data = mujoco.MjData(model)
    camera = motion_camera(qpos, azimuth)
    with Canvas(model, size) as canvas:
        for row in qpos:
            data.qpos = row
            mujoco.mj_kinematics(model, data)
            mujoco.mj_camlight(model, data)
            yield canvas.draw(data, camera)


def motion_camera(qpos: Floats, azimuth: float) -> mujoco.MjvCamera:
    """A free camera that keeps a robot's whole motion in view."""
    camera = mujoco.MjvCamera()
    low, high = qpos[:, :2].min(axis=0), qpos[:, :2].max(axis=0)
    middle, across = (low + high) / 2, float(np.hypot(*(high - low)))
    camera.lookat[:] = (middle[0] + 0.15, middle[1], 0.6)
    camera.distance, camera.azimuth, camera.elevation = 2.6 + across, azimuth, -12.0
    return camera
