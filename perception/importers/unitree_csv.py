"""Unitree's LAFAN1 retargeting csv: a row per frame, root pose, then joints.

Columns (README of unitreerobotics/LAFAN1_Retargeting_Dataset): root x, y, z [m], root
quaternion xyzw, then the joints [rad] in the SDK's order, 36 in all for the G1 with
29; 30 frames/s. Two additions of our own are read: a comment `# fps=50`, and joint
names, in a comment `# joints=a,b,…` or as a header row. Both are comments to
`numpy.loadtxt`, with which mjlab and BeyondMimic read such files.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.importers.request import Request
from perception.importers.robot_motion import RobotMotion, make_prior, upright
from perception.prior import Prior

FPS = 30.0
ROOT_COLUMNS = 7
MAX_BYTES = 2**28


def read(request: Request) -> Prior:
    """The motion in `request.path`; raises ValueError in one line."""
    header, rows = _split(request.path)
    table = _table(rows)
    robot = request.robot
    names = _joint_names(header, robot.joint_names)
    expected = ROOT_COLUMNS + len(names)
    if table.shape[1] != expected:
        msg = (
            f"{table.shape[1]} columns, expected {expected}: root position 3, "
            f"quaternion xyzw 4, and {len(names)} joints of {robot.name}"
        )
        raise ValueError(msg)
    source = request.source("csv")
    fps = request.fps or _rate(header)
    if fps is None:
        fps = FPS
        source["fps"] = "30, as the LAFAN1 retargeting dataset's; the file has none"
    motion = RobotMotion(
        fps,
        names,
        table[:, ROOT_COLUMNS:],
        table[:, :3],
        upright(table[:, 3:ROOT_COLUMNS], source, documented="xyzw"),
    )
    return make_prior(
        motion, robot, name=request.name, task=request.task, source=source
    )


def _split(path: Path) -> tuple[list[str], list[str]]:
    """Lines before the numbers, without `#`, and the lines of numbers."""
    if path.stat().st_size > MAX_BYTES:
        msg = f"larger than {MAX_BYTES // 2**20} MB"
        raise ValueError(msg)
    text = path.read_bytes().decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    start = 0
    while start < len(lines) and not _is_row(lines[start]):
        start += 1
    if start == len(lines):
        msg = "holds no row of numbers"
        raise ValueError(msg)
    return [line.lstrip("# ") for line in lines[:start]], lines[start:]


def _is_row(line: str) -> bool:
    try:
        float(line.split(",")[0])
    except ValueError:
        return False
    return True


def _table(rows: list[str]) -> NDArray[np.float64]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = np.loadtxt(io.StringIO("\n".join(rows)), delimiter=",", ndmin=2)
    except (ValueError, UserWarning, DeprecationWarning) as error:
        msg = f"not a table of numbers ({' '.join(str(error).split())[:120]})"
        raise ValueError(msg) from error
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        msg = f"column {bad[0][1] + 1} is not finite at frame {bad[0][0]}"
        raise ValueError(msg)
    return table


def _rate(header: list[str]) -> float | None:
    for line in header:
        if line.startswith("fps="):
            try:
                return float(line.removeprefix("fps="))
            except ValueError as error:
                msg = f"'{line[:40]}' in the header is no frame rate"
                raise ValueError(msg) from error
    return None


def _joint_names(header: list[str], default: tuple[str, ...]) -> tuple[str, ...]:
    """Joint names that the header holds, else the robot's own order."""
    for line in header:
        if line.startswith("joints="):
            return tuple(n.strip() for n in line.removeprefix("joints=").split(","))
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) > ROOT_COLUMNS and any(c in default for c in cells):
            return tuple(cells[ROOT_COLUMNS:])
    return default
