"""Fits all at once are those of non-negative least squares, one at a time."""

import numpy as np
import pytest
from scipy.optimize import nnls

from perception.retargeting import cone_fit
from perception.retargeting.cone_fit import fit_cones

RIDGE = 1e-3


def fits(seed, count=30, size=20, numbers=6):
    rng = np.random.default_rng(seed)
    edges = rng.normal(size=(count, size, numbers))
    target = 50.0 * rng.normal(size=(count, numbers))
    for t in range(count):  # as many as touch in a frame, and no target at all
        edges[t, rng.integers(0, size) :] = 0.0
    target[0] = 0.0
    return edges, target


def one_by_one(edges, target):
    size = edges.shape[1]
    rows = [np.vstack([e.T, RIDGE * np.eye(size)]) for e in edges]
    goals = [np.concatenate([t, np.zeros(size)]) for t in target]
    return np.stack([nnls(r, g)[0] for r, g in zip(rows, goals, strict=True)])


@pytest.mark.parametrize("steps", [cone_fit.STEPS, 1])
def test_weights_are_those_of_active_sets(monkeypatch, steps):
    monkeypatch.setattr(cone_fit, "STEPS", steps)
    edges, target = fits(0)
    found, expected = fit_cones(edges, target, RIDGE), one_by_one(edges, target)
    assert found.min() >= 0.0
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_what_is_left_pulls_at_no_edge():
    edges, target = fits(1)
    weights = fit_cones(edges, target, RIDGE)
    left = target - np.einsum("tkd,tk->td", edges, weights)
    slope = np.einsum("tkd,td->tk", edges, left) - RIDGE**2 * weights
    assert slope.max() < 1e-6
    assert np.abs(slope * weights).max() < 1e-3


def test_nothing_to_give_with_leaves_everything():
    assert fit_cones(np.zeros((3, 0, 6)), np.ones((3, 6)), RIDGE).shape == (3, 0)
    assert not fit_cones(np.zeros((3, 4, 6)), np.ones((3, 6)), RIDGE).any()
