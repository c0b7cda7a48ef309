"""Files that are there whole or not at all, whenever a process is killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def atomic(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a hidden neighbour of `path`, then move it into place.

    The neighbour, `.NAME.partial.SUFFIX`, ends as `path` does: some writers go by that.
    """
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    write(partial)
    os.replace(partial, path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path` in one step."""
    atomic(path, lambda partial: partial.write_text(text, encoding="utf-8"))
