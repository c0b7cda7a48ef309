"""The studio: clips of a rendered person, with the truth beside each."""

from __future__ import annotations

import contextlib
import dataclasses
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.actor.actor import Actor
from assets.actor.posing import landmarks
from assets.interactions import interaction
from assets.objects import ObjectSpec
from assets.rotations import Array
from perception.encode import write_video
from perception.scene_file import note_scene
from perception.studio.bottle import pick_bottle, stand_bottle
from perception.studio.carry import carry_box
from perception.studio.film import Take, pictures
from perception.studio.kick import kick_box
from perception.studio.lift import lift_box
from perception.studio.motion import Motion
from perception.studio.passer_by import walk_past
from perception.studio.push import push_box
from perception.studio.room import draw_room
from perception.studio.scene import (
    Cast,
    draw_actor,
    draw_colour,
    make_set,
    make_stage,
    resized,
)
from perception.studio.sit import sit_chair
from perception.studio.viewpoint import Camera, draw_camera, hold
from perception.track import Track

MOTIONS: dict[str, Callable[..., Motion]] = {
    "lift-box": lift_box,
    "carry-box": carry_box,
    "push-box": push_box,
    "kick-box": kick_box,
    "pick-bottle": pick_bottle,
    "stand-bottle": stand_bottle,
    "sit-chair": sit_chair,
}
"""The motion of each task; its object is the interaction's."""


FPS = 30.0
SIZES = ((640, 480), (854, 480), (480, 640), (480, 854))
"""Pictures' width and height [px]; the last two as a phone held upright."""
UPRIGHT_M = 2.2
"""Who films what takes more room than this holds the phone level."""
HANDHELD = 0.5
"""Share of the clips whose camera is held by hand; the others are on a tripod."""
PASSED_BY = 0.15
"""Share of the clips in which somebody walks past behind the actor."""
_SIZES_TRIED = 5


@dataclasses.dataclass(frozen=True)
class Clip:
    """One performance, ready to be filmed; `model` is its bare stage."""

    name: str
    task: str
    actor: Actor
    item: ObjectSpec
    model: mujoco.MjModel
    motion: Motion
    take: Take

    @property
    def camera(self) -> Camera:
        """Through which it is filmed."""
        return self.take.camera

    def truth(self) -> Track:
        """What a perfect observer of the video would say."""
        frames, double = self.motion.num_frames, np.float64
        joints_w = landmarks(self.model, self.motion.qpos)
        T = self.camera.T_world_to_cam
        return Track(
            fps=FPS,
            joints_w=joints_w.astype(double),
            visibility=np.ones((frames, 14)),
            object_pos_w=self.motion.object_pos_w.astype(double),
            object_quat_w=self.motion.object_quat_w.astype(double),
            contact=self.motion.contact,
            K=self.camera.K.astype(double),
            T_world_to_cam=np.broadcast_to(T, (frames, 4, 4)).astype(double),
        )

    def save_truth(self, path: Path) -> None:
        """Write `truth` as .npz, with the pelvis beside it.

        | array | shape | unit | frame |
        |---|---|---|---|
        | root_pos_w | (T, 3) | m | world, midpoint of the hips |
        | root_quat_w | (T, 4) | wxyz | world, x forward, z up |
        """
        self.truth().save(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        root = np.split(self.motion.qpos[:, :7], [3], axis=1)
        np.savez_compressed(path, **arrays, root_pos_w=root[0], root_quat_w=root[1])

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Pictures `(height, width, 3)` RGB, one after the other."""
        return pictures(self.take, self.motion)

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
    task: str,
    seed: int,
    index: int = 0,
    size: tuple[int, int] | None = None,
    vary_object: bool = False,
) -> Clip:
    """Clip `index` of `seed`, with all its choices drawn; nothing is rendered yet.

    What is done and how it looks are drawn apart: looks never change the motion.
    With `vary_object` the object is up to a twelfth larger or smaller each way.
    Raises ValueError that lists the tasks when `task` is none of them.
    """
    if task not in MOTIONS:
        msg = f"unknown task '{task}'; the studio knows: {', '.join(MOTIONS)}"
        raise ValueError(msg)
    acting, looks, shapes = (
        np.random.default_rng([seed, index, zlib.crc32(task.encode()), part])
        for part in range(3)
    )
    actor = draw_actor(acting)
    item, model, motion = _perform(task, actor, acting, shapes if vary_object else None)
    points_w = _outline(model, item, motion)
    sizes = SIZES if np.ptp(points_w[:, :2], axis=0).max() < UPRIGHT_M else SIZES[:2]
    size = size or sizes[looks.integers(len(sizes))]
    take = _set_up(task, actor, item, motion, points_w, size, looks)
    name = f"{task.replace('-', '_')}_{seed}_{index:03d}"
    return Clip(name, task, actor, item, model, motion, take)


def _perform(
    task: str,
    actor: Actor,
    rng: np.random.Generator,
    sizes: np.random.Generator | None,
) -> tuple[ObjectSpec, mujoco.MjModel, Motion]:
    """The object, the bare stage, and what the actor does; `sizes` draws the first.

    A size that this actor cannot handle is drawn again; the usual one comes last.
    """
    usual = interaction(task).object
    drawn = [resized(usual, sizes) for _ in range(_SIZES_TRIED)] if sizes else []
    for item in drawn:
        model = make_stage(actor, item)
        with contextlib.suppress(RuntimeError):
            return item, model, MOTIONS[task](model, item, rng, FPS)
    model = make_stage(actor, usual)
    return usual, model, MOTIONS[task](model, usual, rng, FPS)


def _set_up(
    task: str,
    actor: Actor,
    item: ObjectSpec,
    motion: Motion,
    points_w: Array,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Take:
    """Draw how a performance looks: camera, room, colours, shutter, compression."""
    camera = draw_camera(points_w, size, interaction(task).walks, rng)
    eye, _ = camera.pose(0.0)
    passer_by = draw_actor(rng) if rng.random() < PASSED_BY else None
    room = draw_room(points_w, eye, passer_by is not None, rng)
    cast = Cast(actor, draw_colour(item, actor, rng), passer_by)
    frames = motion.num_frames
    extra = None
    if passer_by is not None:
        extra = walk_past(passer_by, room, camera, frames, FPS, rng)
    if rng.random() < HANDHELD:
        camera = hold(camera, frames, FPS, rng)
    exposure, quality = rng.uniform(0.05, 0.6), int(rng.integers(23, 34))
    model = make_set(cast, item, room, size, rng)
    return Take(model, camera, extra, float(exposure), quality)


def render_clips(
    task: str,
    count: int,
    seed: int,
    out: Path,
    size: tuple[int, int] | None = None,
    vary_object: bool = False,
) -> list[Path]:
    """Write `count` clips of `task` into `out`; return the videos' paths.

    Beside each `NAME.mp4` lies `NAME.truth.npz`, a Track with the pelvis' pose;
    `scene.toml` says what a video cannot, also of clips already there. The same seed
    gives the same clips, bit for bit.
    """
    if count < 1:
        msg = f"studio: {count} clips asked for, expected at least 1"
        raise ValueError(msg)
    clips = (make_clip(task, seed, index, size, vary_object) for index in range(count))
    paths = []
    for clip in clips:
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{clip.name}.mp4"
        write_video(path, clip.frames(), clip.camera.size, FPS, clip.take.quality)
        clip.save_truth(path.with_suffix(".truth.npz"))
        paths.append(path)
        note_scene(out, clip.scene_entry())
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
