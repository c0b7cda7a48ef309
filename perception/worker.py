"""A process that does one video after another: all that may crash, crashes here."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.robot import RobotSpec
from perception.files import atomic
from perception.manifest import ClipRecord, Status
from perception.scene_file import Scene
from perception.stopwatch import Stopwatch

if TYPE_CHECKING:
    from perception.clip import Sighting
    from perception.person.pose import MediaPipePose, PoseEstimator
    from perception.prior import Prior
    from perception.track import Track

DEFAULT_TASK = "lift-box"
SET_ASIDE = "set_aside"
"""Folder, in the one for priors, of those that did not pass the gate."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A video to process, with all that its prior depends on.

    `gate` is the least score of a prior that is kept.
    """

    name: str
    video: Path
    sha256: str
    out: Path
    robot: RobotSpec
    model: Path
    model_sha256: str
    gate: float
    version: int
    scene: Scene = dataclasses.field(default_factory=Scene)

    def settings(self) -> dict[str, Any]:
        """What a prior depends on besides the video; JSON values only."""
        settings = {
            "version": self.version,
            "scene": self.scene.to_dict(),
            "robot": self.robot.name,
            "pose_model_sha256": self.model_sha256,
            "gate": self.gate,
        }
        return json.loads(json.dumps(settings))

    def outputs(self) -> list[str]:
        """Names of the files that this job may write, in `out`."""
        ends = ("prior.npz", "track.npz", "overlay.mp4")
        folders = ("", f"{SET_ASIDE}/")
        return [f"{folder}{self.name}.{end}" for folder in folders for end in ends]

    def clear(self) -> None:
        """Remove what an earlier or an unfinished run has left."""
        for file in map(self.out.joinpath, self.outputs()):
            file.unlink(missing_ok=True)
            for partial in file.parent.glob(f".{glob_escape(file.stem)}*.partial*"):
                partial.unlink(missing_ok=True)

    def record(self, status: Status, reason: str | None, **rest: Any) -> ClipRecord:
        """The job's entry in the manifest, in which a reason is one line."""
        line = None if reason is None else one_line(reason, self.video.name)
        return ClipRecord(
            name=self.name,
            video=self.video.name,
            sha256=self.sha256,
            status=status,
            reason=line,
            settings=self.settings(),
            **{"notes": [], "outputs": [], **rest},
        )


def one_line(words: str, name: str = "") -> str:
    """`words` on one line, at most 300 characters, without `name:` before them."""
    line = " ".join(words.split()).removeprefix(f"{name}: ")
    return line if len(line) <= 300 else f"{line[:299]}…"


def glob_escape(name: str) -> str:
    """A file's name as a pattern that matches only it."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def serve(pipe: Connection) -> None:
    """Process entry: do the jobs that come, silently, and send signs and records."""
    _be_silent()
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import cv2

    cv2.setNumThreads(1)
    estimators: dict[Path, MediaPipePose] = {}
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            break
        if job.model not in estimators:
            estimators[job.model] = open_estimator(job.model)
        pipe.send(do_job(job, estimators[job.model], Stopwatch(pipe.send)))
    for estimator in estimators.values():
        estimator.close()


def open_estimator(model: Path) -> MediaPipePose:
    """What watches videos here: both ways round, with no more than landmarks need."""
    from perception.person.lean_model import lean_model
    from perception.person.pose import MediaPipePose

    return MediaPipePose(lean_model(model), mirrored=True)


def do_job(job: Job, estimator: PoseEstimator, watch: Stopwatch) -> ClipRecord:
    """One video to its record; what goes wrong is told in it."""
    started = time.perf_counter()
    job.clear()
    try:
        status, reason, rest = _work(job, estimator, watch)
    except ValueError as error:
        status, reason, rest = "rejected", str(error), {}
    except Exception as error:  # a fault of ours, told without stopping the folder
        status, reason, rest = "failed", f"{type(error).__name__}: {error}", {}
    seconds = round(time.perf_counter() - started, 2)
    timed = {"seconds": seconds, "stages": watch.rounded(), "frames": watch.frames}
    return job.record(status, reason, **timed, **rest)


def _work(
    job: Job, estimator: PoseEstimator, watch: Stopwatch
) -> tuple[Status, str | None, dict[str, Any]]:
    """Status, reason and the rest of the record."""
    from perception.clip import see_clip

    sighting = see_clip(job.video, job.scene, estimator, watch)
    sighting.track.validate()
    rest: dict[str, Any] = {"notes": sighting.notes, "source": sighting.source}
    status, reason, prior = "rejected", sighting.refusal, None
    if reason is None:
        with watch.stage("retarget"):
            try:
                prior = _retarget(job, sighting)
            except ValueError as error:
                reason = str(error)
    if prior is not None:
        status, reason, judged = _judge(job, prior, sighting)
        rest |= judged
    folder = job.out / SET_ASIDE if status == "set aside" else job.out
    with watch.stage("save"):
        files = _save(job, folder, sighting, prior)
    rest["outputs"] = [file.relative_to(job.out).as_posix() for file in files]
    return status, reason, rest


def _retarget(job: Job, sighting: Sighting) -> Prior:
    from perception.retargeting.quality import PoorPriorError
    from perception.retargeting.retarget import retarget

    source = {
        **sighting.source,
        "video": job.video.name,
        "sha256": job.sha256,
        "settings": job.settings(),
        "notes": sighting.notes,
    }
    try:
        return retarget(
            sighting.track,
            sighting.object,
            job.robot,
            name=job.name,
            task=job.scene.task or DEFAULT_TASK,
            source=source,
        )
    except PoorPriorError as poor:
        poor.prior.validate(job.robot)
        return poor.prior


def _judge(
    job: Job, prior: Prior, sighting: Sighting
) -> tuple[Status, str | None, dict[str, Any]]:
    from perception.gate import judge

    verdict = judge(prior, sighting.source.get("object_seen"), job.gate)
    rest = {"score": verdict.score, "doubts": verdict.reasons}
    if verdict.kept:
        return "kept", None, rest
    why = "; ".join(verdict.reasons or prior.quality["reasons"])
    return "set aside", f"scores {verdict.score:.2f} of {job.gate:g}: {why}", rest


def _save(
    job: Job, folder: Path, sighting: Sighting, prior: Prior | None
) -> list[Path]:
    """Write track, overlay and prior, each in one step; returns what was written."""
    from perception.report.overlay import write_overlay

    folder.mkdir(exist_ok=True)
    values: dict[str, Track | Prior] = {"track.npz": sighting.track}
    if prior is not None:
        values["prior.npz"] = prior
    files = []
    for end, value in values.items():
        file = folder / f"{job.name}.{end}"
        atomic(file, value.save)
        files.append(file)
    overlay = folder / f"{job.name}.overlay.mp4"
    shown = sighting.object if sighting.refusal is None else None
    write_overlay(overlay, sighting.reel, sighting.track, shown)
    return [*files, overlay]


def _be_silent() -> None:
    """Decoders and MediaPipe write to the terminal from C; nobody should see it."""
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def _die_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
