"""Finds `pose_landmarker.task`, or builds it where only a package index is reachable.

MediaPipe's wheel carries no model. In this order: a path the user gives, the cache,
the official download, and an assembly from the last wheel that did carry the models
(mediapipe 0.10.21, Apache-2.0), which `pip download` fetches without installing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import flatbuffers

URL = (
    "https://storage.googleapis.com/mediapipe-models/pose_landmarker/"
    "pose_landmarker_full/float16/1/pose_landmarker_full.task"
)
WHEEL = "mediapipe==0.10.21"
DOWNLOAD_TIMEOUT_S = 4.0
PIP_TIMEOUT_S = 180.0
MEMBERS = {
    "pose_detector.tflite": "mediapipe/modules/pose_detection/pose_detection.tflite",
    "pose_landmarks_detector.tflite": (
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
    ),
}
"""Names inside the task file, and where the wheel keeps the same models."""


def cache_path() -> Path:
    """Where the model is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sugarmill" / "pose_landmarker.task"


def resolve_model(path: Path | None = None) -> Path:
    """Return a usable `pose_landmarker.task`; raise ValueError when there is none.

    `path`, or the environment's SUGARMILL_POSE_MODEL, wins and must be readable.
    """
    chosen = path or os.environ.get("SUGARMILL_POSE_MODEL")
    if chosen:
        fault = _fault(Path(chosen))
        if fault:
            msg = f"{chosen}: {fault}; give a pose_landmarker.task"
            raise ValueError(msg)
        return Path(chosen)
    cached = cache_path()
    if _fault(cached) is None:
        return cached
    faults = []
    for make in (_download, _assemble):
        try:
            write_model(cached, make())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            faults.append(f"{make.__name__[1:]}: {error}")
            continue
        return cached
    msg = (
        "no pose model: "
        + "; ".join(" ".join(fault.split()) for fault in faults)
        + f"; put a pose_landmarker.task at {cached} or name it in SUGARMILL_POSE_MODEL"
    )
    raise ValueError(msg)


def model_hash(path: Path) -> str:
    """SHA-256 of the model file, for a prior's provenance."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fault(path: Path) -> str | None:
    """What keeps this file from being a pose model, in words."""
    if not path.is_file():
        return "no such file"
    try:
        with zipfile.ZipFile(path) as bundle:
            missing = set(MEMBERS) - set(bundle.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        return f"not a model bundle ({error})"
    return f"lacks {', '.join(sorted(missing))}" if missing else None


def write_model(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step, so a killed run leaves no half model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    fault = _fault(Path(file.name))
    if fault:
        Path(file.name).unlink()
        raise ValueError(fault)
    Path(file.name).replace(path)


def _download() -> bytes:
    with urllib.request.urlopen(URL, timeout=DOWNLOAD_TIMEOUT_S) as reply:
        return reply.read()


def _assemble() -> bytes:
    """Build the task file from the models inside the old wheel."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_wheel(Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            models = {name: archive.read(source) for name, source in MEMBERS.items()}
        landmarks = "pose_landmarks_detector.tflite"
        models[landmarks] = _with_normalization(models[landmarks], mean=0.0, std=255.0)
        task = Path(folder) / "pose_landmarker.task"
        with zipfile.ZipFile(task, "w", zipfile.ZIP_STORED) as bundle:
            for name, data in models.items():
                bundle.writestr(zipfile.ZipInfo(name), data)
        return task.read_bytes()


def _download_wheel(folder: Path) -> Path:
    """Fetch the wheel for a fixed platform: only its data files are read."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += "--only-binary :all: --python-version 3.11 --implementation cp".split()
    command += "--abi cp311 --platform manylinux_2_28_x86_64".split()
    command += ["--dest", str(folder), WHEEL]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        msg = f"pip could not fetch {WHEEL}: {last}"
        raise ValueError(msg)
    return wheels[0]


def _with_normalization(model: bytes, mean: float, std: float) -> bytes:
    """Return a TFLite model whose metadata tells its input's `(x − mean) / std`."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata
    from mediapipe.tasks.metadata import schema_py_generated as schema

    options = metadata.NormalizationOptionsT()
    options.mean, options.std = [mean], [std]
    unit = metadata.ProcessUnitT()
    unit.optionsType = metadata.ProcessUnitOptions.NormalizationOptions
    unit.options = options
    tensor = metadata.TensorMetadataT()
    tensor.processUnits = [unit]
    graph = metadata.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    described = metadata.ModelMetadataT()
    described.subgraphMetadata = [graph]

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    buffers = tree.buffers or []
    buffer = schema.BufferT()
    buffer.data = list(pack(described, b"M001"))
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(buffers)
    tree.buffers = [*buffers, buffer]
    tree.metadata = [*(tree.metadata or []), entry]
    return pack(tree, b"TFL3")


def pack(tree: object, identifier: bytes) -> bytes:
    """The file of a model, read before into objects of its schema."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(tree.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())
