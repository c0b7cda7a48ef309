"""The studio: clips of a rendered person, with the truth beside each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.actor.actor import Actor
from assets.actor.posing import landmarks
from assets.canvas import Canvas
from assets.interactions import interaction
from assets.objects import ObjectSpec
from assets.rotations import Array
from perception.encode import write_video
from perception.studio.carry import carry_box
from perception.studio.kick import kick_box
from perception.studio.lift import lift_box
from perception.studio.motion import Motion, place
from perception.studio.push import push_box
from perception.studio.scene import draw_actor, draw_camera, make_scene
from perception.studio.sit import sit_chair
from perception.studio.viewpoint import CAMERA, Camera, aim
from perception.track import Track

MOTIONS: dict[str, Callable[..., Motion]] = {
    "lift-box": lift_box,
    "carry-box": carry_box,
    "push-box": push_box,
    "kick-box": kick_box,
    "sit-chair": sit_chair,
}
"""The motion of each task; its object is the interaction's."""


FPS = 30.0
SIZES = ((640, 480), (480, 640))
"""Pictures' width and height [px]; the second as a phone held upright."""


@dataclasses.dataclass(frozen=True)
class Clip:
    """One performance, ready to be filmed."""

    name: str
    task: str
    actor: Actor
    item: ObjectSpec
    model: mujoco.MjModel
    motion: Motion
    camera: Camera

    def truth(self) -> Track:
        """What a perfect observer of the video would say."""
        frames, double = self.motion.num_frames, np.float64
        joints_w = landmarks(self.model, self.motion.qpos)
        still = np.tile(self.camera.T_world_to_cam, (frames, 1, 1))
        return Track(
            fps=FPS,
            joints_w=joints_w.astype(double),
            visibility=np.ones((frames, 14)),
            object_pos_w=self.motion.object_pos_w.astype(double),
            object_quat_w=self.motion.object_quat_w.astype(double),
            contact=self.motion.contact,
            K=self.camera.K.astype(double),
            T_world_to_cam=still.astype(double),
        )

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Pictures `(height, width, 3)` RGB, one after the other."""
        data = mujoco.MjData(self.model)
        aim(self.model, self.camera)
        with Canvas(self.model, self.camera.size) as canvas:
            for frame in range(self.motion.num_frames):
                place(data, self.motion, frame)
                mujoco.mj_forward(self.model, data)
                yield canvas.draw(data, CAMERA)

    def scene_entry(self) -> str:
        """The clip's part of scene.toml."""
        size = ", ".join(f"{s:g}" for s in self.item.size)
        return (
            f'[clips."{self.name}"]\n'
            f'task = "{self.task}"\n'
            f'object = {{ shape = "{self.item.shape}", size = [{size}] }}\n'
            f"field_of_view_deg = {self.camera.field_of_view_deg:.3f}\n"
            f"person_height_m = {self.actor.height:.3f}\n"
        )


def make_clip(
    task: str, seed: int, index: int = 0, size: tuple[int, int] | None = None
) -> Clip:
    """Clip `index` of `seed`, with all its choices drawn; nothing is rendered yet.

    Raises ValueError that lists the tasks when `task` is none of them.
    """
    if task not in MOTIONS:
        msg = f"unknown task '{task}'; the studio knows: {', '.join(MOTIONS)}"
        raise ValueError(msg)
    rng = np.random.default_rng([seed, index])
    perform, item = MOTIONS[task], interaction(task).object
    size = size or SIZES[rng.integers(len(SIZES))]
    actor, colour = draw_actor(rng)
    model = make_scene(actor, item, colour, size, rng)
    motion = perform(model, item, rng, FPS)
    camera = draw_camera(_outline(model, item, motion), size, rng)
    name = f"{task.replace('-', '_')}_{seed}_{index:03d}"
    return Clip(name, task, actor, item, model, motion, camera)


def render_clips(
    task: str, count: int, seed: int, out: Path, size: tuple[int, int] | None = None
) -> list[Path]:
    """Write `count` clips of `task` into `out`; return the videos' paths.

    Beside each `NAME.mp4` lies `NAME.truth.npz`, a Track; `scene.toml` says what a
    video cannot. The same seed gives the same clips, bit for bit.
    """
    if count < 1:
        msg = f"studio: {count} clips asked for, expected at least 1"
        raise ValueError(msg)
    clips = (make_clip(task, seed, index, size) for index in range(count))
    paths, entries = [], []
    for clip in clips:
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{clip.name}.mp4"
        write_video(path, clip.frames(), clip.camera.size, FPS)
        clip.truth().save(path.with_suffix(".truth.npz"))
        paths.append(path)
        entries.append(clip.scene_entry())
        (out / "scene.toml").write_text("\n".join(entries))
    return paths


def _outline(model: mujoco.MjModel, item: ObjectSpec, motion: Motion) -> Array:
    """Points `(N, 3)` [m, world] that a camera should see: person and object."""
    joints = landmarks(model, motion.qpos)
    shoulders = joints[:, 8:10].mean(axis=1)
    hips = joints[:, 0:2].mean(axis=1)
    crown = shoulders + 0.65 * (shoulders - hips)
    corners = np.array(item.half_size) * _CORNERS
    placed = motion.object_pos_w[:, None] + rotations.rotate(
        motion.object_quat_w[:, None], corners[None]
    )
    return np.concatenate([joints.reshape(-1, 3), crown, placed.reshape(-1, 3)])


_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
