"""Slots that each hold a worker process, replaced when it crashes, hangs or swells."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perception.manifest import ClipRecord
from perception.stopwatch import Sign
from perception.worker import Job, serve

POLL_S = 0.1
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one video may cost before it is given up.

    | field | unit | meaning |
    |---|---|---|
    | seconds | s | in all |
    | silence | s | without a sign of life, and |
    | silence_per_frame | s | more for every frame that was decoded |
    | memory | MB | resident, of its process |
    """

    seconds: float = 3600.0
    silence: float = 120.0
    silence_per_frame: float = 0.25
    memory: float = 3000.0


class Slot:
    """One worker process at a time, and the job it is at."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: Any = None
        self._pipe: Any = None
        self._job: Job | None = None
        self._started = self._heard = 0.0
        self._sign = Sign("start", 0)

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    @property
    def pid(self) -> int | None:
        """The worker's process id, where there is one."""
        return None if self._process is None else self._process.pid

    @property
    def waitable(self) -> Any:
        """What becomes readable when the worker says something or ends."""
        return self._pipe

    def give(self, job: Job) -> None:
        """Begin a job, in a new process where there is none."""
        if self._process is None or not self._process.is_alive():
            self.close()
            self._process, self._pipe = _spawn()
        self._job, self._sign = job, Sign("start", 0)
        self._started = self._heard = time.monotonic()
        with contextlib.suppress(OSError):  # it has died since; `result` will say so
            self._pipe.send(job)

    def result(self) -> ClipRecord | None:
        """The record of a job that is done or given up, else None."""
        assert self._job is not None
        job, fault = self._job, None
        try:
            while fault is None and self._pipe.poll():
                said = self._pipe.recv()
                if isinstance(said, ClipRecord):
                    self._job = None
                    if _resident_mb(self._process.pid) > self._limits.memory / 2:
                        self.close()
                    return said
                self._sign, self._heard = said, time.monotonic()
        except (EOFError, OSError):
            fault = self._how_it_died()
        fault = fault or self._over()
        if fault is None:
            return None
        seconds = round(time.monotonic() - self._started, 2)
        self.close()
        job.clear()
        frames = self._sign.frames
        return job.record("failed", fault, seconds=seconds, frames=frames)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = self._job = None

    def _over(self) -> str | None:
        """Which limit is passed, in words."""
        limits, now = self._limits, time.monotonic()
        patience = limits.silence + limits.silence_per_frame * self._sign.frames
        if now - self._started > limits.seconds:
            return f"took longer than {limits.seconds:g} s"
        if now - self._heard > patience:
            return f"stood still for {patience:.0f} s at stage '{self._sign.stage}'"
        if _resident_mb(self._process.pid) > limits.memory:
            return (
                f"needed more than {limits.memory:g} MB of memory at stage "
                f"'{self._sign.stage}'"
            )
        return None

    def _how_it_died(self) -> str:
        self._process.join(5.0)
        code = self._process.exitcode
        how = f"exit code {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        return f"the worker crashed at stage '{self._sign.stage}' ({how})"


def run_here(jobs: list[Job], workers: int, limits: Limits) -> Iterator[ClipRecord]:
    """Yield records as they come, from `workers` processes on this machine."""
    waiting = list(reversed(jobs))
    slots = [Slot(limits) for _ in range(min(workers, len(jobs)))]
    try:
        while waiting or any(slot.busy for slot in slots):
            for slot in slots:
                if waiting and not slot.busy:
                    slot.give(waiting.pop())
            busy = [slot for slot in slots if slot.busy]
            multiprocessing.connection.wait([s.waitable for s in busy], POLL_S)
            for slot in busy:
                record = slot.result()
                if record is not None:
                    yield record
    finally:
        for slot in slots:
            slot.close()


def _spawn() -> tuple[Any, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    with _one_thread_each():
        process.start()
    theirs.close()
    return process, ours


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let numpy in a child, which reads these when imported, use one thread."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _resident_mb(pid: int) -> float:
    """Memory [MB] that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
