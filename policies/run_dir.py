"""A run's directory: configuration, curve, checkpoints, and where each file lies."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.files import atomic, write_text
from perception.prior import Prior


@dataclasses.dataclass(frozen=True)
class RunDir:
    """Paths of one training run."""

    path: Path

    @property
    def config(self) -> Path:
        """Settings, task, priors and provenance, JSON."""
        return self.path / "config.json"

    @property
    def curve(self) -> Path:
        """One JSON line per iteration."""
        return self.path / "curve.jsonl"

    @property
    def checkpoint(self) -> Path:
        """SB3's own file, for resuming only: it is pickled."""
        return self.path / "checkpoint.zip"

    @property
    def progress(self) -> Path:
        """The state pool and the curve's window at the checkpoint."""
        return self.path / "progress.npz"

    @property
    def priors(self) -> Path:
        """Folder of the priors it trains on, copied so that a run is whole."""
        return self.path / "priors"

    @property
    def refiner(self) -> Path:
        """The refiner's weights, arrays only."""
        return self.path / "refiner.npz"

    @property
    def critic(self) -> Path:
        """The value function's weights, arrays only, for other runs to start from."""
        return self.path / "critic.npz"

    @property
    def tracker(self) -> Path:
        """The distilled tracker's weights, arrays only."""
        return self.path / "tracker.npz"

    @property
    def generator(self) -> Path:
        """The command generator's weights, arrays only."""
        return self.path / "generator.npz"

    @property
    def metrics(self) -> Path:
        """Figures of `evaluate` and of each stage, JSON."""
        return self.path / "metrics.json"

    @property
    def card(self) -> Path:
        """What a refiner that is given away says of itself."""
        return self.path / "MODEL_CARD.md"

    @property
    def film(self) -> Path:
        """The policy from the first frame at the end of training."""
        return self.path / "policy.mp4"

    @property
    def report(self) -> Path:
        """The run's own page."""
        return self.path / "report.html"

    def require_checkpoint(self) -> None:
        """ValueError if there is none to go on from."""
        if not self.checkpoint.is_file():
            msg = f"{self.path}: nothing to resume (no {self.checkpoint.name})"
            raise ValueError(msg)

    def read_curve(self) -> list[dict[str, Any]]:
        """The rows of the learning curve; a line that a crash cut short is left out."""
        if not self.curve.is_file():
            return []
        rows = []
        for line in self.curve.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and "steps" in row:
                rows.append(row)
        return rows

    def forget_after(self, steps: int) -> None:
        """Drop rows of the curve that a killed run wrote after its checkpoint."""
        rows = self.read_curve()
        kept = [row for row in rows if row["steps"] <= steps]
        if len(kept) < len(rows):
            text = "".join(json.dumps(row) + "\n" for row in kept)
            write_text(self.curve, text)

    def read_config(self) -> dict[str, Any]:
        """The configuration; ValueError if this is no run."""
        if not self.config.is_file():
            msg = f"{self.path}: not a run (no config.json); make one with `train`"
            raise ValueError(msg)
        try:
            values = json.loads(self.config.read_text())
        except ValueError as error:
            msg = f"{self.config}: not readable ({error})"
            raise ValueError(msg) from error
        settings = values.get("settings") if isinstance(values, dict) else None
        if not isinstance(settings, dict) or not {"task", "priors"} <= set(values):
            msg = f"{self.config}: not the configuration of a run; train it again"
            raise ValueError(msg)
        return values

    def add_metrics(self, section: str, values: dict[str, Any]) -> None:
        """Merge a section into metrics.json."""
        known = json.loads(self.metrics.read_text()) if self.metrics.exists() else {}
        known[section] = values
        write_json(self.metrics, known)


def write_json(path: Path, values: Any) -> None:
    """Write JSON so that a killed process leaves the old file or the new one."""
    write_text(path, json.dumps(values, indent=1) + "\n")


def save_arrays(path: Path, arrays: dict[str, NDArray]) -> None:
    """Write a .npz atomically."""

    def write(target: Path) -> None:
        with target.open("wb") as file:
            np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]

    atomic(path, write)


def load_arrays(path: Path) -> dict[str, NDArray]:
    """Read a .npz without pickles; ValueError names the file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:
        msg = f"{path}: not readable ({error})"
        raise ValueError(msg) from error


def load_priors(folder: Path) -> list[Prior]:
    """All `*.prior.npz` of a folder by name; ValueError if there is none."""
    paths = sorted(folder.glob("*.prior.npz"))
    if not paths:
        msg = f"{folder}: no *.prior.npz here; make some with `priors VIDEOS --out DIR`"
        raise ValueError(msg)
    return [Prior.load(path) for path in paths]


def save_priors(folder: Path, priors: Sequence[Prior]) -> None:
    """Write `NAME.prior.npz` for each prior."""
    folder.mkdir(parents=True, exist_ok=True)
    for prior in priors:
        prior.save(folder / f"{prior.name}.prior.npz")


def prior_digest(prior: Prior) -> str:
    """Short hash of a prior's motion, to tell whether a resume uses the same."""
    parts = (prior.joint_pos, prior.root_pos_w, prior.object_pos_w, prior.contact)
    digest = hashlib.sha256()
    for array in parts:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def provenance() -> dict[str, Any]:
    """Commit, machine and versions, to stand beside every figure."""
    import mujoco
    import torch

    here = Path(__file__).parent
    commit = subprocess.run(
        ["git", "-C", str(here), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "commit": commit or "unknown",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "mujoco": mujoco.__version__,
        "torch": torch.__version__,
    }
