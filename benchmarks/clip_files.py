"""Held-out clips and what the pipeline made of each, kept on disk between runs.

Clips are kept under a key of the studio's code, tracks and priors under a key of the
pipeline's: a run that was stopped goes on, and a change of code measures anew.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from assets.g1.spec import g1
from assets.objects import ObjectSpec
from perception.gate import GATE
from perception.manifest import ClipRecord
from perception.person.pose import Landmarks, MediaPipePose
from perception.person.pose_model import model_hash, resolve_model
from perception.pipeline import VERSION
from perception.prior import Prior
from perception.scene_file import Scene, load_scenes
from perception.stopwatch import Stopwatch
from perception.studio.render import render_clips
from perception.track import Track
from perception.video import open_video
from perception.worker import Job, do_job, open_estimator

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench_perception"
_STUDIO = ("perception/studio", "perception/encode.py", "assets/actor", "assets/*.py")
_PIPELINE = ("assets", "perception")
_ELSEWHERE = (
    "perception/studio",
    "perception/report/report.py",
    "perception/importers",
    "perception/exporters",
    "perception/commands.py",
    "perception/cluster.py",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One rendered clip: its task and seed, and where its files lie.

    `made` and `watched` are the keys of the code that makes it and that watches it.
    """

    task: str
    seed: int
    made: str = dataclasses.field(default_factory=lambda: _key(_STUDIO))
    watched: str = dataclasses.field(
        default_factory=lambda: _key(_PIPELINE, _ELSEWHERE)
    )

    @property
    def name(self) -> str:
        """As the studio calls it."""
        return f"{self.task.replace('-', '_')}_{self.seed}_000"

    @property
    def folder(self) -> Path:
        """Holds the clip, its truth and its scene."""
        return FOLDER / f"clips_{self.made}" / self.name

    @property
    def video(self) -> Path:
        """The clip."""
        return self.folder / f"{self.name}.mp4"

    @property
    def scene(self) -> Scene:
        """What the pipeline is told: field of view, the person's height, the object."""
        return load_scenes(self.folder).scene(self.name)

    @property
    def raw(self) -> Path:
        """What MediaPipe by itself says of the clip."""
        return self.folder / f"{self.name}.landmarks.npz"

    @property
    def result(self) -> Path:
        """What the pipeline made of it, as JSON; arrays lie beside it."""
        return FOLDER / f"seen_{self.watched}_{self.made}" / f"{self.name}.json"


@dataclasses.dataclass(frozen=True)
class Seen:
    """A clip's truth and what the pipeline saw; the object as the truth has it.

    `handled` says whether the object was found; without that, `found` holds a person
    and nothing of worth beside. `landmarks` are MediaPipe's by itself, `quality` a
    kept prior's own figures.
    """

    case: Case
    truth: Track
    object: ObjectSpec
    landmarks: Landmarks
    found: Track | None
    handled: bool
    status: str
    reason: str | None
    quality: dict[str, Any] | None
    seconds: float


def prepare(case: Case) -> None:
    """Render the clip and send it through the pipeline, unless that was done."""
    if not (case.folder / "scene.toml").exists():
        render_clips(case.task, 1, case.seed, case.folder, vary_object=True)
    if not case.raw.exists():
        look_plainly(case)
    if not case.result.exists():
        watch(case)


def look_plainly(case: Case) -> None:
    """Keep what MediaPipe by itself says of the clip, to compare with."""
    video, estimator = open_video(case.video), MediaPipePose(resolve_model())
    arrays = dataclasses.asdict(estimator.estimate(video.frames(), video.fps))
    estimator.close()
    np.savez_compressed(case.raw, **arrays)


def watch(case: Case) -> None:
    """The pipeline's own work on one clip, without the truth; writes the result."""
    folder = case.result.parent
    folder.mkdir(parents=True, exist_ok=True)
    model = resolve_model()
    digest = model_hash(model)
    job = Job(
        case.name,
        case.video,
        "",
        folder,
        g1(),
        model,
        digest,
        GATE,
        VERSION,
        case.scene,
    )
    estimator = open_estimator(model)
    record = do_job(job, estimator, Stopwatch())
    estimator.close()
    text = json.dumps(dataclasses.asdict(record), indent=1)
    case.result.write_text(text, encoding="utf-8")


def load(case: Case) -> Seen:
    """What `prepare` left on disk."""
    record = ClipRecord(**json.loads(case.result.read_text(encoding="utf-8")))
    with np.load(case.raw, allow_pickle=False) as file:
        landmarks = Landmarks(**{key: file[key] for key in file.files})
    files = {name.split(".", 1)[1]: name for name in record.outputs}
    track, prior = (
        case.result.parent / files[end] if end in files else None
        for end in ("track.npz", "prior.npz")
    )
    item = case.scene.object
    assert item is not None
    return Seen(
        case,
        Track.load(case.video.with_suffix(".truth.npz")),
        item,
        landmarks,
        Track.load(track) if track else None,
        record.source.get("object_seen") is not None,
        record.status,
        record.reason,
        Prior.load(prior).quality if prior and record.status == "kept" else None,
        record.seconds,
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
