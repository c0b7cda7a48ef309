"""Says whether the machine itself stood still while something was measured.

A bare timer in a process of its own, at real-time priority where allowed, notes how
late it wakes. What it sees no program on this machine could have avoided: on a shared
virtual machine the host takes the processor away.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from types import TracebackType

PERIOD = 0.01
LATE = 0.04


class StallWatch:
    """Context in which the machine is watched; `figures` afterwards."""

    def __enter__(self) -> StallWatch:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_watch, args=(theirs,), daemon=True)
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.send(None)
        self.late: list[float] = self._pipe.recv()
        self._process.join()

    def figures(self) -> dict[str, float]:
        """How often a 10 ms timer slept for more than 40 ms, and the longest [ms]."""
        return {
            "machine_stalls": len(self.late),
            "machine_stall_max_ms": 1000.0 * max(self.late, default=0.0),
        }


def _watch(pipe: Connection) -> None:
    with contextlib.suppress(AttributeError, PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    pipe.send(None)
    late, last = [], time.monotonic()
    while not pipe.poll():
        time.sleep(PERIOD)
        now = time.monotonic()
        if now - last > LATE:
            late.append(now - last)
        last = now
    pipe.send(late)
