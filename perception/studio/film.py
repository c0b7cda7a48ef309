"""Films a performance: pictures as a phone takes them, with motion blur."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.actor.posing import landmarks
from assets.canvas import Canvas
from assets.rotations import Array
from perception.studio.motion import Motion
from perception.studio.passer_by import PREFIX
from perception.studio.viewpoint import CAMERA, Camera, aim

_BLUR_PX = 3.0
"""A picture is blended of moments between which nothing moves farther than this."""
_MOST_BLENDED = 4


@dataclasses.dataclass(frozen=True)
class Take:
    """All that decides the pictures of one clip.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | model | | | the furnished set; the actor's joints first |
    | camera | | | |
    | extra | (T, nq) | m, wxyz, rad | a passer-by's joints, or None |
    | exposure | () | frames | time for which the shutter is open |
    | quality | () | CRF | of the video's compression, less is better |
    """

    model: mujoco.MjModel
    camera: Camera
    extra: Array | None
    exposure: float
    quality: int


def pictures(take: Take, motion: Motion) -> Iterator[NDArray[np.uint8]]:
    """Pictures `(height, width, 3)` RGB, one per frame of `motion`."""
    data = mujoco.MjData(take.model)
    counts = _moments(take, motion)
    with Canvas(take.model, take.camera.size) as canvas:
        for frame, count in enumerate(counts):
            blend = np.zeros((*take.camera.size[::-1], 3), np.float32)
            for moment in range(count):
                late = ((moment + 0.5) / count - 0.5) * take.exposure
                _place(data, take, motion, max(frame + late, 0.0))
                picture = canvas.draw(data, CAMERA)
                if count == 1:
                    yield picture
                    break
                blend += picture
            else:
                yield (blend / count + 0.5).astype(np.uint8)


def _moments(take: Take, motion: Motion) -> list[int]:
    """How many moments each picture is blended of: more where more moves."""
    points_w = np.concatenate(
        [landmarks(take.model, motion.qpos), motion.object_pos_w[:, None]], axis=1
    )
    pixels = take.camera.project(points_w)
    moved = np.linalg.norm(np.gradient(pixels, axis=0), axis=-1).max(axis=1)
    counts = np.ceil(moved * take.exposure / _BLUR_PX).clip(1, _MOST_BLENDED)
    return [int(count) for count in counts]


def _place(data: mujoco.MjData, take: Take, motion: Motion, frame: float) -> None:
    """Put everybody, the object and the camera where they are between two frames."""
    model, last = take.model, motion.num_frames - 1
    first = min(int(frame), last)
    then, share = min(first + 1, last), frame - first
    qpos = [_joints(model, take, motion, i) for i in (first, then)]
    step = np.zeros(model.nv)
    mujoco.mj_differentiatePos(model, step, 1.0, *qpos)
    mujoco.mj_integratePos(model, qpos[0], step, share)
    data.qpos[:] = qpos[0]
    pos, quat = motion.object_pos_w, motion.object_quat_w
    data.mocap_pos[0] = pos[first] + share * (pos[then] - pos[first])
    data.mocap_quat[0] = rotations.slerp(quat[first], quat[then], np.array(share))
    aim(model, take.camera, frame)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)


def _joints(model: mujoco.MjModel, take: Take, motion: Motion, frame: int) -> Array:
    """Everybody's joints `(nq,)` at a frame."""
    qpos = np.empty(model.nq)
    qpos[: motion.qpos.shape[1]] = motion.qpos[frame]
    if take.extra is not None:
        start = model.joint(f"{PREFIX}root").qposadr[0]
        qpos[start : start + take.extra.shape[1]] = take.extra[frame]
    return qpos
