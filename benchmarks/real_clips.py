"""Real clips with marker mocap beside them: joints against the markers'."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from assets.g1.spec import g1
from benchmarks.pose_error import (
    aligned_error,
    at_times,
    load_mocap,
    root_error,
    world_error,
)
from benchmarks.quiet import without_stderr
from benchmarks.real_causes import real_causes
from perception.person.pose import MEDIAPIPE_INDEX, MediaPipePose
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from perception.track import Track
from perception.video import open_video

MOCAP_CLIPS = ("sts_opencap", "walk_opencap")
MM = 1e3


def measure_real(clips: Path, folder: Path, workers: int) -> list[dict[str, Any]]:
    """Errors [mm] on the clips with mocap in `clips`; none where they are absent.

    `folder` takes copies of them and what the pipeline makes of these.
    """
    names = [name for name in MOCAP_CLIPS if (clips / f"{name}.mp4").exists()]
    if not names:
        return []
    videos, out = folder / "real", folder / "real_out"
    videos.mkdir()
    for name in names:
        shutil.copy(clips / f"{name}.mp4", videos)
    make_priors(videos, out, workers=workers, robot=g1())
    return [_row(name, clips, videos, out) for name in names]


def _row(name: str, clips: Path, videos: Path, out: Path) -> dict[str, Any]:
    times, joints = load_mocap(clips / f"{name}.mocap.json")
    found = Track.load(out / f"{name}.track.npz")
    true = at_times(times, joints, np.arange(found.num_frames) / found.fps)
    video = open_video(videos / f"{name}.mp4")
    with without_stderr():
        landmarks = MediaPipePose(resolve_model()).estimate(video.frames(), video.fps)
    seen = landmarks.found
    raw = landmarks.points_c[:, list(MEDIAPIPE_INDEX)][seen]
    return {
        "clip": name,
        "world": MM * world_error(found.joints_w, true),
        "root": MM * root_error(found.joints_w, true),
        "pa": MM * aligned_error(found.joints_w, true),
        "root_raw": MM * root_error(raw, true[: len(seen)][seen]),
        **real_causes(found, times, joints),
    }
