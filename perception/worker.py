"""One video in a process of its own: everything that may crash, crashes here."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from assets.robot import RobotSpec
from perception.manifest import ClipRecord, Status
from perception.person.pose_model import model_hash
from perception.scene_file import Scene

DEFAULT_TASK = "lift-box"


@dataclasses.dataclass(frozen=True)
class Job:
    """A video to process, with all that its prior depends on."""

    name: str
    video: Path
    sha256: str
    out: Path
    scene: Scene
    robot: RobotSpec
    model: Path
    version: int

    def settings(self) -> dict[str, Any]:
        """What a prior depends on besides the video; JSON values only."""
        scene = self.scene.to_dict()
        if self.scene.object is not None:
            scene["object"]["size"] = list(self.scene.object.size)
        return {
            "version": self.version,
            "scene": scene,
            "robot": self.robot.name,
            "pose_model_sha256": model_hash(self.model),
        }

    def record(
        self,
        status: Status,
        reason: str | None,
        *,
        seconds: float,
        files: list[str],
        notes: list[str] | None = None,
        source: dict[str, Any] | None = None,
    ) -> ClipRecord:
        """The job's entry in the manifest."""
        return ClipRecord(
            self.name,
            self.video.name,
            self.sha256,
            status,
            reason,
            notes or [],
            round(seconds, 2),
            self.settings(),
            files,
            source or {},
        )


def outputs(job: Job) -> list[str]:
    """Names of the files that a job may write."""
    return [f"{job.name}.{end}" for end in ("prior.npz", "track.npz", "overlay.mp4")]


def run_job(job: Job, pipe: Connection) -> None:
    """Process entry: do the job silently and send its record."""
    _be_silent()
    _die_with_parent()
    started = time.perf_counter()
    for file in outputs(job):
        (job.out / file).unlink(missing_ok=True)
    try:
        record = _work(job, started)
    except ValueError as error:
        reason = " ".join(str(error).removeprefix(f"{job.video.name}: ").split())
        seconds = time.perf_counter() - started
        record = job.record("rejected", reason, seconds=seconds, files=[])
    except Exception as error:  # a fault of ours, told without stopping the folder
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        seconds = time.perf_counter() - started
        record = job.record("failed", reason, seconds=seconds, files=[])
    pipe.send(record)
    pipe.close()


def _work(job: Job, started: float) -> ClipRecord:
    from perception.clip import see_clip
    from perception.person.pose import MediaPipePose
    from perception.report.overlay import write_overlay
    from perception.video import open_video

    sighting = see_clip(job.video, job.scene, MediaPipePose(job.model))
    track_file, prior_file = (
        job.out / f"{job.name}.{end}" for end in ("track.npz", "prior.npz")
    )
    sighting.track.validate()
    _save(sighting.track, track_file)
    shown = sighting.object if sighting.refusal is None else None
    overlay_file = job.out / f"{job.name}.overlay.mp4"
    write_overlay(overlay_file, open_video(job.video), sighting.track, shown)
    files = [track_file.name, overlay_file.name]
    source = {
        **sighting.source,
        "video": job.video.name,
        "sha256": job.sha256,
        "settings": job.settings(),
        "notes": sighting.notes,
    }
    reason = sighting.refusal
    if reason is None:
        try:
            prior = _retarget(job, sighting, source)
            _save(prior, prior_file)
            files.append(prior_file.name)
        except ValueError as error:
            reason = " ".join(str(error).split())
    return job.record(
        "kept" if reason is None else "rejected",
        reason,
        seconds=time.perf_counter() - started,
        files=files,
        notes=sighting.notes,
        source=sighting.source,
    )


def _retarget(job: Job, sighting: Any, source: dict[str, Any]) -> Any:
    from perception.retargeting.retarget import retarget

    return retarget(
        sighting.track,
        sighting.object,
        job.robot,
        name=job.name,
        task=job.scene.task or DEFAULT_TASK,
        source=source,
    )


def _save(value: Any, path: Path) -> None:
    """Save beside `path` first, so that a killed run leaves no half file."""
    partial = path.with_name(f".{path.name}.partial")
    value.save(partial)
    os.replace(partial, path)


def _be_silent() -> None:
    """Decoders and MediaPipe write to the terminal from C; nobody should see it."""
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _die_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
