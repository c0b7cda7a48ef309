"""Perception against truth: `python -m benchmarks.perception`.

Rendered clips of unseen seeds go through the pipeline without their truth; real clips
with marker mocap beside them are measured too where their folder is found.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from assets.g1.spec import g1
from benchmarks.pose_error import (
    aligned_error,
    at_times,
    load_mocap,
    rigid_motion,
    root_error,
    world_error,
)
from benchmarks.result import write_result
from perception.camera import invert, transform
from perception.person.pose import MEDIAPIPE_INDEX, MediaPipePose
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from perception.studio.render import render_clips
from perception.track import Track
from perception.video import open_video

Floats = NDArray[np.floating]
Row = dict[str, float | str | None]

MOCAP_CLIPS = ("sts_opencap", "walk_opencap")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    clips: int = 10
    """Number of rendered clips."""
    seed: int = 1000
    """Of the rendered clips; development used seeds below 1000."""
    workers: int = 1
    real: Path = Path(os.environ.get("SUGARMILL_CLIPS", "../shared/clips"))
    """Folder of real clips with NAME.mocap.json beside them."""
    task: str = "lift-box"


def main(settings: Settings) -> None:
    """Measure, print the tables, write the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = measure_rendered(settings, Path(folder))
        real = measure_real(settings, Path(folder))
    means = {key: _mean([row[key] for row in rendered]) for key in rendered[0]}
    means = {key: value for key, value in means.items() if value is not None}
    show("Rendered clips, errors in mm", [*rendered, {"clip": "mean", **means}])
    if real:
        show("Real clips against mocap, errors in mm", real)
    figures = {"rendered": rendered, "rendered_mean": means, "real": real}
    path = write_result("perception", [settings.seed], figures)
    Console().print(f"written to {path}")


def measure_rendered(settings: Settings, folder: Path) -> list[Row]:
    """Render, watch without the truth, and compare: one row per clip."""
    studio, videos, out = (folder / name for name in ("studio", "videos", "out"))
    paths = render_clips(settings.task, settings.clips, settings.seed, studio)
    videos.mkdir()
    for path in [*paths, studio / "scene.toml"]:
        shutil.copy(path, videos / path.name)
    manifest = make_priors(videos, out, workers=settings.workers, robot=g1())
    rows = []
    for path in paths:
        record = manifest.clips[path.stem]
        truth = Track.load(path.with_suffix(".truth.npz"))
        row: Row = {"clip": path.stem, "status": record.reason or record.status}
        track_file = out / f"{path.stem}.track.npz"
        found = Track.load(track_file) if track_file.exists() else None
        rows.append(row | compare(found, truth) | {"root_raw": raw_error(path, truth)})
    return rows


def compare(found: Track | None, truth: Track) -> Row:
    """Errors [mm] of a track against its truth, and contact F1; None where absent.

    The object is compared in the camera's frame, which both tracks share (`object`),
    and after moving the found person rigidly onto the true one (`object_person`).
    """
    keys = "root world pa object object_person f1_left f1_right".split()
    if found is None:
        return dict.fromkeys(keys)
    a, b = found.joints_w, truth.joints_w
    seen = transform(invert(truth.T_world_to_cam[0]), _object_in_camera(found))
    rotation, shift = rigid_motion(a.reshape(-1, 3), b.reshape(-1, 3))
    with_person = found.object_pos_w @ rotation + shift
    values = [
        1e3 * root_error(a, b),
        1e3 * world_error(a, b),
        1e3 * aligned_error(a, b),
        1e3 * float(np.linalg.norm(seen - truth.object_pos_w, axis=1).mean()),
        1e3 * float(np.linalg.norm(with_person - truth.object_pos_w, axis=1).mean()),
        *(_f1(found.contact[:, hand], truth.contact[:, hand]) for hand in (0, 1)),
    ]
    return dict(zip(keys, values, strict=True))


def raw_error(path: Path, truth: Track | None, joints: Floats | None = None) -> float:
    """Root-relative error [mm] of MediaPipe's own world landmarks on the same clip."""
    video = open_video(path)
    estimator = MediaPipePose(resolve_model())
    with without_stderr():
        landmarks = estimator.estimate(video.frames(), video.fps)
    true = truth.joints_w if truth is not None else joints
    assert true is not None
    seen = landmarks.found
    return 1e3 * root_error(
        landmarks.points_c[:, list(MEDIAPIPE_INDEX)][seen], true[seen]
    )


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Drop what MediaPipe logs from C."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def measure_real(settings: Settings, folder: Path) -> list[Row]:
    """Errors [mm] on the clips with mocap; none where their folder is absent."""
    videos, out = folder / "real", folder / "real_out"
    videos.mkdir()
    names = [n for n in MOCAP_CLIPS if (settings.real / f"{n}.mp4").exists()]
    if not names:
        return []
    for name in names:
        shutil.copy(settings.real / f"{name}.mp4", videos)
    make_priors(videos, out, workers=settings.workers, robot=g1())
    rows: list[Row] = []
    for name in names:
        times, joints = load_mocap(settings.real / f"{name}.mocap.json")
        found = Track.load(out / f"{name}.track.npz")
        true = at_times(times, joints, np.arange(found.num_frames) / found.fps)
        rows.append(
            {
                "clip": name,
                "world": 1e3 * world_error(found.joints_w, true),
                "root": 1e3 * root_error(found.joints_w, true),
                "pa": 1e3 * aligned_error(found.joints_w, true),
                "root_raw": raw_error(videos / f"{name}.mp4", None, true),
            }
        )
    return rows


def show(title: str, rows: list[Row]) -> None:
    """Print rows as a table."""
    table = Table(title=title, padding=(0, 0))
    for key in rows[0]:
        table.add_column(key, justify="left" if key in ("clip", "status") else "right")
    for row in rows:
        table.add_row(*(_cell(key, row.get(key)) for key in rows[0]))
    Console().print(table)


def _mean(values: list[float | str | None]) -> float | None:
    """Mean of the numbers among `values`, if there are any."""
    numbers = [value for value in values if isinstance(value, float)]
    return sum(numbers) / len(numbers) if numbers else None


def _object_in_camera(track: Track) -> Floats:
    return transform(track.T_world_to_cam[0], track.object_pos_w)


def _f1(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    total = int(found.sum() + true.sum())
    return 2.0 * int((found & true).sum()) / total if total else 1.0


def _cell(key: str, value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if key.startswith("f1") else f"{value:.0f}"
    return str(value or "")


if __name__ == "__main__":
    main(tyro.cli(Settings))
