"""What one palm must do: where it goes, which way it looks, when it touches."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec, Part
from perception.prior import RATE
from perception.smoothing import gaussian, min_jerk
from perception.timeline import resample, resample_labels, resample_quat
from perception.track import JOINTS, Track

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SIGMA = 5.0
SHORT = 5
"""Frames that a touch must last to count."""
LEAD = 60
"""Frames kept before the first touch and after the last: no arm walks up."""
STANDOFF, APPROACH = 0.10, 30
"""Way [m] that the palm comes straight at the surface, in its last frames."""
UP = np.array([0.0, 0.0, 1.0])


@dataclasses.dataclass(frozen=True)
class PalmPath:
    """A palm's task at 50 Hz.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_w | (T, 3) | m | world; on the object's surface while it touches |
    | look_w | (T, 3) | 1 | world; the way the palm faces, into the object |
    | touching | (T,) | bool | |
    | object_pos_w | (T, 3) | m | world |
    | object_quat_w | (T, 4) | wxyz | world |
    | confidence | (T,) | 0 to 1 | visibility of the wrists followed |
    | span | 2 | s | from when to when, in the video |
    """

    pos_w: Floats
    look_w: Floats
    touching: Bools
    object_pos_w: Floats
    object_quat_w: Floats
    confidence: Floats
    span: tuple[float, float]

    def moved(self, yaw: float, origin: Floats) -> PalmPath:
        """The path seen from a frame at `origin (3,)` [m], turned by `yaw` [rad]."""
        turn = rotations.conjugate(rotations.from_yaw(yaw))
        turns = np.tile(turn, (len(self.pos_w), 1))
        quat = rotations.multiply(turns, self.object_quat_w)
        return dataclasses.replace(
            self,
            pos_w=_floats(rotations.rotate(turn, self.pos_w - origin)),
            look_w=_floats(rotations.rotate(turn, self.look_w)),
            object_pos_w=_floats(rotations.rotate(turn, self.object_pos_w - origin)),
            object_quat_w=_floats(quat),
        )

    def slowed(self, factor: float) -> PalmPath:
        """The same path, taking `factor` times as long."""
        fps = RATE / factor
        look = resample(self.look_w, fps)
        return PalmPath(
            pos_w=resample(self.pos_w, fps),
            look_w=look / np.linalg.norm(look, axis=1, keepdims=True),
            touching=resample_labels(self.touching, fps),
            object_pos_w=resample(self.object_pos_w, fps),
            object_quat_w=resample_quat(self.object_quat_w, fps),
            confidence=resample(self.confidence, fps),
            span=self.span,
        )


def read_palm_path(track: Track, obj: ObjectSpec) -> PalmPath:
    """The path of the hand that touches; of the point between both, if both do.

    Without any touch it is the right hand's, and the object only stands there.
    """
    track.validate()
    fps = track.fps
    names: list[str] = [*JOINTS]
    sides = [track.contact_names.index(f"{s}_hand") for s in ("left", "right")]
    touch = _lasting(resample_labels(track.contact[:, sides], fps))
    used = [side for side in (0, 1) if touch[:, side].any()] or [1]
    columns = [names.index(("l_wrist", "r_wrist")[side]) for side in used]
    wrist = gaussian(resample(track.joints_w[:, columns], fps).mean(axis=1), SIGMA)
    pos = gaussian(resample(track.object_pos_w, fps), SIGMA / 2)
    quat = resample_quat(track.object_quat_w, fps)
    touching = np.asarray(touch[:, used].all(axis=1))
    palm, look = _press(obj, wrist, pos, quat, touching)
    seen = resample(track.visibility[:, columns].mean(axis=1), fps)
    kept = _near(touching)
    return PalmPath(
        pos_w=palm[kept],
        look_w=look[kept],
        touching=touching[kept],
        object_pos_w=pos[kept],
        object_quat_w=quat[kept],
        confidence=seen[kept],
        span=(kept.start / RATE, kept.stop / RATE),
    )


def _near(touching: Bools) -> slice:
    """The frames around all touches; every frame if there is none."""
    runs = intervals(touching)
    if not runs:
        return slice(0, len(touching))
    return slice(max(runs[0][0] - LEAD, 0), min(runs[-1][1] + LEAD, len(touching)))


def intervals(flags: Bools) -> list[tuple[int, int]]:
    """Runs `[start, end)` of true frames in `flags (T,)`."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def surface_point(
    obj: ObjectSpec, point_o: Floats, up_o: Floats
) -> tuple[Floats, Floats]:
    """Where a hand at `point_o (3,)` touches the object, and the outward normal there.

    A point inside, as between two hands, touches the face that looks up.
    """
    found = [_on_part(part, point_o, up_o) for part in obj.parts]
    gaps = [float(np.linalg.norm(where - point_o)) for where, _ in found]
    return found[int(np.argmin(gaps))]


def _press(
    obj: ObjectSpec, wrist: Floats, pos: Floats, quat: Floats, touching: Bools
) -> tuple[Floats, Floats]:
    """Palm positions and looks `(T, 3)`: fixed on the object in each touch.

    Between touches the palm keeps the wrist's way, shifted so that it meets them.
    """
    runs = intervals(touching)
    if not runs:
        return wrist, np.tile(-UP, (len(wrist), 1))
    palm, look = np.empty_like(wrist), np.empty_like(wrist)
    for start, end in runs:
        held = slice(start, end)
        local = rotations.rotate_inverse(quat[held], wrist[held] - pos[held])
        up_o = rotations.rotate_inverse(quat[held], np.tile(UP, (end - start, 1)))
        middle, up = (_floats(np.median(v, axis=0)) for v in (local, up_o))
        where, normal = surface_point(obj, middle, up)
        at = np.tile(where, (end - start, 1))
        palm[held] = pos[held] + rotations.rotate(quat[held], at)
        look[held] = rotations.rotate(quat[held], np.tile(-normal, (end - start, 1)))
    frames = np.arange(len(wrist))
    known, free = frames[touching], ~touching
    for axis in range(3):
        shift = np.interp(frames, known, (palm - wrist)[touching, axis])
        palm[free, axis] = (wrist[:, axis] + shift)[free]
        look[free, axis] = np.interp(frames, known, look[touching, axis])[free]
    look /= np.maximum(np.linalg.norm(look, axis=1, keepdims=True), 1e-9)
    wait = np.abs(frames[:, None] - known).min(axis=1)
    return palm - STANDOFF * min_jerk(wait / APPROACH)[:, None] * look, look


def _on_part(part: Part, point_o: Floats, up_o: Floats) -> tuple[Floats, Floats]:
    """Nearest point of a part's surface and its normal, in the object."""
    center, half = np.array(part.pos_o), np.array(part.size) / 2
    local = point_o - center
    normal = np.zeros(3)
    if part.shape == "sphere":
        away = np.linalg.norm(local)
        normal = local / away if away > 1e-6 else up_o
        return center + half[0] * normal, normal
    if part.shape == "cylinder":
        where, normal = _on_cylinder(local, half, up_o)
        return center + where, normal
    if np.all(np.abs(local) <= half):
        axis = int(np.argmax(np.abs(up_o)))
        normal[axis] = np.sign(up_o[axis])
    else:
        axis = int(np.argmax(np.abs(local) - half))
        normal[axis] = np.sign(local[axis])
    where = np.clip(local, -half, half)
    where[axis] = normal[axis] * half[axis]
    return center + where, normal


def _on_cylinder(local: Floats, half: Floats, up_o: Floats) -> tuple[Floats, Floats]:
    """The same for a cylinder along z about the origin."""
    beyond = np.array([float(np.linalg.norm(local[:2])), abs(local[2])]) - half[[0, 2]]
    inside = bool((beyond <= 0.0).all())
    aim = up_o if inside else local
    sides = np.array([float(np.linalg.norm(up_o[:2])), abs(up_o[2])])
    normal = np.zeros(3)
    if int(np.argmax(sides if inside else beyond)):
        normal[2] = np.sign(aim[2])
        where = local * min(1.0, half[0] / max(beyond[0] + half[0], 1e-9))
        where[2] = normal[2] * half[2]
        return where, normal
    normal[:2] = aim[:2] / np.linalg.norm(aim[:2])
    where = half[0] * normal
    where[2] = np.clip(local[2], -half[2], half[2])
    return where, normal


def _lasting(touch: Bools) -> Bools:
    """Labels `(T, N)` without touches that last less than `SHORT` frames."""
    out = touch.copy()
    for column in range(touch.shape[1]):
        for start, end in intervals(touch[:, column]):
            if end - start < SHORT:
                out[start:end, column] = False
    return out


def _floats(values: NDArray) -> Floats:
    return np.asarray(values, dtype=np.float64)
