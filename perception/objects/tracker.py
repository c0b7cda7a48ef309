"""`ObjectTracker`: what finds and follows an object, however it does so."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import Floor, invert, transform
from perception.objects.colour import KeyFrames
from perception.objects.follow import follow, moved_to
from perception.objects.manner import manner_of, touching
from perception.objects.rest import Rest, find_rest, floor_under
from perception.objects.settle import (
    Manner,
    ObjectTrack,
    Sight,
    settle,
)
from perception.objects.shape import hull_points
from perception.objects.silhouette import Pose, Silhouette

Floats = NDArray[np.floating]

STILL_M, STILL_RAD = 0.02, 0.10
FAR_M = 1e3


@dataclasses.dataclass(frozen=True)
class Clip:
    """What a tracker is given of a clip, in a world that stands on a floor.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | keys | | | some of its frames |
    | spec | | | the object |
    | task | | | name of the task shown, if known |
    | joints_w | (T, 14, 3) | m | the person |
    | T_world_to_cam | (4, 4) | m | OpenCV camera: x right, y down, z forward |
    | fps | () | 1/s | of the video |
    """

    keys: KeyFrames
    spec: ObjectSpec
    task: str | None
    joints_w: Floats
    T_world_to_cam: Floats
    fps: float


class ObjectTracker(Protocol):
    """Finds an object first, then follows it in the world that stands on its floor."""

    name: str

    def find(self, clip: Clip) -> Floor | None:
        """The floor under the object where it first rests; None if it is not there."""
        ...

    def follow(self, clip: Clip) -> ObjectTrack:
        """The object over the clip, after `find`, whose world may be another now."""
        ...


class SilhouetteTracker:
    """By colour and outline: `rest` and `follow`."""

    name = "silhouette"

    def __init__(self) -> None:
        self._found: tuple[Rest, Floats] | None = None

    def find(self, clip: Clip) -> Floor | None:
        """The floor under the object where it first rests; None if it is not there."""
        bodies = touching(clip.task, clip.spec)
        lies = manner_of(clip.task, clip.spec).lies
        where = clip.joints_w, clip.T_world_to_cam
        rest = find_rest(clip.keys, clip.spec, *where, bodies, lies)
        if rest is None:
            return None
        self._found = rest, clip.T_world_to_cam
        return rest.floor

    def follow(self, clip: Clip) -> ObjectTrack:
        """The object over the clip, after `find`."""
        assert self._found is not None
        rest, T_found = self._found
        pose = moved_to(rest, clip.spec, T_found, clip.T_world_to_cam)
        manner = manner_of(clip.task, clip.spec)
        return follow(
            clip.keys,
            rest,
            clip.spec,
            clip.joints_w,
            clip.T_world_to_cam,
            pose,
            manner,
            clip.fps,
        )


@dataclasses.dataclass(frozen=True)
class CameraPoses:
    """An object's poses as the camera sees them, in some frames of a clip.

    | field | shape | unit | frame |
    |---|---|---|---|
    | index | (N,) | | frames of the video |
    | pos_c | (N, 3) | m | OpenCV camera, centre of the bounding box |
    | quat_c | (N, 4) | wxyz | object to camera |
    | information | (N, 6, 6) | 1/m², 1/rad² | camera axes; how well each is known |
    """

    index: NDArray[np.intp]
    pos_c: Floats
    quat_c: Floats
    information: Floats

    @property
    def resting(self) -> int:
        """How many of the poses, from the first, are still where that was."""
        count = max(3, len(self.index) // 20)
        first = np.median(self.pos_c[:count], axis=0)
        away = np.linalg.norm(self.pos_c - first, axis=1)
        turned = rotations.angle(self.quat_c, self.quat_c[min(1, len(away) - 1)])
        moved = (away > STILL_M) | (turned > STILL_RAD)
        lasting = np.convolve(moved, np.ones(3), "full")[2:] >= 3
        return int(np.argmax(lasting)) if lasting.any() else len(moved)


class PosesTracker:
    """Follows an object whose poses before the camera are known some other way."""

    def __init__(self, name: str, poses: CameraPoses) -> None:
        self.name, self.poses = name, poses

    def find(self, clip: Clip) -> Floor | None:
        """The floor under the object where it first rests; None if it is not there."""
        if not len(self.poses.index):
            return None
        view = Silhouette(hull_points(clip.spec), clip.keys.K, np.eye(4))
        pose, up_o = self._rest(clip)
        return floor_under(view, pose, up_o)

    def follow(self, clip: Clip) -> ObjectTrack:
        """The object over the clip: smoothed, still until it moves, on its floor."""
        T = invert(clip.T_world_to_cam)
        rotation = T[:3, :3]
        turn = rotations.from_matrix(rotation)
        pos = transform(T, self.poses.pos_c)
        quat = rotations.multiply(turn, self.poses.quat_c)
        both = np.zeros((6, 6))
        both[:3, :3] = both[3:, 3:] = rotation
        information = both @ self.poses.information @ both.T
        pose_c, up_o = self._rest(clip)
        floor = floor_under(
            Silhouette(hull_points(clip.spec), clip.keys.K, np.eye(4)), pose_c, up_o
        )
        rest = Rest(pose_c, up_o, floor, np.zeros(0, np.float32), 0, 1.0)
        first = moved_to(rest, clip.spec, np.eye(4), clip.T_world_to_cam)
        manner = manner_of(clip.task, clip.spec)
        moves = self.poses.resting < len(pos)
        manner = Manner(moves, manner.on_floor, manner.tips)
        sight = Sight(
            self.poses.index,
            [Pose(p, q) for p, q in zip(pos, quat, strict=True)],
            information,
            np.ones(len(pos)),
            max(self.poses.resting - 1, 0),
        )
        far = np.full((len(pos), 3), FAR_M)
        count = len(clip.joints_w)
        return settle(sight, clip.spec, first, far, manner, count, clip.fps)

    def _rest(self, clip: Clip) -> tuple[Pose, Floats]:
        """The first pose, in the camera's frame, and which way of the object is up."""
        still = slice(0, max(self.poses.resting, 1))
        quats = rotations.continuous(self.poses.quat_c[still])
        quat = rotations.normalize(quats.mean(axis=0))
        up_w = clip.T_world_to_cam[:3, 2]
        up_o = rotations.rotate_inverse(quat, up_w)
        axis = int(np.argmax(np.abs(up_o)))
        if clip.spec.shape == "cylinder" and axis != 2:
            up_o = up_o * np.array([1.0, 1.0, 0.0])
            up_o = up_o / np.linalg.norm(up_o)
        else:
            up_o = np.sign(up_o[axis]) * np.eye(3)[axis]
        return Pose(np.median(self.poses.pos_c[still], axis=0), quat), up_o
