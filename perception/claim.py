"""One process at a time in a folder that it fills."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

LOCK = ".lock"


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder, made if need be; ValueError if another process has it.

    Two that write one manifest, curve or checkpoint spoil both. The kernel lets go of
    the lock with the process that has it, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{folder}: another process writes here; stop it, or name another"
            raise ValueError(msg) from error
        yield
