"""The control loop: read, step, write, wait; and damping on every way out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from deploy.backend import RobotBackend, RobotState
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode

LATE = 0.25
"""A cycle is late when its command leaves this share of a period after its tick."""
CATCH_UP = 0.008
"""Seconds given to messages that waited while this process stood still."""


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
        self.start()

    def now(self) -> float:
        """Seconds, from whole nanoseconds: what a bag's time stamps give again."""
        return 1e-9 * time.monotonic_ns()

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


def no_stop() -> str:
    """Nobody ever presses the emergency stop."""
    return ""


def drive(
    backend: RobotBackend,
    runner: PolicyRunner,
    pacer: Pacer,
    period: float,
    cycles: int,
    stop: Callable[[], str] = no_stop,
) -> Telemetry:
    """Stand, activate and run for `cycles` control periods; damped on every way out.

    Ends early on a fault, or when `stop` gives a reason. An error of the backend or of
    the planner becomes the fault's reason; KeyboardInterrupt damps and is raised again.
    """
    telemetry, safety = Telemetry(), runner.safety
    gc.collect()
    gc.disable()
    try:
        pacer.start()
        start, lateness = pacer.now(), 0.0
        while telemetry.cycles < cycles and safety.mode is not Mode.FAULT:
            begin = time.perf_counter()
            state = _caught_up(backend) if lateness > period else backend.read()
            now, pressed = pacer.now(), stop()
            cycle(backend, runner, state, now, pressed)
            took = time.perf_counter() - begin
            telemetry.step_ms.append(1e3 * took)
            telemetry.late += lateness + took > LATE * period
            telemetry.cycles += safety.mode is not Mode.STAND
            telemetry.seconds = now - start + period
            lateness = pacer.wait()
        safety.damp("the episode is over")
    except Exception as error:
        safety.fault(str(error) or type(error).__name__)
    except BaseException:
        safety.damp("interrupted")
        raise
    finally:
        gc.enable()
        backend.close()
        runner.planner.close()
    return telemetry


def cycle(
    backend: RobotBackend,
    runner: PolicyRunner,
    state: RobotState | None,
    now: float,
    pressed: str,
) -> None:
    """One control period: stand up if idle, activate once standing, step, write.

    `pressed` is the emergency stop's reason, if it was pressed.
    """
    safety = runner.safety
    if pressed:
        safety.fault(pressed)
    if safety.mode is Mode.IDLE:
        runner.stand(state, now)
    if safety.standing(now):
        runner.activate(state, now)
    backend.write(runner.step(state, now))


def _caught_up(backend: RobotBackend) -> RobotState | None:
    """After this process itself stood still: give what was sent meanwhile a moment.

    Otherwise the age of the last state read would be our own pause, not the robot's.
    """
    before, state = backend.read(), None
    end = time.monotonic() + CATCH_UP
    while time.monotonic() < end:
        state = backend.read()
        if state is None or before is None or state.stamp > before.stamp:
            break
        time.sleep(0.001)
    return state
