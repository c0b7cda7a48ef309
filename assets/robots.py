"""The robots there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.arm7.spec import arm7
from assets.g1.spec import g1
from assets.robot import RobotSpec

ROBOTS: dict[str, Callable[[Path | None], RobotSpec]] = {"g1": g1, "arm7": arm7}


def robot(name: str, mjcf: Path | None = None) -> RobotSpec:
    """The robot called `name`; `mjcf` puts another model with its joints under it."""
    if name not in ROBOTS:
        msg = f"unknown robot '{name}'; there are: {', '.join(ROBOTS)}"
        raise ValueError(msg)
    return ROBOTS[name](mjcf)
