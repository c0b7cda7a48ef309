"""A file or a folder of other people's motion → priors, tracks and a manifest."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.claim import claimed
from perception.files import atomic
from perception.importers.families import SUFFIXES, read_motion
from perception.importers.request import Request
from perception.importers.robot_motion import NO_OBJECT, NO_TASK
from perception.manifest import FILE_NAME, ClipRecord, Manifest
from perception.prior import Prior
from perception.retargeting.retarget import retarget
from perception.scene_file import load_scenes
from perception.video import file_hash

VERSION = 2
"""Raise when the same file would give another prior."""
_OWN = (".prior.npz", ".truth.npz", ".track.npz")


def import_motions(
    path: Path,
    out: Path,
    *,
    robot: RobotSpec,
    task: str | None = None,
    fps: float | None = None,
) -> Iterator[ClipRecord]:
    """Yield what becomes of each file; `out` gets NAME.prior.npz and manifest.json.

    A person's motion is retargeted and its track kept beside the prior. One bad file
    never stops the rest. A `scene.toml` beside the files may name task and object.
    Raises ValueError if there is no motion, or if another process fills `out`.
    """
    files = name_files(find_motions(path))
    scenes = load_scenes(path if path.is_dir() else path.parent, task)
    requests = []
    for name, file in files.items():
        scene = scenes.scene(name)
        what = file, name, robot, scene.task, scene.object
        requests.append(Request(*what, fps=fps, height_m=scene.person_height_m))
    with claimed(out):
        yield from _import_all(requests, out, str(path))


def _import_all(
    requests: list[Request], out: Path, folder: str
) -> Iterator[ClipRecord]:
    """Import file after file, each with its entry in the manifest."""
    known = Manifest.load(out).clips if (out / FILE_NAME).exists() else {}
    manifest = Manifest(folder, dict(known))
    for request in requests:
        record = _import(request, out)
        manifest.clips[request.name] = record
        manifest.save(out)
        yield record


def find_motions(path: Path) -> list[Path]:
    """The files to import; raises ValueError if there is none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        msg = f"{path}: no such file or folder"
        raise ValueError(msg)
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and file.suffix.lower() in SUFFIXES
        and not file.name.endswith(_OWN)
    ]
    if not found:
        msg = f"{path}: holds no motion ({', '.join(SUFFIXES)})"
        raise ValueError(msg)
    return found


def name_files(files: list[Path]) -> dict[str, Path]:
    """A name for each file: its stem, its folder's where that says nothing."""
    named: dict[str, Path] = {}
    for file in files:
        name = file.parent.name if file.stem == "motion" else file.stem
        name = name or file.stem
        twins = sum(1 for other in named if other.split("~")[0] == name)
        named[f"{name}~{twins + 1}" if twins else name] = file
    return named


def _import(request: Request, out: Path) -> ClipRecord:
    started = time.perf_counter()
    outputs: list[str] = []
    settings = {"version": VERSION, "task": request.task, "robot": request.robot.name}
    file = request.path.name
    if request.path.stem == "motion":
        file = f"{request.path.parent.name}/{file}"
    record = ClipRecord(
        request.name, file, "", "kept", None, [], 0.0, settings, outputs
    )
    try:
        sha256 = file_hash(request.path)
        record = dataclasses.replace(record, sha256=sha256)
        prior = _prior(request, sha256, out, outputs)
        atomic(out / f"{request.name}.prior.npz", prior.save)
        outputs.append(f"{request.name}.prior.npz")
        record = dataclasses.replace(record, source=prior.source)
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split()).removeprefix(f"{request.path.name}: ")
        record = dataclasses.replace(record, status="rejected", reason=line)
    except Exception as error:  # a fault of ours, told without stopping the folder
        line = f"{type(error).__name__}: {' '.join(str(error).split())}"
        record = dataclasses.replace(record, status="failed", reason=line)
    seconds = round(time.perf_counter() - started, 2)
    return dataclasses.replace(record, seconds=seconds)


def _prior(request: Request, sha256: str, out: Path, outputs: list[str]) -> Prior:
    motion = read_motion(request)
    if isinstance(motion, Prior):
        return dataclasses.replace(motion, source={**motion.source, "sha256": sha256})
    atomic(out / f"{request.name}.track.npz", motion.save)
    outputs.append(f"{request.name}.track.npz")
    obj: ObjectSpec = NO_OBJECT
    return retarget(
        motion,
        obj,
        request.robot,
        name=request.name,
        task=request.task or NO_TASK,
        source=request.source("person", sha256=sha256),
    )
