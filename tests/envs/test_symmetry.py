import numpy as np
import pytest

from assets import rotations
from envs.symmetry import nearest_alike


@pytest.fixture
def turns():
    rng = np.random.default_rng(0)
    return rotations.normalize(rng.normal(size=(2, 50, 4)))


def test_a_box_is_as_the_prior_has_it(turns):
    goal, quat = turns
    np.testing.assert_array_equal(nearest_alike("box", goal, quat), goal)
    np.testing.assert_array_equal(nearest_alike("sphere", goal, quat), quat)


def test_a_cylinder_keeps_its_axis_and_no_other_spin_is_nearer(turns):
    goal, quat = turns
    found = nearest_alike("cylinder", goal, quat)
    up = np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(
        rotations.rotate(found, up), rotations.rotate(goal, up), atol=1e-9
    )
    best = rotations.angle(found, quat)
    for spin in np.linspace(-np.pi, np.pi, 60):
        other = rotations.multiply(goal, rotations.exp(spin * up))
        assert (rotations.angle(other, quat) >= best - 1e-6).all()


def test_a_mere_spin_is_no_error_and_a_tilt_is_one(turns):
    goal = turns[0]
    spun = rotations.multiply(goal, rotations.exp(np.array([0.0, 0.0, 2.5])))
    assert rotations.angle(nearest_alike("cylinder", goal, spun), spun).max() < 1e-6
    tilted = rotations.multiply(goal, rotations.exp(np.array([0.6, 0.0, 0.0])))
    left = rotations.angle(nearest_alike("cylinder", goal, tilted), tilted)
    np.testing.assert_allclose(left, 0.6, atol=1e-6)
    over = rotations.multiply(goal, np.array([0.0, 1.0, 0.0, 0.0]))
    assert np.isfinite(nearest_alike("cylinder", goal, over)).all()
