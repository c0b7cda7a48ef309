"""At most one process of this machine commands the robots of a DDS domain.

The lease is a lock on a file, which the kernel takes back when its holder dies,
however it dies. Writers on other machines are found by DDS's own discovery.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


class LeaseError(RuntimeError):
    """Somebody else holds the lease; the text says who."""


class Lease:
    """Held from its creation until `release` or the end of the process."""

    def __init__(self, domain: int, folder: Path | None = None) -> None:
        folder = folder or Path(tempfile.gettempdir())
        path = folder / f"sugarmill-lowcmd-{domain}.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip()
            os.close(self._file)
            msg = f"process {holder or '?'} commands DDS domain {domain}; stop it first"
            raise LeaseError(msg) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process have it; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
