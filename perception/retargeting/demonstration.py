"""What the person did, at 50 Hz and free of their size and place: timing and style.

Landmarks are off by centimetres, so the video is read for what survives that: when
the object is taken, how it rises, how the trunk and the hips follow. Where things
touch is decided later, by the robot's and the object's geometry.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.prior import RATE
from perception.retargeting.resampled import JOINT_SIGMA, Seen, resample
from perception.smoothing import gaussian, min_jerk, whittaker
from perception.track import Track

Floats = NDArray[np.float64]

LIFT_CUTOFF = 0.9 / RATE
SETTLE = 12
"""Frames for which the palms press before the object leaves the floor."""
LEAD_IN = 70
"""Frames that a robot needs from standing to the object."""
ENTRY = 40
"""Frames over which the person's style takes over from standing."""
HOLD = 50
"""Frames for which a lifted object is held at the end."""
GAP = 15
"""Frames for which a label may miss a touch."""
MIN_SECONDS = 1.0
MIN_RISE = 0.10
MAX_STEP = 0.6
MAX_REACH = 0.40


@dataclasses.dataclass(frozen=True)
class Demonstration:
    """A person lifting an object, at 50 Hz, in a frame that faces it.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | lift | (T,) | 0 to 1 | the object's way from the floor to where it is held |
    | crouch | (T,) | 0.4 to 1 | height of the hips over their height standing |
    | trunk_pitch | (T,) | rad | forward lean of the trunk |
    | reach | (T,) | 0 to 1 | the hands' way from rest to beside the object |
    | held | (T,) | bool | both palms touch the object |
    | confidence | (T,) | 0 to 1 | mean visibility of the landmarks |
    | rise | () | m | how far the object is lifted |
    | forward | () | m | how far it ends nearer (−) or farther (+) |
    | held_height | () | m | height of its centre while it is held |
    | distance | () | m | from the ankles to its centre, where it lies |
    | stance | () | m | between the ankles |
    | hip_height | () | m | of the person standing |
    | object_quat_w | (4,) | wxyz | the object at rest, x away from the person |
    """

    lift: Floats
    crouch: Floats
    trunk_pitch: Floats
    reach: Floats
    held: NDArray[np.bool_]
    confidence: Floats
    rise: float
    forward: float
    held_height: float
    distance: float
    stance: float
    hip_height: float
    object_quat_w: Floats

    @property
    def num_frames(self) -> int:
        """Number of frames at 50 Hz, T."""
        return len(self.lift)


def read_demonstration(track: Track, obj: ObjectSpec) -> Demonstration:
    """Read a track; raises ValueError with the reason if it shows no such thing."""
    track.validate()
    if track.num_frames / track.fps < MIN_SECONDS:
        msg = (
            f"track: {track.num_frames / track.fps:.1f} s long, "
            f"expected at least {MIN_SECONDS:.0f} s"
        )
        raise ValueError(msg)
    seen = resample(track)
    start, end = _held_interval(seen)
    _check_hands(seen, obj, start, end)
    _check_steps(seen)
    axis_w, quat = _grip(seen, obj, start, end)
    rest = np.median(seen.object_pos[: max(start, 5)], axis=0)
    ankle = np.median(seen.joint("ankle").mean(1), axis=0)
    forward_w = np.array([axis_w[1], -axis_w[0], 0.0])
    if (rest - ankle) @ forward_w < 0.0:
        forward_w = -forward_w  # the estimator took the left side for the right
    lift, rise, moved = _lift(seen, rest, start, end)
    hips = seen.joint("hip").mean(1)
    standing = _standing_hip(seen, hips)
    trunk = seen.joint("shoulder").mean(1) - hips
    spread = np.diff(seen.joint("ankle")[..., :2], axis=1)[:, 0]
    plain = Demonstration(
        lift=lift,
        crouch=np.clip(hips[:, 2] / standing, 0.4, 1.0),
        trunk_pitch=np.clip(np.arctan2(trunk @ forward_w, trunk[:, 2]), -0.2, 1.4),
        reach=_reach(seen, rest, start),
        held=(np.arange(len(lift)) >= start) & (np.arange(len(lift)) < end),
        confidence=np.clip(seen.visibility.mean(axis=1), 0.0, 1.0),
        rise=rise,
        forward=float(moved @ forward_w),
        held_height=obj.half_size[2] + rise,
        distance=float((rest - ankle) @ forward_w),
        stance=float(np.median(np.linalg.norm(spread, axis=-1))),
        hip_height=standing,
        object_quat_w=quat,
    )
    return _enter(plain, start)


def _held_interval(seen: Seen) -> tuple[int, int]:
    """Frames `[start, end)` in which both hands hold the object."""
    sides = seen.touch.max(axis=0) > 0.5
    if not sides.any():
        msg = "track: no hand is labelled in contact; nothing was taken"
        raise ValueError(msg)
    if not sides.all():
        side = "left" if sides[0] else "right"
        msg = f"track: only the {side} hand touches; a two-handed lift is expected"
        raise ValueError(msg)
    height = seen.object_pos[:, 2] - np.median(seen.object_pos[:10, 2])
    touching = seen.touch.mean(axis=1) > 0.5
    end = int(np.flatnonzero(touching | (height > 0.10))[-1]) + 1
    peak = float(height.max())
    if peak < MIN_RISE:
        msg = (
            f"track: the object rises {max(peak, 0.0):.2f} m, expected at least "
            f"{MIN_RISE} m; only lifts can be retargeted yet"
        )
        raise ValueError(msg)
    half = int(np.argmax(height > 0.5 * peak))
    low = np.flatnonzero(height[: half + 1] < max(0.04, 0.15 * peak))
    leaves = int(low[-1]) if len(low) else 0
    start = min(_first_touch(touching, leaves), max(leaves - SETTLE - 5, 0))
    if end > len(height) - 15 or height[end - 1 :].min() > 0.25 * peak:
        end = len(height)
    return start, end


def _first_touch(touching: NDArray[np.bool_], leaves: int) -> int:
    """First frame of the touch that lasts until the object leaves the floor."""
    first = leaves
    for frame in range(leaves, -1, -1):
        if touching[frame]:
            first = frame
        elif first - frame > GAP:
            break
    return first


def _check_hands(seen: Seen, obj: ObjectSpec, start: int, end: int) -> None:
    """Refuse a track whose hands are nowhere near what they hold."""
    held = slice(start, end)
    wrists = seen.joint("wrist")[held]
    local = rotations.rotate_inverse(
        seen.object_quat[held, None], wrists - seen.object_pos[held, None]
    )
    outside = np.maximum(np.abs(local) - np.asarray(obj.half_size), 0.0)
    gap = float(np.median(np.linalg.norm(outside, axis=-1)))
    if gap > MAX_REACH:
        msg = (
            f"track: the hands are {gap:.2f} m from the object while contact is "
            f"labelled, expected at most {MAX_REACH} m"
        )
        raise ValueError(msg)


def _check_steps(seen: Seen) -> None:
    """Refuse a person who walks: the robot's feet stay where they stand."""
    feet = gaussian(seen.joint("ankle").mean(1)[:, :2], 15.0)
    step = float(np.linalg.norm(feet - np.median(feet, axis=0), axis=1).max())
    if step > MAX_STEP:
        msg = (
            f"track: the feet travel {step:.2f} m, expected at most {MAX_STEP} m; "
            "only standing work can be retargeted yet"
        )
        raise ValueError(msg)


def _grip(seen: Seen, obj: ObjectSpec, start: int, end: int) -> tuple[Floats, Floats]:
    """The person's left, horizontal `(3,)`, along the faces that the palms take.

    Also the object's orientation in the frame whose y axis that is. A box looks the
    same after a half turn, so the turn nearest to none is chosen.
    """
    held = slice(start, min(end, start + 50))
    wrists, quats = seen.joint("wrist")[held], seen.object_quat[held]
    across_o = rotations.rotate_inverse(quats, wrists[:, 0] - wrists[:, 1]).mean(0)
    up_o = rotations.rotate_inverse(quats, np.array([0.0, 0.0, 1.0])).mean(0)
    up = int(np.argmax(np.abs(up_o)))
    if up != 2:
        msg = f"track: the object lies on its {'xy'[up]} side, expected it upright"
        raise ValueError(msg)
    axis = int(np.argmax(np.abs(across_o[:2])))
    sign = 1.0 if across_o[axis] > 0 else -1.0
    left_w = rotations.rotate(quats, sign * np.eye(3)[axis]).mean(0) * [1, 1, 0]
    left_w /= np.linalg.norm(left_w)
    turn = {(1, 1.0): 0.0, (0, 1.0): np.pi / 2, (1, -1.0): np.pi, (0, -1.0): -np.pi / 2}
    yaw = turn[axis, sign]
    if obj.shape == "box":
        yaw = {0: np.pi / 2, 1: 0.0}[axis]
    if obj.shape in ("cylinder", "sphere"):
        yaw = 0.0
    return left_w, np.asarray(rotations.from_yaw(yaw), dtype=np.float64)


def _lift(
    seen: Seen, rest: Floats, start: int, end: int
) -> tuple[Floats, float, Floats]:
    """Progress `(T,)` of the lift, its height [m], and the way `(3,)` it moved [m]."""
    height = seen.object_pos[:, 2] - rest[2]
    frames = np.arange(len(height))
    down = (frames < start + SETTLE) | (frames >= end)
    weight = np.where(down, 1e6, 1.0)
    smooth = whittaker(np.where(down, 0.0, height), weight, LIFT_CUTOFF)
    top = smooth[start:end] > 0.9 * smooth[start:end].max()
    rise = float(np.median(smooth[start:end][top]))
    moved = np.median(seen.object_pos[start:end][top], axis=0) - rest
    lift = np.clip(smooth / (0.97 * rise), 0.0, 1.0)
    lift[down] = 0.0
    return lift, rise, moved


def _standing_hip(seen: Seen, hips: Floats) -> float:
    """Height [m] of the hips when the person stands, no less than the legs allow."""
    hip, knee, ankle = (seen.joint(n) for n in ("hip", "knee", "ankle"))
    leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
    highest = float(np.quantile(hips[:, 2], 0.9))
    return max(highest, 0.9 * float(np.median(leg)), 0.4)


def _reach(seen: Seen, rest: Floats, start: int) -> Floats:
    """Progress `(T,)` of the hands towards the object, done 0.4 s before contact."""
    away = np.linalg.norm(seen.joint("wrist").mean(1) - rest, axis=-1)
    near, far = float(away[start]), float(away[: max(start, 1)].max(initial=away[0]))
    still = np.flatnonzero(away[: start + 1] > near + 0.85 * (far - near))
    begin = int(still[-1]) if len(still) and far > near + 0.05 else start - LEAD_IN
    begin = int(np.clip(begin, start - 100, start - LEAD_IN + 15))
    frames = np.arange(len(away))
    return min_jerk((frames - begin) / max(start - 20 - begin, 1))


def _enter(plain: Demonstration, start: int) -> Demonstration:
    """Begin standing and end holding, with frames added where the video lacks them."""
    head = max(0, LEAD_IN - start)
    settled = plain.lift[::-1] < plain.lift[-1] - 0.02
    tail = max(0, HOLD - int(np.argmax(settled))) if plain.held[-1] else 0
    frames = np.arange(head + plain.num_frames + tail)
    first = {"lift": 0.0, "held": False}

    def pad(name: str) -> NDArray:
        values = getattr(plain, name)
        before = np.full(head, first.get(name, values[0]), dtype=values.dtype)
        return np.concatenate([before, values, np.full(tail, values[-1])])

    style = min_jerk(frames / ENTRY)
    reach = pad("reach")
    if head:
        begin = max(start + head - LEAD_IN, 0)
        reach = min_jerk((frames - begin) / (start + head - 20 - begin))
    return dataclasses.replace(
        plain,
        lift=gaussian(pad("lift"), 3.0),
        crouch=1.0 + style * (gaussian(pad("crouch"), JOINT_SIGMA) - 1.0),
        trunk_pitch=style * gaussian(pad("trunk_pitch"), JOINT_SIGMA),
        reach=reach,
        held=pad("held"),
        confidence=pad("confidence"),
    )
