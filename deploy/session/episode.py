"""What an episode on a robot measured, and the figures of a whole run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from deploy.control.safety import Mode


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
    def paced(self) -> bool:
        """Whether the loop kept real time."""
        return self.backend == "dds"

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
        seen = any(e.success is not None for e in self.episodes)
        success = f"{passed} of {len(self.episodes)} ({self.success_rate:.0%})"
        middle, worst = self.step_ms(50), self.step_ms(99)
        return [
            ("success", success if seen else "not seen from here"),
            ("loop rate", f"{self.loop_hz:.2f} Hz over {cycles} cycles"),
            ("step time p50 / p99", f"{middle:.2f} / {worst:.2f} ms"),
            ("late cycles", f"{self.late_share:.2%}" if self.paced else "–"),
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
