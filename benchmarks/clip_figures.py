"""The figures of one rendered clip, as a flat row of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from assets.interactions import interaction
from benchmarks.causes import landmark_causes, track_causes
from benchmarks.clip_files import Seen
from benchmarks.contact_error import Agreement, Bools, agreement
from benchmarks.object_error import object_in_camera, turned_by
from benchmarks.pose_error import (
    aligned_error,
    pelvis_error,
    rigid_motion,
    root_error,
    world_error,
)
from perception.contacts import label_contacts
from perception.person.pose import MEDIAPIPE_INDEX
from perception.prior import CONTACT_NAMES
from perception.track import Track

MM = 1e3
Row = dict[str, Any]

MEANINGS = {
    "root": "joints about the mid-hip, one rotation for the clip [mm]",
    "root_raw": "the same of MediaPipe's own world landmarks [mm]",
    "pa": "joints after a similarity fit in every frame [mm]",
    "world": "joints after one rigid fit for the clip [mm]",
    "position": "pelvis after that same rigid fit of all joints [mm]",
    "object": "object's centre in each frame's camera [mm]",
    "object_person": "object's centre after the rigid fit of the joints [mm]",
    "object_deg": "object's orientation in each frame's camera, up to its symmetry [°]",
    "f1": "contact, over the task's bodies and frames",
    "onset": "median of |found − true| over contact's beginnings [frames]",
}
"""What each figure is."""

PRIOR_KEYS = {
    "joint_limit_violation_rad": 1.0,
    "penetration_max_m": MM,
    "foot_speed_max_m_s": MM,
    "contact_gap_mean_m": MM,
    "residual_mean_n": 1.0,
}
"""A prior's own figures, and what they are multiplied by here (to mm, mm/s)."""


def figures(seen: Seen) -> Row:
    """All figures of a clip; those of a clip nothing was found in are absent."""
    row: Row = {
        "clip": seen.case.name,
        "task": seen.case.task,
        "seed": seen.case.seed,
        "status": seen.status,
        "reason": seen.reason,
        "seconds": seen.seconds,
        "root_raw": raw_error(seen),
        "f1_true_motion": _labelled_from_truth(seen),
        **landmark_causes(seen),
    }
    if seen.found is not None:
        row |= track_figures(seen.found, seen.truth, seen)
    for key, scale in PRIOR_KEYS.items():
        value = (seen.quality or {}).get(key)
        if value is not None:
            worst = max(value.values()) if isinstance(value, dict) else value
            row[f"prior_{key}"] = scale * float(worst)
    return row


def raw_error(seen: Seen) -> float:
    """Root-relative error [mm] of MediaPipe's world landmarks."""
    shown = seen.landmarks.found
    points = seen.landmarks.points_c[:, list(MEDIAPIPE_INDEX)]
    return MM * root_error(points[shown], seen.truth.joints_w[: len(shown)][shown])


def track_figures(found: Track, truth: Track, seen: Seen) -> Row:
    """Person, object and contact of a found track; no object if none was found."""
    a, b = found.joints_w, truth.joints_w
    rotation, shift = rigid_motion(a.reshape(-1, 3), b.reshape(-1, 3))
    (pos, quat), (true_pos, true_quat) = map(object_in_camera, (found, truth))
    beside = found.object_pos_w @ rotation + shift - truth.object_pos_w
    angle = turned_by(quat, true_quat, seen.object)
    labels = _agreement(found.contact, truth.contact, seen.case.task)
    row = {
        "root": MM * root_error(a, b),
        "pa": MM * aligned_error(a, b),
        "world": MM * world_error(a, b),
        "position": MM * pelvis_error(a, b),
        "f1": labels.f1,
        "labels": [labels.hits, labels.false, labels.missed, labels.at_edges],
        "onsets": [None if np.isnan(o) else o for o in labels.onsets],
        **track_causes(found, truth),
    }
    if not seen.handled:
        return {key: row[key] for key in row if not key.startswith("object")}
    row["object"] = MM * float(np.linalg.norm(pos - true_pos, axis=-1).mean())
    row["object_person"] = MM * float(np.linalg.norm(beside, axis=-1).mean())
    if angle is not None:
        row["object_deg"] = float(np.degrees(angle.mean()))
    return row


def _agreement(found: Bools, true: Bools, task: str) -> Agreement:
    bodies = [CONTACT_NAMES.index(name) for name in interaction(task).contacts]
    return agreement(found[:, bodies], true[:, bodies])


def _labelled_from_truth(seen: Seen) -> float:
    """F1 of the labels that our rules give for the true motion."""
    truth, task = seen.truth, seen.case.task
    labels = label_contacts(
        truth.joints_w,
        seen.object,
        truth.object_pos_w,
        truth.object_quat_w,
        truth.fps,
        interaction(task).contacts,
    )
    return _agreement(labels, truth.contact, task).f1
