"""Object poses that another program found: 4×4 matrices per frame, object to camera.

Read are a folder of `.txt` files, one per frame in the order of their names, as
FoundationPose writes them, or one `.npz` or `.json` with all of them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.objects.tracker import CameraPoses, PosesTracker

Floats = NDArray[np.floating]

ARRAYS = ("poses", "T_object_to_cam", "pose")
MAX_BYTES = 200_000_000
MAX_FAR_M = 50.0
SIGMA_M, SIGMA_RAD = 0.01, 0.03


def file_tracker(path: Path, frames: int) -> PosesTracker:
    """A tracker that reads a video's object from `path`.

    Raises ValueError that names the file, the frame and what is wrong with it.
    """
    matrices, names = read_poses(path)
    check_poses(matrices, names, frames)
    sure = np.repeat([SIGMA_M**-2, SIGMA_RAD**-2], 3)
    poses = CameraPoses(
        np.arange(frames),
        matrices[:, :3, 3],
        rotations.from_matrix(matrices[:, :3, :3]),
        np.tile(np.diag(sure), (frames, 1, 1)),
    )
    return PosesTracker(f"poses from {path.name}", poses)


def read_poses(path: Path) -> tuple[Floats, list[str]]:
    """Matrices `(T, 4, 4)`, and per frame what to call it in an error."""
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        msg = f"{path}: no such file or folder of object poses"
        raise ValueError(msg)
    if path.stat().st_size > MAX_BYTES:
        msg = f"{path}: larger than {MAX_BYTES // 10**6} MB; not a file of poses"
        raise ValueError(msg)
    readers = {".npz": _read_npz, ".json": _read_json}
    if path.suffix not in readers:
        msg = f"{path}: poses come as a folder of .txt, or as .npz or .json"
        raise ValueError(msg)
    values = readers[path.suffix](path)
    if values.ndim != 3 or values.shape[1:] not in ((4, 4), (3, 4)):
        msg = f"{path}: poses have shape {values.shape}, expected (frames, 4, 4)"
        raise ValueError(msg)
    return _squared(values), [f"{path}, frame {i}" for i in range(len(values))]


def check_poses(matrices: Floats, names: list[str], frames: int) -> None:
    """Raise ValueError at the first frame that is no pose before an OpenCV camera."""
    where = names[0].split(", frame")[0] if names else "object poses"
    if len(matrices) != frames:
        msg = f"{where}: {len(matrices)} poses, expected {frames}, one per video frame"
        raise ValueError(msg)
    for matrix, name in zip(matrices, names, strict=True):
        fault = _fault(matrix)
        if fault:
            msg = f"{name}: {fault}"
            raise ValueError(msg)
    behind = matrices[:, 2, 3] <= 0
    if behind.mean() > 0.5:
        msg = (
            f"{where}: the object lies behind the camera (z < 0) in {behind.sum()} of "
            f"{frames} frames: an OpenGL camera? expected OpenCV (y down, z forward): "
            "multiply by diag(1, -1, -1, 1) from the left"
        )
        raise ValueError(msg)
    if behind.any():
        first = int(np.argmax(behind))
        z = matrices[first, 2, 3]
        msg = f"{names[first]}: the object is behind the camera (z = {z:.2f} m)"
        raise ValueError(msg)


def _fault(matrix: Floats) -> str | None:
    """What keeps a matrix `(4, 4)` from being a rigid transform in metres."""
    if not np.isfinite(matrix).all():
        return "holds values that are not finite"
    if np.abs(matrix[3] - [0, 0, 0, 1]).max() > 1e-4:
        row = ", ".join(f"{v:g}" for v in matrix[3])
        return f"last row is ({row}), expected (0, 0, 0, 1); transposed?"
    rotation = matrix[:3, :3]
    scale = float(np.cbrt(np.abs(np.linalg.det(rotation))))
    off = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if off > 0.02:
        return f"is no rotation (off by {off:.2g}, scale {scale:.3g})"
    if np.linalg.det(rotation) < 0:
        return "mirrors the object (determinant -1)"
    far = float(np.linalg.norm(matrix[:3, 3]))
    if far > MAX_FAR_M:
        return f"the object is {far:.0f} m away, expected metres; millimetres?"
    return None


def _read_folder(folder: Path) -> tuple[Floats, list[str]]:
    files = sorted(folder.glob("*.txt"), key=_number)
    if not files:
        msg = f"{folder}: holds no .txt file with a 4×4 pose"
        raise ValueError(msg)
    matrices = [_read_txt(file, i) for i, file in enumerate(files)]
    return np.stack(matrices), [f"{f}, frame {i}" for i, f in enumerate(files)]


def _number(path: Path) -> tuple[int, str]:
    """Frame 10 comes after frame 9, whether or not names have leading zeros."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else -1, path.name


def _read_txt(path: Path, frame: int) -> Floats:
    try:
        words = path.read_text(encoding="utf-8").replace(",", " ").split()
        values = np.array([float(word) for word in words])
    except (OSError, UnicodeDecodeError, ValueError) as error:
        msg = f"{path}, frame {frame}: not numbers ({error})"
        raise ValueError(msg) from error
    if len(values) not in (12, 16):
        msg = f"{path}, frame {frame}: {len(values)} numbers, expected 16 (4×4)"
        raise ValueError(msg)
    return _squared(values.reshape(1, -1, 4))[0]


def _read_npz(path: Path) -> Floats:
    try:
        with np.load(path, allow_pickle=False) as file:
            names = list(file.files)
            found = next((n for n in ARRAYS if n in names), None)
            if found is None and len(names) == 1:
                found = names[0]
            values = None if found is None else np.asarray(file[found], float)
    except Exception as error:
        msg = f"{path}: not a readable .npz of numbers ({error})"
        raise ValueError(msg) from error
    if values is None:
        msg = f"{path}: holds {', '.join(names)}; expected an array '{ARRAYS[0]}'"
        raise ValueError(msg)
    return values


def _read_json(path: Path) -> Floats:
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(values, dict):
            named = next((values[n] for n in ARRAYS if n in values), None)
            by_frame = sorted(values.items(), key=lambda item: _number(Path(item[0])))
            values = [v for _, v in by_frame] if named is None else named
        return np.asarray(values, float)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        msg = f"{path}: not a list of 4×4 numbers ({' '.join(str(error).split())})"
        raise ValueError(msg) from error


def _squared(values: Floats) -> Floats:
    """Matrices `(T, 4, 4)`; a missing last row is (0, 0, 0, 1)."""
    if values.shape[1] == 4:
        return values
    last = np.tile([0.0, 0.0, 0.0, 1.0], (len(values), 1, 1))
    return np.concatenate([values, last], axis=1)
