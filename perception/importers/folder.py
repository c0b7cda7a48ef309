"""A file or a folder of other people's motion → priors, tracks and a manifest."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.importers.families import SUFFIXES, read_motion
from perception.importers.request import Request
from perception.importers.robot_motion import NO_OBJECT, NO_TASK
from perception.manifest import FILE_NAME, ClipRecord, Manifest
from perception.prior import Prior
from perception.retargeting.retarget import retarget
from perception.scene_file import load_scenes
from perception.track import Track
from perception.video import file_hash

VERSION = 1
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
    """
    files = find_motions(path)
    out.mkdir(parents=True, exist_ok=True)
    known = Manifest.load(out).clips if (out / FILE_NAME).exists() else {}
    manifest = Manifest(str(path), dict(known))
    scenes = load_scenes(path if path.is_dir() else path.parent, task)
    for name, file in name_files(files).items():
        scene = scenes.scene(name)
        request = Request(
            *(file, name, robot, scene.task, scene.object),
            fps=fps,
            height_m=scene.person_height_m,
        )
        record = _import(request, out)
        manifest.clips[name] = record
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
        _save(prior, out / f"{request.name}.prior.npz")
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
    _save(motion, out / f"{request.name}.track.npz")
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


def _save(value: Prior | Track, path: Path) -> None:
    """Save beside `path` first, so that a killed run leaves no half file."""
    partial = path.with_name(f".{path.name}.partial")
    value.save(partial)
    os.replace(partial, path)
