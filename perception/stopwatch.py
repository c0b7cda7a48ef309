"""Where a video's time goes, by stage, and which stage it is in now."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

BEAT = 30
"""Items between two signs of life."""

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True)
class Sign:
    """A sign of life: the stage a video is in, and how many frames have passed."""

    stage: str
    frames: int


class Stopwatch:
    """Adds up seconds per stage; `tell` hears a sign of life now and then."""

    def __init__(self, tell: Callable[[Sign], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.frames = 0
        self._stage = "start"
        self._tell = tell

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside; stages do not nest."""
        self._stage = name
        self._sign()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def beats(self, frames: Iterable[Item]) -> Iterator[Item]:
        """Hand on every frame and count it, with a sign of life now and then."""
        for frame in frames:
            self.frames += 1
            if self.frames % BEAT == 0:
                self._sign()
            yield frame

    def add(self, name: str, seconds: float) -> None:
        """Count `seconds` that were measured elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def move(self, source: str, name: str, seconds: float) -> None:
        """Count `seconds` of the stage `source` as those of another, `name`."""
        self.add(source, -seconds)
        self.add(name, seconds)

    def rounded(self) -> dict[str, float]:
        """Seconds per stage, in the order in which they began."""
        return {name: round(value, 3) for name, value in self.seconds.items()}

    def _sign(self) -> None:
        if self._tell is not None:
            self._tell(Sign(self._stage, self.frames))
