"""How fast a folder goes: against MediaPipe alone, and with two workers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from assets.g1.spec import g1
from benchmarks.clip_files import Case
from benchmarks.quiet import without_stderr
from perception.person.pose import MediaPipePose
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from perception.video import open_video


def measure_speed(cases: list[Case], folder: Path) -> dict[str, Any]:
    """Frames/s of MediaPipe alone, of one worker and of two, on the same clips.

    Everything counts: starting processes, reading, retargeting, writing overlays.
    MediaPipe reads the same videos, in this process, in the same run.
    """
    videos = folder / "speed"
    videos.mkdir()
    scenes = []
    for case in cases:
        shutil.copy(case.video, videos)
        scenes.append((case.folder / "scene.toml").read_text(encoding="utf-8"))
    (videos / "scene.toml").write_text("\n".join(scenes), encoding="utf-8")
    paths = sorted(videos.glob("*.mp4"))
    begun = time.perf_counter()
    frames = sum(_landmarks(path) for path in paths)
    alone = time.perf_counter() - begun
    one, two = (_seconds(videos, folder / f"workers_{n}", n) for n in (1, 2))
    return {
        "clips": len(paths),
        "frames": frames,
        "mediapipe_fps": frames / alone,
        "one_worker_fps": frames / one,
        "share_of_mediapipe": alone / one,
        "two_workers_fps": frames / two,
        "two_over_one": one / two,
    }


def _landmarks(path: Path) -> int:
    video = open_video(path)
    with without_stderr():
        estimator = MediaPipePose(resolve_model())
        return len(estimator.estimate(video.frames(), video.fps).found)


def _seconds(videos: Path, out: Path, workers: int) -> float:
    begun = time.perf_counter()
    make_priors(videos, out, workers=workers, robot=g1(), progress=False)
    return time.perf_counter() - begun
