"""One process at a time in a run's directory."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

LOCK = ".lock"


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a run's directory; ValueError if another process trains there.

    Two that write one curve and one checkpoint spoil both. The kernel lets go of the
    lock with the process that has it, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{folder}: another process trains here; stop it, or name another run"
            raise ValueError(msg) from error
        yield
