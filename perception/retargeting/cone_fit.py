"""Many small fits of non-negative weights at once, by Newton's method on their dual.

A fit of K weights to D numbers has D unknowns in its dual, what is left of them: few,
where K is large. It is smooth but for bends, so few steps end exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS = 40
HALVINGS = 8


def fit_cones(edges: Floats, target: Floats, ridge: float) -> Floats:
    """Weights `(T, K)` ≥ 0 least in |target − weights·edges|² + ridge²·|weights|².

    `edges (T, K, D)`, `target (T, D)`; edges of zeros get no weight.
    """
    weights = np.zeros(edges.shape[:2])
    open_, left = np.arange(len(edges)), target
    pulls = np.ones(edges.shape[:2], bool)
    for _ in range(STEPS):
        found = _least(edges[open_], target[open_], pulls, ridge)
        along = _along(edges[open_], found)
        done = ((along > 0.0) == pulls).all(axis=1)  # it is on its own piece
        weights[open_[done]] = np.maximum(along[done], 0.0) / ridge**2
        open_, left, found = open_[~done], left[~done], found[~done]
        if not len(open_):
            return weights
        left = _search(edges[open_], target[open_], left, found, ridge)
        pulls = _along(edges[open_], left) > 0.0
    for t in open_:  # hardly ever: bends too close to each other
        weights[t] = _alone(edges[t], target[t], ridge)
    return weights


def _least(edges: Floats, target: Floats, pulls: Bools, ridge: float) -> Floats:
    """What is left `(N, D)` if those edges that pull have a weight, of any sign."""
    pulling = np.swapaxes(edges * pulls[..., None], 1, 2)
    bent = np.eye(edges.shape[2]) + pulling @ edges / ridge**2
    left = np.linalg.solve(bent, target[..., None])[..., 0]
    return np.asarray(left, dtype=np.float64)


def _search(
    edges: Floats, target: Floats, before: Floats, found: Floats, ridge: float
) -> Floats:
    """On the way from `before` to `found`, as far as the dual goes down."""
    cost = _dual(edges, target, before, ridge)
    share = np.ones((len(edges), 1))
    for _ in range(HALVINGS):
        here = before + share * (found - before)
        up = _dual(edges, target, here, ridge) > cost
        if not up.any():
            return here
        share[up] *= 0.5
    return before + share * (found - before)


def _dual(edges: Floats, target: Floats, left: Floats, ridge: float) -> Floats:
    over = np.maximum(_along(edges, left), 0.0) / ridge
    return 0.5 * (left**2).sum(1) + 0.5 * (over**2).sum(1) - (target * left).sum(1)


def _along(edges: Floats, left: Floats) -> Floats:
    return (edges @ left[..., None])[..., 0]


def _alone(edges: Floats, target: Floats, ridge: float) -> Floats:
    """One fit, `(K,)`, by active sets."""
    size = len(edges)
    stacked = np.vstack([edges.T, ridge * np.eye(size)])
    return nnls(stacked, np.concatenate([target, np.zeros(size)]))[0]
