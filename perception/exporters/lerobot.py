"""Priors as one LeRobot dataset, v3.0: parquet tables, an episode per prior.

Layout (huggingface/lerobot, `src/lerobot/datasets/dataset_metadata.py` and
`io_utils.py`): `meta/info.json`, `meta/stats.json`, `meta/tasks.parquet` (a pandas
table indexed by the task's text), `meta/episodes/chunk-000/file-000.parquet`, and
`data/chunk-000/file-000.parquet` with a row group per episode, a new file past
100 MB. No videos. Numbers are float32, as its policies read them. What the format has
no place for lies in `meta/sugarmill.json`. Needs pyarrow: `pip install
"sugarmill[lerobot]"`.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from perception.prior import RATE, Prior

VERSION = "v3.0"
FILE_MB = 100
CHUNK_FILES = 1000
PATTERN = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
POSE = ("x", "y", "z", "qw", "qx", "qy", "qz")
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}

Columns = dict[str, NDArray[Any]]


def write_dataset(priors: list[Prior], robot: RobotSpec, out: Path) -> Path:
    """Write all priors as one dataset in `out`, which must not hold one yet."""
    arrow, parquet = _arrow(), _arrow(".parquet")
    if (out / "meta").exists():
        msg = f"{out}: holds a dataset already; give another folder"
        raise ValueError(msg)
    tasks = list(dict.fromkeys(prior.task for prior in priors))
    features = describe(robot, priors[0].contact_names)
    episodes, columns, index = [], [], 0
    files = _Files(arrow, parquet, out)
    for episode, prior in enumerate(priors):
        frames = episode_columns(prior, episode, tasks.index(prior.task), index)
        columns.append(frames)
        place = files.write(_table(arrow, frames, features))
        row = {
            "episode_index": episode,
            "tasks": [prior.task],
            "length": prior.num_frames,
            "dataset_from_index": index,
            "dataset_to_index": index + prior.num_frames,
            "data/chunk_index": place[0],
            "data/file_index": place[1],
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }
        for feature, figures in stats(frames).items():
            row |= {f"stats/{feature}/{name}": v for name, v in figures.items()}
        episodes.append(row)
        index += prior.num_frames
    files.close()
    path = out / "meta/episodes" / PATTERN.format(chunk_index=0, file_index=0)
    path.parent.mkdir(parents=True)
    parquet.write_table(arrow.Table.from_pylist(episodes), path)
    _write_tasks(arrow, parquet, tasks, out / "meta/tasks.parquet")
    together = {key: np.concatenate([c[key] for c in columns]) for key in columns[0]}
    _write_json(out / "meta/stats.json", stats(together))
    _write_json(out / "meta/info.json", _info(robot, features, priors, tasks))
    _write_json(out / "meta/sugarmill.json", _more(priors))
    return out


def describe(robot: RobotSpec, contact_names: tuple[str, ...]) -> dict[str, Any]:
    """The dataset's features: type, shape and names of every column."""

    def of(dtype: str, names: tuple[str, ...] | None) -> dict[str, Any]:
        listed = list(names) if names else None
        return {"dtype": dtype, "shape": [len(names or "1")], "names": listed}

    index = ("frame_index", "episode_index", "index", "task_index")
    return {
        "observation.state": of("float32", robot.joint_names),
        "observation.root_pose": of("float32", POSE),
        "observation.object_pose": of("float32", POSE),
        "observation.contact": of("bool", contact_names),
        "observation.confidence": of("float32", None),
        "action": of("float32", robot.joint_names),
        "timestamp": of("float32", None),
        **{name: of("int64", None) for name in index},
    }


def episode_columns(prior: Prior, episode: int, task: int, first: int) -> Columns:
    """Columns `(T, ...)` of a prior; the action is where the joints go next."""
    frames = np.arange(prior.num_frames)
    root = np.concatenate([prior.root_pos_w, prior.root_quat_w], axis=1)
    obj = np.concatenate([prior.object_pos_w, prior.object_quat_w], axis=1)
    following = np.concatenate([prior.joint_pos[1:], prior.joint_pos[-1:]])
    return {
        "observation.state": prior.joint_pos.astype(np.float32),
        "observation.root_pose": root.astype(np.float32),
        "observation.object_pose": obj.astype(np.float32),
        "observation.contact": prior.contact,
        "observation.confidence": prior.confidence.astype(np.float32),
        "action": following.astype(np.float32),
        "timestamp": (frames / prior.fps).astype(np.float32),
        "frame_index": frames.astype(np.int64),
        "episode_index": np.full(len(frames), episode, dtype=np.int64),
        "index": (first + frames).astype(np.int64),
        "task_index": np.full(len(frames), task, dtype=np.int64),
    }


def stats(columns: Columns) -> dict[str, dict[str, list[float]]]:
    """Smallest, largest, mean, deviation, quantiles and count of every column."""
    out = {}
    for name, values in columns.items():
        table = values.reshape(len(values), -1).astype(np.float64)
        figures = {
            "min": table.min(axis=0),
            "max": table.max(axis=0),
            "mean": table.mean(axis=0),
            "std": table.std(axis=0),
            **{q: np.quantile(table, at, axis=0) for q, at in QUANTILES.items()},
        }
        out[name] = {key: value.tolist() for key, value in figures.items()}
        out[name]["count"] = [len(table)]
    return out


class _Files:
    """Data files of at most 100 MB, a row group per episode."""

    def __init__(self, arrow: Any, parquet: Any, out: Path) -> None:
        self._arrow, self._parquet, self._out = arrow, parquet, out
        self._writer: Any = None
        self._bytes, self._number = 0, -1

    def write(self, table: Any) -> tuple[int, int]:
        """Append an episode; returns the chunk and the file that it went to."""
        if self._writer is None or self._bytes + table.nbytes > FILE_MB * 2**20:
            self.close()
            self._number, self._bytes = self._number + 1, 0
            chunk, file = divmod(self._number, CHUNK_FILES)
            name = PATTERN.format(chunk_index=chunk, file_index=file)
            path = self._out / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._parquet.ParquetWriter(path, table.schema)
        self._writer.write_table(table)
        self._bytes += table.nbytes
        return divmod(self._number, CHUNK_FILES)

    def close(self) -> None:
        """Finish the file that is open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _table(arrow: Any, columns: Columns, features: dict[str, Any]) -> Any:
    """An Arrow table; vectors are lists of fixed size, as `datasets` expects."""
    arrays = []
    for name, feature in features.items():
        values = columns[name]
        flat = arrow.array(values.reshape(-1))
        if values.ndim == 1:
            arrays.append(flat)
        else:
            size = feature["shape"][0]
            arrays.append(arrow.FixedSizeListArray.from_arrays(flat, size))
    return arrow.Table.from_arrays(arrays, names=list(features))


def _write_tasks(arrow: Any, parquet: Any, tasks: list[str], path: Path) -> None:
    """Tasks by number, marked so that pandas takes their text as the index."""
    table = arrow.table({"task_index": list(range(len(tasks))), "task": tasks})
    kinds = {"task_index": ("int64", "int64"), "task": ("unicode", "object")}
    described = [
        {
            "name": name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": numpy_kind,
        }
        for name, (kind, numpy_kind) in kinds.items()
    ]
    pandas = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": described,
        "pandas_version": "2.0.0",
    }
    parquet.write_table(
        table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path
    )


def _info(
    robot: RobotSpec, features: dict[str, Any], priors: list[Prior], tasks: list[str]
) -> dict[str, Any]:
    return {
        "codebase_version": VERSION,
        "robot_type": robot.name,
        "total_episodes": len(priors),
        "total_frames": sum(prior.num_frames for prior in priors),
        "total_tasks": len(tasks),
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": 500,
        "fps": int(RATE),
        "splits": {"train": f"0:{len(priors)}"},
        "data_path": f"data/{PATTERN}",
        "video_path": None,
        "features": features,
    }


def _more(priors: list[Prior]) -> list[dict[str, Any]]:
    """What an episode is besides its frames, in the order of the episodes."""
    return [
        {"name": p.name, "object": p.object.to_dict(), "source": p.source}
        for p in priors
    ]


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _arrow(part: str = "") -> Any:
    try:
        return importlib.import_module(f"pyarrow{part}")
    except ImportError as error:
        msg = 'LeRobot datasets need pyarrow; pip install "sugarmill[lerobot]"'
        raise ValueError(msg) from error
