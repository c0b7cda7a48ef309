"""One episode of driving a robot, and the figures of a whole run."""

from __future__ import annotations

import dataclasses
import gc
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from deploy.backend import RobotBackend
from deploy.runner import PolicyRunner
from deploy.safety import Mode

LATE = 0.25
"""A cycle is late when its command leaves this share of a period after its tick."""


@dataclasses.dataclass(frozen=True)
class Episode:
    """What one episode measured; times in ms, `success` None if nobody saw it."""

    seed: int
    success: bool | None
    mode: str
    reason: str
    cycles: int
    seconds: float
    late: int
    clamped: int
    step_ms: tuple[float, ...]
    sim: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether the task succeeded and safety had no objection."""
        return bool(self.success) and self.mode != Mode.FAULT


@dataclasses.dataclass(frozen=True)
class RunResult:
    """All episodes of one run."""

    backend: str
    episodes: tuple[Episode, ...]

    @property
    def success_rate(self) -> float:
        """Share of episodes that passed."""
        return float(np.mean([e.passed for e in self.episodes]))

    @property
    def loop_hz(self) -> float:
        """Control periods per second of the robot's clock."""
        seconds = sum(e.seconds for e in self.episodes)
        return sum(e.cycles for e in self.episodes) / seconds if seconds > 0 else 0.0

    @property
    def late_share(self) -> float:
        """Share of cycles whose command left late."""
        cycles = sum(e.cycles for e in self.episodes)
        return sum(e.late for e in self.episodes) / max(cycles, 1)

    def step_ms(self, percentile: float) -> float:
        """Percentile of the time from reading a state to its command written [ms]."""
        steps = [t for e in self.episodes for t in e.step_ms]
        return float(np.percentile(steps, percentile)) if steps else float("nan")

    def rows(self) -> list[tuple[str, str]]:
        """Names and values for a table."""
        passed = sum(e.passed for e in self.episodes)
        reasons = sorted({e.reason for e in self.episodes if e.mode == Mode.FAULT})
        cycles = sum(e.cycles for e in self.episodes)
        return [
            ("success", f"{passed} of {len(self.episodes)} ({self.success_rate:.0%})"),
            ("loop rate", f"{self.loop_hz:.2f} Hz over {cycles} cycles"),
            (
                "step time p50 / p99",
                f"{self.step_ms(50):.2f} / {self.step_ms(99):.2f} ms",
            ),
            ("late cycles", f"{self.late_share:.2%}"),
            ("targets clamped", str(sum(e.clamped for e in self.episodes))),
            ("safety", "; ".join(reasons) if reasons else self.episodes[-1].mode),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with one entry per episode."""
        episodes = [dataclasses.asdict(e) for e in self.episodes]
        for entry in episodes:
            del entry["step_ms"]
        return {
            "backend": self.backend,
            "success_rate": self.success_rate,
            "loop_hz": self.loop_hz,
            "step_ms_p50": self.step_ms(50),
            "step_ms_p99": self.step_ms(99),
            "late_share": self.late_share,
            "episodes": episodes,
        }


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
