"""`Timeline`: named phases one after another, and smooth rises over them."""

from __future__ import annotations

import numpy as np

from assets.rotations import Array


class Timeline:
    """Phases of a performance by name, each as long [s] as it is given."""

    def __init__(self, **lengths: float) -> None:
        ends = np.cumsum(list(lengths.values()))
        starts = np.concatenate([[0.0], ends[:-1]])
        self._spans = {
            name: (float(start), float(end))
            for name, start, end in zip(lengths, starts, ends, strict=True)
        }
        self.total = float(ends[-1])

    def frames(self, fps: float) -> Array:
        """Times `(T,)` [s] of the video's frames."""
        return np.arange(round(self.total * fps)) / fps

    def start(self, phase: str) -> float:
        """When the phase begins [s]."""
        return self._spans[phase][0]

    def end(self, phase: str) -> float:
        """When the phase ends [s]."""
        return self._spans[phase][1]

    def ease(
        self, t: Array, phase: str, wait: float = 0.0, early: float = 0.0
    ) -> Array:
        """Minimum-jerk rise from 0 to 1 over a phase.

        Its first share `wait` and its last share `early` stay flat.
        """
        start, end = self._spans[phase]
        length = end - start
        return ease(t, start + wait * length, end - early * length)

    def between(self, t: Array, rise: str, fall: str, late: float = 0.0) -> Array:
        """Rises over one phase, falls over a later one.

        The share `late` of the first and the last of the second stay flat.
        """
        return self.ease(t, rise, wait=late) - self.ease(t, fall, early=late)


def ease(t: Array, start: float, end: float) -> Array:
    """Minimum-jerk rise from 0 at `start` to 1 at `end`."""
    x = np.clip((t - start) / max(end - start, 1e-9), 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)
