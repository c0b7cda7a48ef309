"""The reward stack: a task's table of weighted terms, summed."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.quantities import Step
from envs.rewards.terms import Reward

Floats = NDArray[np.floating]


WORST = 50.0
"""Largest weighted size of a term [1/s], ten times all tracking together: one exploded
state must not outweigh a whole batch."""


@dataclasses.dataclass(frozen=True)
class Term:
    """One row of a reward table: name, function, weight, and its parameters."""

    name: str
    function: Reward
    weight: float
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class RewardStack:
    """Sums weighted terms and keeps their running means for curves."""

    def __init__(self, terms: tuple[Term, ...], dt: float) -> None:
        names = [term.name for term in terms]
        if len(set(names)) != len(names):
            msg = f"reward table: two terms share a name in {names}"
            raise ValueError(msg)
        self.terms = terms
        self.dt = dt
        self._sums = np.zeros(len(terms))
        self._steps = 0

    def __call__(self, step: Step) -> Floats:
        """Reward `(N,)`: weighted sum times the control period; always finite."""
        total = np.zeros(len(step.action), np.float32)
        for index, term in enumerate(self.terms):
            value = term.function(step, **term.params)
            if value.shape != total.shape:
                msg = f"reward term '{term.name}': shape {value.shape}, "
                raise ValueError(msg + f"expected {total.shape}")
            weighted = np.clip(term.weight * value, -WORST, WORST)
            weighted[np.isnan(weighted)] = 0.0
            total += self.dt * weighted
            self._sums[index] += float(weighted.mean())
        self._steps += 1
        return total

    def drain_means(self) -> dict[str, float]:
        """Mean weighted value of each term since the last call."""
        means = self._sums / max(self._steps, 1)
        self._sums[:], self._steps = 0.0, 0
        return {t.name: float(m) for t, m in zip(self.terms, means, strict=True)}
