"""A folder of videos → a folder of priors; one bad video never stops it."""

from __future__ import annotations

import dataclasses
import multiprocessing
import multiprocessing.connection
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from assets.robot import RobotSpec
from perception.manifest import FILE_NAME, ClipRecord, Manifest
from perception.person.pose_model import resolve_model
from perception.scene_file import load_scenes
from perception.video import file_hash, find_videos
from perception.worker import Job, outputs, run_job

TIME_LIMIT_S = 900.0
POLL_S = 0.1
VERSION = 1
"""Raise when the same video and settings would give another prior."""


def make_priors(
    folder: Path,
    out: Path,
    *,
    task: str | None = None,
    workers: int = 1,
    robot: RobotSpec,
    progress: bool = True,
    time_limit_s: float = TIME_LIMIT_S,
    pose_model: Path | None = None,
) -> Manifest:
    """Make priors of every video in `folder` and return what became of each.

    Each video has a process of its own and a time limit. What is finished is kept in
    `out/manifest.json`; a run that was killed goes on from there.
    """
    if workers < 1:
        msg = f"workers is {workers}, expected at least 1"
        raise ValueError(msg)
    videos = find_videos(folder)
    if not videos:
        msg = f"{folder}: holds no video (.mp4, .mov, .avi, .mkv or .webm)"
        raise ValueError(msg)
    jobs = _plan(videos, folder, out, task, robot, resolve_model(pose_model))
    out.mkdir(parents=True, exist_ok=True)
    before = Manifest.load(out) if (out / FILE_NAME).exists() else None
    manifest = Manifest(str(folder), _finished(jobs, before))
    manifest.save(out)
    waiting = [job for job in jobs if job.name not in manifest.clips]
    with _bar(progress) as bar:
        row = bar.add_task("priors", total=len(jobs), completed=len(manifest.clips))
        for record in manifest.clips.values():
            _say_why(bar, record)
        for record in _run(waiting, workers, time_limit_s):
            manifest.clips[record.name] = record
            manifest.save(out)
            _say_why(bar, record)
            bar.advance(row)
    return manifest


def _say_why(bar: Progress, record: ClipRecord) -> None:
    """One line on a video that gave no prior."""
    if record.status != "kept":
        line = f"{record.video}: {record.reason}"
        bar.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _plan(
    videos: list[Path],
    folder: Path,
    out: Path,
    task: str | None,
    robot: RobotSpec,
    model: Path,
) -> list[Job]:
    scenes = load_scenes(folder)
    stems = [video.stem for video in videos]
    jobs = []
    for video in videos:
        twin = stems.count(video.stem) > 1
        scene = scenes.scene(video.stem)
        if task is not None:
            scene = dataclasses.replace(scene, task=task)
        name = video.name.replace(".", "_") if twin else video.stem
        sha256 = file_hash(video)
        jobs.append(Job(name, video, sha256, out, scene, robot, model, VERSION))
    return jobs


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


@dataclasses.dataclass
class _Running:
    job: Job
    process: Any
    pipe: multiprocessing.connection.Connection
    started: float


def _run(jobs: list[Job], workers: int, limit_s: float) -> Iterator[ClipRecord]:
    """Yield records as they come, `workers` processes at a time."""
    waiting, running = list(jobs), list[_Running]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(waiting.pop(0)))
            multiprocessing.connection.wait(
                [r.process.sentinel for r in running] + [r.pipe for r in running],
                POLL_S,
            )
            for one in list(running):
                record = _result(one, limit_s)
                if record is not None:
                    running.remove(one)
                    yield record
    finally:
        for one in running:
            one.process.kill()


def _start(job: Job) -> _Running:
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=run_job, args=(job, send), daemon=True)
    process.start()
    send.close()
    return _Running(job, process, receive, time.monotonic())


def _result(one: _Running, limit_s: float) -> ClipRecord | None:
    """The record of a process that has ended or is out of time, else None."""
    seconds = time.monotonic() - one.started
    fault = None
    if one.pipe.poll():
        try:
            record = one.pipe.recv()
            one.process.join()
            return record
        except EOFError:
            one.process.join()
            fault = f"the worker ended without a word (exit {one.process.exitcode})"
    elif not one.process.is_alive():
        fault = f"the worker crashed (exit {one.process.exitcode})"
    elif seconds > limit_s:
        one.process.kill()
        one.process.join()
        fault = f"took longer than {limit_s:g} s"
    if fault is None:
        return None
    files = [f for f in outputs(one.job) if (one.job.out / f).exists()]
    return one.job.record("failed", fault, seconds=seconds, files=files)


def _bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        disable=not shown,
    )
