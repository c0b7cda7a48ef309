"""A hand-made track: a person bends, takes a box by its sides, stands up with it."""

import dataclasses

import numpy as np

from assets import rotations
from assets.objects import LIFT_BOX, ObjectSpec
from perception.prior import CONTACT_NAMES
from perception.smoothing import gaussian, min_jerk
from perception.track import JOINTS, Track

THIGH, SHIN, TRUNK, UPPER, FORE = 0.43, 0.42, 0.50, 0.30, 0.26


def lift_track(
    *, seconds=4.0, fps=30.0, height=1.75, distance=0.40, obj: ObjectSpec = LIFT_BOX
) -> Track:
    """Facing +x from the origin; contact from 1.4 s, lift from 1.7 s to 2.8 s."""
    s = height / 1.75
    t = np.arange(int(seconds * fps)) / fps
    bend = min_jerk((t - 0.3) / 1.0) * (1.0 - min_jerk((t - 1.7) / 1.1))
    lift = min_jerk((t - 1.7) / 1.1)
    held = t >= 1.4
    half = np.array(obj.half_size)
    box = np.zeros((len(t), 3))
    box[:, 0] = distance + lift * (0.33 - distance)
    box[:, 2] = half[2] + lift * (1.12 * s - half[2])
    joints = np.zeros((len(t), len(JOINTS), 3))
    put = lambda name, value: joints.__setitem__(  # noqa: E731
        (slice(None), JOINTS.index(name)), value
    )
    hip = np.stack([-0.22 * bend, 0 * t, s * (0.93 - 0.33 * bend)], 1)
    pitch = 0.9 * bend
    shoulder = hip + s * TRUNK * np.stack([np.sin(pitch), 0 * t, np.cos(pitch)], 1)
    reach = min_jerk((t - 0.5) / 0.7)[:, None]
    for side, sign in (("l", 1.0), ("r", -1.0)):
        out = np.array([0.0, sign, 0.0])
        ankle = np.tile(0.11 * out + [0, 0, 0.08], (len(t), 1))
        put(f"{side}_ankle", ankle)
        put(f"{side}_toe", ankle + np.array([0.2, 0, -0.05]))
        put(f"{side}_hip", hip + 0.09 * out)
        knee = (hip + 0.09 * out + ankle) / 2 + np.outer(0.02 + 0.3 * bend, [1, 0, 0])
        put(f"{side}_knee", knee)
        put(f"{side}_shoulder", shoulder + 0.19 * s * out)
        rest = shoulder + 0.25 * out + [0.05, 0, -s * (UPPER + FORE) * 0.97]
        face = box + out * (half[1] + 0.02) + [-0.05, 0, 0.05]
        wrist = rest + reach * (face - rest)
        put(f"{side}_wrist", wrist)
        put(f"{side}_elbow", (wrist + shoulder + 0.19 * s * out) / 2 + 0.06 * out)
    contact = np.zeros((len(t), len(CONTACT_NAMES)), dtype=bool)
    contact[:, :2] = held[:, None]
    return Track(
        fps=fps,
        joints_w=joints,
        visibility=np.full(joints.shape[:2], 0.9),
        object_pos_w=box,
        object_quat_w=np.tile([1.0, 0, 0, 0], (len(t), 1)),
        contact=contact,
        K=np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]),
        T_world_to_cam=np.tile(np.eye(4), (len(t), 1, 1)),
    )


def carry_track(*, walk=1.5, carry=1.0, fps=30.0) -> Track:
    """The lift, after a walk of `walk` [m] along +x and before one of `carry` [m].

    The stick person glides; only where the ankles are is told.
    """
    lift = lift_track(seconds=4.0, fps=fps)
    pace = int(fps / 1.0)
    before, after = int(walk * pace) + 10, int(carry * pace)
    last = lift.num_frames - 1
    frames = np.concatenate(
        [np.zeros(before, int), np.arange(last), np.full(after + 15, last)]
    )
    way = np.interp(
        np.arange(len(frames)),
        [10, before, before + last, before + last + after],
        [-walk, 0.0, 0.0, carry],
    )
    carried = np.maximum(way, 0.0)
    x = np.array([1.0, 0.0, 0.0])
    return dataclasses.replace(
        lift,
        joints_w=lift.joints_w[frames] + way[:, None, None] * x,
        visibility=lift.visibility[frames],
        object_pos_w=lift.object_pos_w[frames] + carried[:, None] * x,
        object_quat_w=lift.object_quat_w[frames],
        contact=lift.contact[frames],
        T_world_to_cam=lift.T_world_to_cam[frames],
    )


def move(track: Track, *, yaw: float, offset: tuple[float, float]) -> Track:
    """The same scene, turned and moved on the floor."""
    q, shift = rotations.from_yaw(yaw), np.array([*offset, 0.0])
    return dataclasses.replace(
        track,
        joints_w=rotations.rotate(q, track.joints_w) + shift,
        object_pos_w=rotations.rotate(q, track.object_pos_w) + shift,
        object_quat_w=rotations.multiply(q, track.object_quat_w),
    )


def blur(track: Track, seed: int, *, joints=0.05, obj=0.04, yaw=0.1) -> Track:
    """Errors as perception makes them: correlated over about 0.3 s."""
    rng = np.random.default_rng(seed)

    def noise(shape, scale):
        sigma = 0.3 * track.fps
        rough = gaussian(rng.normal(size=shape), sigma)
        return scale * rough / rough.std() / np.sqrt(3)

    turn = rotations.from_yaw(yaw * np.sqrt(3) * noise((track.num_frames,), 1.0))
    shift = rng.integers(-4, 5)
    return dataclasses.replace(
        track,
        joints_w=track.joints_w + noise(track.joints_w.shape, joints),
        object_pos_w=track.object_pos_w + noise(track.object_pos_w.shape, obj),
        object_quat_w=rotations.multiply(turn, track.object_quat_w),
        contact=np.roll(track.contact, shift, axis=0)
        & (np.arange(len(turn)) > 10)[:, None],
    )
