"""A prior or a folder of priors → another project's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.robot import RobotSpec
from perception.exporters import body_npz, unitree_csv
from perception.exporters.lerobot import write_dataset
from perception.prior import Prior

Write = Callable[[Prior, RobotSpec, Path], Path]

LAYOUTS: dict[str, Write] = {"mjlab": body_npz.write, "csv": unitree_csv.write}
"""Layouts with a file per prior, by the name of their readers."""
DATASET = "lerobot"
"""The layout that makes one dataset of all priors."""


def export_priors(path: Path, out: Path, layout: str, robot: RobotSpec) -> list[Path]:
    """Write every prior under `path`; returns what was written.

    Raises ValueError that names a faulty prior, before anything is written.
    """
    if layout not in (*LAYOUTS, DATASET):
        known = ", ".join((*LAYOUTS, DATASET))
        msg = f"unknown layout '{layout}'; there are: {known}"
        raise ValueError(msg)
    priors = [load(file, robot) for file in find_priors(path)]
    if layout == DATASET:
        return [write_dataset(priors, robot, out)]
    return [LAYOUTS[layout](prior, robot, out) for prior in priors]


def find_priors(path: Path) -> list[Path]:
    """The .prior.npz files at `path`; raises ValueError if there is none."""
    files = [path] if path.is_file() else sorted(path.glob("*.prior.npz"))
    if not files:
        msg = f"{path}: holds no prior (NAME.prior.npz); make some with `priors`"
        raise ValueError(msg)
    return files


def load(path: Path, robot: RobotSpec) -> Prior:
    """A prior that is valid for `robot`."""
    prior = Prior.load(path)
    prior.validate(robot)
    return prior
