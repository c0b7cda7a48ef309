"""A folder of videos → a folder of priors; one bad video never stops it."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rich.console import Console

from assets.robot import RobotSpec
from perception.claim import claimed
from perception.gate import GATE
from perception.manifest import FILE_NAME, ClipRecord, Manifest
from perception.person.pose_model import model_hash, resolve_model
from perception.pool import Limits, run_here
from perception.progress import Telling
from perception.scene_file import SceneFile, load_scenes
from perception.video import file_hash, find_videos
from perception.worker import Job

VERSION = 7
"""Raise when the same video and settings would give another prior."""
SAVING_SHARE = 0.05
"""Of the time, at most, goes into writing the manifest."""

Engine = Literal["local", "ray"]


def make_priors(
    folder: Path,
    out: Path,
    *,
    task: str | None = None,
    workers: int = 0,
    robot: RobotSpec,
    progress: bool = True,
    time_limit_s: float = Limits.seconds,
    pose_model: Path | None = None,
    keep_all: bool = False,
    engine: Engine = "local",
) -> Manifest:
    """Make priors of every video in `folder` and return what became of each.

    `workers` processes, each replaced when it crashes, hangs or takes too long, do one
    video after another; 0 is one for every core. With `keep_all` no prior is set
    aside. What is finished is kept in `out/manifest.json`; a run that was interrupted
    or killed goes on from there. `engine="ray"` spreads the videos over a cluster.
    Raises ValueError if another process works on `out`.
    """
    if workers < 0 or time_limit_s <= 0:
        msg = (
            f"workers is {workers}, expected 0 (all cores) or more; time limit is "
            f"{time_limit_s:g} s, expected more than 0"
        )
        raise ValueError(msg)
    videos = find_videos(folder)
    if not videos:
        msg = f"{folder}: holds no video (.mp4, .mov, .avi, .mkv or .webm)"
        raise ValueError(msg)
    model = resolve_model(pose_model)
    gate = 0.0 if keep_all else GATE
    plain = Job("", folder, "", out, robot, model, model_hash(model), gate, VERSION)
    jobs, records = _plan(videos, plain, load_scenes(folder, task))
    with claimed(out):
        before = Manifest.load(out) if (out / FILE_NAME).exists() else None
        manifest = Manifest(str(folder), records | _finished(jobs, before))
        waiting = [job for job in jobs if job.name not in manifest.clips]
        limits = Limits(seconds=time_limit_s)
        come = _run(waiting, engine, workers, limits)
        with Telling(Console(), jobs, manifest, shown=progress) as telling:
            _collect(come, manifest, out, telling)
    return manifest


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _collect(
    come: Iterator[ClipRecord], manifest: Manifest, out: Path, telling: Telling
) -> None:
    """Take records as they come; the manifest on disk is never far behind."""
    manifest.save(out)
    due = 0.0
    try:
        for record in come:
            manifest.clips[record.name] = record
            telling.tell(record)
            if time.monotonic() >= due:
                begun = time.monotonic()
                manifest.save(out)
                spent = time.monotonic() - begun
                due = time.monotonic() + spent / SAVING_SHARE
    finally:
        manifest.save(out)


def _run(
    jobs: list[Job], engine: Engine, workers: int, limits: Limits
) -> Iterator[ClipRecord]:
    if engine == "ray":
        from perception.cluster import run_on_ray

        return run_on_ray(jobs, workers, limits)
    return run_here(jobs, workers or cores(), limits)


def _plan(
    videos: list[Path], plain: Job, scenes: SceneFile
) -> tuple[list[Job], dict[str, ClipRecord]]:
    """A job for every video, and records of those that cannot even be read."""
    jobs: list[Job] = []
    unread: dict[str, ClipRecord] = {}
    stems = [video.stem for video in videos]
    taken: set[str] = set()
    for video in videos:
        name = video.stem
        if stems.count(name) > 1 or name in taken:
            name = video.name.replace(".", "_")
        while name in taken:
            name += "_"
        taken.add(name)
        scene = scenes.scene(video.stem)
        job = dataclasses.replace(plain, name=name, video=video, scene=scene)
        try:
            jobs.append(dataclasses.replace(job, sha256=file_hash(video)))
        except OSError as error:
            unread[name] = job.record(
                "rejected", f"cannot be read ({error.strerror})", seconds=0.0
            )
    return jobs, unread


def _finished(jobs: list[Job], before: Manifest | None) -> dict[str, ClipRecord]:
    """Records of an earlier run that still hold for these jobs."""
    if before is None:
        return {}
    kept = {}
    for job in jobs:
        record = before.clips.get(job.name)
        if (
            record is not None
            and record.status != "failed"
            and record.sha256 == job.sha256
            and record.settings == job.settings()
            and all((job.out / file).exists() for file in record.outputs)
        ):
            kept[job.name] = record
    return kept
