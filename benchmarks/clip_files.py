"""Held-out clips and what the pipeline made of each, kept on disk between runs.

Clips are kept under a key of the studio's code, tracks and priors under a key of the
pipeline's: a run that was stopped goes on, and a change of code measures anew.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from assets.g1.spec import g1
from assets.objects import ObjectSpec
from perception.clip import see_clip
from perception.person.pose import Landmarks, MediaPipePose
from perception.person.pose_model import resolve_model
from perception.retargeting.retarget import retarget
from perception.scene_file import Scene, load_scenes
from perception.studio.render import render_clips
from perception.track import Track
from perception.video import Frame

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench_perception"
_STUDIO = ("perception/studio", "perception/encode.py", "assets/actor", "assets/*.py")
_PIPELINE = ("assets", "perception")
_LOOKS_ONLY = ("perception/studio", "perception/report", "perception/importers")


@dataclasses.dataclass(frozen=True)
class Case:
    """One rendered clip: its task and seed, and where its files lie."""

    task: str
    seed: int

    @property
    def name(self) -> str:
        """As the studio calls it."""
        return f"{self.task.replace('-', '_')}_{self.seed}_000"

    @property
    def folder(self) -> Path:
        """Holds the clip, its truth and its scene."""
        return FOLDER / f"clips_{_key(_STUDIO)}" / self.name

    @property
    def video(self) -> Path:
        """The clip."""
        return self.folder / f"{self.name}.mp4"

    @property
    def scene(self) -> Scene:
        """What the pipeline is told: field of view, the person's height, the object."""
        return load_scenes(self.folder).scene(self.name)

    @property
    def result(self) -> Path:
        """What the pipeline made of it, as JSON; arrays lie beside it."""
        seen = FOLDER / f"seen_{_key(_PIPELINE, _LOOKS_ONLY)}"
        return seen / self.folder.parent.name / f"{self.name}.json"


@dataclasses.dataclass(frozen=True)
class Seen:
    """A clip's truth and what the pipeline saw; the object as the truth has it.

    `reason` says why there is no prior; `quality` are a kept prior's own figures.
    """

    case: Case
    truth: Track
    object: ObjectSpec
    landmarks: Landmarks
    found: Track | None
    reason: str | None
    quality: dict[str, Any] | None
    seconds: float


class Recording:
    """A pose estimator that keeps what it last said of a clip."""

    def __init__(self, estimator: MediaPipePose) -> None:
        self.name, self.people = estimator.name, estimator.people
        self._estimator = estimator
        self.landmarks: Landmarks | None = None

    def estimate(self, frames: Iterable[Frame], fps: float) -> Landmarks:
        """Follow the clip's main person through BGR `frames`."""
        self.landmarks = self._estimator.estimate(frames, fps)
        return self.landmarks


def prepare(case: Case) -> None:
    """Render the clip and send it through the pipeline, unless that was done."""
    if not (case.folder / "scene.toml").exists():
        render_clips(case.task, 1, case.seed, case.folder, vary_object=True)
    if not case.result.exists():
        watch(case)


def watch(case: Case) -> None:
    """The pipeline's own steps on one clip, without the truth; writes the result."""
    begun = time.perf_counter()
    case.result.parent.mkdir(parents=True, exist_ok=True)
    estimator = Recording(MediaPipePose(resolve_model()))
    reason, quality = None, None
    try:
        sighting = see_clip(case.video, case.scene, estimator)
        sighting.track.save(case.result.with_suffix(".track.npz"))
        reason = sighting.refusal
        if reason is None:
            prior = retarget(
                sighting.track,
                sighting.object,
                g1(),
                name=case.name,
                task=case.task,
                source=sighting.source,
            )
            quality = prior.quality
    except ValueError as error:
        reason = " ".join(str(error).split())
    seen = estimator.landmarks
    if seen is not None:
        arrays = dataclasses.asdict(seen)
        np.savez_compressed(case.result.with_suffix(".landmarks.npz"), **arrays)
    values = {
        "reason": reason,
        "quality": quality,
        "seconds": round(time.perf_counter() - begun, 2),
    }
    case.result.write_text(json.dumps(values, indent=1), encoding="utf-8")


def load(case: Case) -> Seen:
    """What `prepare` left on disk."""
    values = json.loads(case.result.read_text(encoding="utf-8"))
    with np.load(case.result.with_suffix(".landmarks.npz"), allow_pickle=False) as file:
        landmarks = Landmarks(**{key: file[key] for key in file.files})
    track, item = case.result.with_suffix(".track.npz"), case.scene.object
    assert item is not None
    return Seen(
        case,
        Track.load(case.video.with_suffix(".truth.npz")),
        item,
        landmarks,
        Track.load(track) if track.exists() else None,
        values["reason"],
        values["quality"],
        values["seconds"],
    )


@functools.cache
def _key(parts: tuple[str, ...], but: tuple[str, ...] = ()) -> str:
    """Eight letters that change with the code in `parts` and the engine beneath."""
    digest = hashlib.sha256()
    for name in ("mujoco", "mediapipe", "numpy"):
        digest.update(version(name).encode())
    for path in sorted(_files(parts)):
        where = path.relative_to(ROOT).as_posix()
        if not where.startswith(but):
            digest.update(where.encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def _files(parts: tuple[str, ...]) -> Iterable[Path]:
    for part in parts:
        for path in [ROOT / part] if "*" not in part else ROOT.glob(part):
            found = path.rglob("*") if path.is_dir() else [path]
            yield from (file for file in found if file.suffix in (".py", ".xml"))
