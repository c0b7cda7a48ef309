"""The control loop: read, step, write, wait; and damping on every way out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from deploy.backend import RobotBackend
from deploy.runner import PolicyRunner
from deploy.safety import Mode

LATE = 0.25
"""A cycle is late when its command leaves this share of a period after its tick."""


class Pacer(Protocol):
    """The robot's clock, and the wait for the next control period."""

    def now(self) -> float:
        """Seconds on the clock that stamps the backend's states."""
        ...

    def start(self) -> None:
        """The first period begins now."""
        ...

    def wait(self) -> float:
        """Return when the next period begins; how late we are [s]."""
        ...


class Lockstep:
    """Simulated time: it moves only when a command is written."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.now = clock

    def start(self) -> None:
        """Nothing to start."""

    def wait(self) -> float:
        """Never waits, never late."""
        return 0.0


class RealTime:
    """Wall time in fixed periods; a missed tick is skipped, not made up for."""

    def __init__(self, period: float) -> None:
        self._period = period
        self.now = time.monotonic
        self.start()

    def start(self) -> None:
        """The first period begins now."""
        self._due = time.monotonic()

    def wait(self) -> float:
        """Sleep until the next tick is due."""
        self._due += self._period
        ahead = self._due - time.monotonic()
        if ahead > 0.0:
            time.sleep(ahead)
        late = max(time.monotonic() - self._due, 0.0)
        if late > self._period:
            self.start()
        return late


@contextlib.contextmanager
def first_in_line() -> Iterator[bool]:
    """Real-time scheduling for this thread and those it starts, where allowed.

    Yields whether the system granted it; an ordinary user's process goes on without.
    """
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, policy, parameter)


@dataclasses.dataclass
class Telemetry:
    """Counts and times of one drive."""

    cycles: int = 0
    late: int = 0
    seconds: float = 0.0
    step_ms: list[float] = dataclasses.field(default_factory=list)


def drive(
    backend: RobotBackend,
    runner: PolicyRunner,
    pacer: Pacer,
    period: float,
    cycles: int,
) -> Telemetry:
    """Stand, activate and run for `cycles` control periods; damped on every way out.

    Ends early on a fault. An error of the backend becomes the fault's reason;
    KeyboardInterrupt damps and is raised again.
    """
    telemetry, safety = Telemetry(), runner.safety
    gc.collect()
    gc.disable()
    try:
        runner.stand(backend.read(), pacer.now())
        pacer.start()
        start, lateness = pacer.now(), 0.0
        while telemetry.cycles < cycles and safety.mode is not Mode.FAULT:
            begin = time.perf_counter()
            state, now = backend.read(), pacer.now()
            if safety.standing(now):
                runner.activate(state, now)
            backend.write(runner.step(state, now))
            took = time.perf_counter() - begin
            telemetry.step_ms.append(1e3 * took)
            telemetry.late += lateness + took > LATE * period
            telemetry.cycles += safety.mode is not Mode.STAND
            lateness = pacer.wait()
        telemetry.seconds = pacer.now() - start
        safety.damp("the episode is over")
    except Exception as error:
        safety.fault(str(error) or type(error).__name__)
    except BaseException:
        safety.damp("interrupted")
        raise
    finally:
        gc.enable()
        backend.close()
    return telemetry
