"""One-sided springs: distances and joint ranges that a step should not break."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RANGE_COST = 20.0
"""Square root of the cost of a joint outside its range, per rad."""


class Walls:
    """Distances to keep, near enough to be broken by a step."""

    def __init__(self, rows: Floats, short: Floats, cost: float) -> None:
        """Derivatives `(T, K, n)` and shortages `(T, K)` [m], -inf where is none."""
        self.rows, self.short = rows, short
        self.cost = cost**2

    def push(self, hessian: Floats, gradient: Floats, step: Floats) -> None:
        """Add to the normal equations what `step (T, n)` would leave too short."""
        active = self.short > (self.rows @ step[..., None])[..., 0]
        held = np.swapaxes(self.rows * active[..., None], 1, 2)
        short = np.where(active, self.short, 0.0)
        hessian += self.cost * (held @ self.rows)
        gradient += self.cost * (held @ short[..., None])[..., 0]


@dataclasses.dataclass(frozen=True)
class JointWalls:
    """Ranges of joints: how far `(T, J)` [rad] below the lowest, above the highest."""

    dof: NDArray[np.int_]
    below: Floats
    above: Floats

    def push(self, hessian: Floats, gradient: Floats, step: Floats) -> None:
        """Add to the normal equations what `step (T, n)` would leave outside."""
        moved = step[:, self.dof]
        low, high = self.below > moved, self.above > -moved
        cost = RANGE_COST**2
        hessian[:, self.dof, self.dof] += cost * (low | high)
        gradient[:, self.dof] += cost * (low * self.below - high * self.above)
