"""A prior or a folder of priors → another project's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.robot import RobotSpec
from perception.exporters import body_npz, unitree_csv
from perception.prior import Prior

Write = Callable[[Prior, RobotSpec, Path], Path]

LAYOUTS: dict[str, Write] = {"mjlab": body_npz.write, "csv": unitree_csv.write}
"""Layouts with a file per prior, by the name of their readers."""


def export_priors(path: Path, out: Path, layout: str, robot: RobotSpec) -> list[Path]:
    """Write every prior under `path`; raises ValueError that names a faulty one."""
    priors = [load(file, robot) for file in find_priors(path)]
    if layout not in LAYOUTS:
        msg = f"unknown layout '{layout}'; there are: {', '.join(LAYOUTS)}"
        raise ValueError(msg)
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
