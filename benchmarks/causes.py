"""Where the error of one clip comes from: camera, depth, landmarks, object, labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.clip_files import Seen
from benchmarks.object_error import object_in_camera
from perception.person.pose import MEDIAPIPE_INDEX
from perception.track import Track

Floats = NDArray[np.floating]
Row = dict[str, float]

MM = 1e3
SIDES = np.array([1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12])
"""Each joint's other side."""

MEANINGS = {
    "landmark_px": "MediaPipe's landmarks off the true joints in the picture [px]",
    "landmark_mm": "the same at the joints' distance [mm]",
    "landmark_bias_mm": "of that, what stays the same all clip [mm]",
    "landmark_hidden_mm": "the same for landmarks it calls less than half visible [mm]",
    "swapped_share": "frames in which legs or arms fit better with sides swapped",
    "across_mm": "joints about the pelvis, across the line of sight [mm]",
    "depth_mm": "joints about the pelvis, along the line of sight [mm]",
    "bones_mm": "bone lengths [mm]",
    "pelvis_across_mm": "pelvis from the camera, across the line of sight [mm]",
    "pelvis_depth_mm": "pelvis from the camera, along the line of sight [mm]",
    "tilt_deg": "direction of gravity in the picture [°]",
    "camera_height_mm": "height of the camera above the floor [mm]",
    "object_across_mm": "object from the camera, across the line of sight [mm]",
    "object_depth_mm": "object from the camera, along the line of sight [mm]",
    "object_free_mm": "object while nothing touches it [mm]",
    "object_touched_mm": "object while it is touched [mm]",
    "f1_true_motion": "contact F1 of our rules, were all motion known exactly",
}
"""What each figure is the mean of."""


def landmark_causes(seen: Seen) -> Row:
    """What MediaPipe itself gets wrong in the picture, against projected joints."""
    truth, landmarks = seen.truth, seen.landmarks
    count = min(truth.num_frames, len(landmarks.found))
    joints_c = in_camera(truth, truth.joints_w)[:count]
    pixels = joints_c @ truth.K.T
    true = pixels[..., :2] / pixels[..., 2:]
    index, shown = list(MEDIAPIPE_INDEX), landmarks.found[:count]
    scale = _scale(seen)
    found = landmarks.pixels[:count, index] / scale
    millimetres = MM * joints_c[..., 2] / truth.K[0, 0]
    off = (found - true) * millimetres[..., None]
    size = np.linalg.norm(off, axis=-1)[shown]
    hidden = landmarks.visibility[:count, index][shown] < 0.5
    swapped = np.zeros(count, bool)
    for limbs in (slice(2, 8), slice(10, 14)):
        as_is, crossed = (
            np.linalg.norm((found[:, order] - true)[:, limbs], axis=-1).sum(axis=1)
            for order in (np.arange(14), SIDES)
        )
        swapped |= crossed < 0.8 * as_is
    return {
        "landmark_px": float(np.linalg.norm(found - true, axis=-1)[shown].mean()),
        "landmark_mm": float(size.mean()),
        "landmark_bias_mm": float(
            np.linalg.norm(off[shown].mean(axis=0), axis=-1).mean()
        ),
        "landmark_hidden_mm": float(size[hidden].mean()) if hidden.any() else np.nan,
        "swapped_share": float(swapped[shown].mean()),
    }


def track_causes(found: Track, truth: Track) -> Row:
    """The found motion against the truth as the camera sees both."""
    a, b = in_camera(found, found.joints_w), in_camera(truth, truth.joints_w)
    roots = [x[:, :2].mean(axis=1, keepdims=True) for x in (a, b)]
    across, depth = _split((a - roots[0]) - (b - roots[1]), b)
    far_across, far_depth = _split(roots[0] - roots[1], roots[1])
    up = [t.T_world_to_cam[:, :3, 2] for t in (found, truth)]
    tilt = np.arccos(np.clip((up[0] * up[1]).sum(axis=-1), -1.0, 1.0))
    high = [_camera_height(t) for t in (found, truth)]
    bones = [_bone_lengths(x) for x in (a, b)]
    return {
        "across_mm": MM * across,
        "depth_mm": MM * depth,
        "bones_mm": MM * float(np.abs(bones[0] - bones[1]).mean()),
        "pelvis_across_mm": MM * far_across,
        "pelvis_depth_mm": MM * far_depth,
        "tilt_deg": float(np.degrees(tilt.mean())),
        "camera_height_mm": MM * float(np.abs(high[0] - high[1]).mean()),
        **_object_causes(found, truth),
    }


def in_camera(track: Track, points_w: Floats) -> Floats:
    """Points `(T, N, 3)` in each frame's camera."""
    T = track.T_world_to_cam[:, None]
    return (T[..., :3, :3] @ points_w[..., None])[..., 0] + T[..., :3, 3]


def _object_causes(found: Track, truth: Track) -> Row:
    a, b = (object_in_camera(track)[0] for track in (found, truth))
    across, depth = _split(a - b, b)
    off = MM * np.linalg.norm(a - b, axis=-1)
    touched = truth.contact.any(axis=1)
    parts = {"object_free_mm": off[~touched], "object_touched_mm": off[touched]}
    means = {k: float(v.mean()) if len(v) else np.nan for k, v in parts.items()}
    return {"object_across_mm": MM * across, "object_depth_mm": MM * depth, **means}


def _split(error_c: Floats, at_c: Floats) -> tuple[float, float]:
    """Mean parts [m] of errors across and along the lines of sight to `at_c`."""
    sight = at_c / np.linalg.norm(at_c, axis=-1, keepdims=True)
    along = (error_c * sight).sum(axis=-1)
    across = np.linalg.norm(error_c - along[..., None] * sight, axis=-1)
    return float(across.mean()), float(np.abs(along).mean())


def _camera_height(track: Track) -> Floats:
    T = track.T_world_to_cam
    return -(T[:, :3, 2] * T[:, :3, 3]).sum(axis=-1)


def _bone_lengths(joints: Floats) -> Floats:
    pairs = np.array([(0, 1), (8, 9), (0, 2), (1, 3), (2, 4), (3, 5), (8, 10), (9, 11)])
    pairs = np.concatenate([pairs, [(10, 12), (11, 13)]])
    ends = joints[:, pairs]
    return np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=-1).mean(axis=0)


def _scale(seen: Seen) -> float:
    """Landmark pixels per pixel of the video."""
    from perception.video import open_video

    return open_video(seen.case.video).scale
