import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE, CHAIR, LIFT_BOX, ObjectSpec
from perception.objects.shape import (
    half_turn,
    hull_points,
    resting_height,
    resting_quats,
    same_looks,
    unseen_turns,
)
from tests.perception.objects.stage import LYING, SPECS


@pytest.mark.parametrize("shape", list(SPECS))
def test_hulls_span_the_size(shape):
    spec = SPECS[shape]
    points = np.concatenate(hull_points(spec))
    half = np.asarray(spec.half_size)
    np.testing.assert_allclose(points.max(axis=0), half, atol=1e-9)
    np.testing.assert_allclose(points.min(axis=0), -half, atol=1e-9)


@pytest.mark.parametrize("shape", list(SPECS))
def test_at_rest_the_lowest_point_is_on_the_floor(shape):
    spec = SPECS[shape]
    for quat in resting_quats(spec):
        points = rotations.rotate(quat, np.concatenate(hull_points(spec)))
        assert points[:, 2].min() == pytest.approx(-resting_height(spec, quat))


def test_a_bottle_stands_or_lies():
    heights = [resting_height(BOTTLE, quat) for quat in resting_quats(BOTTLE)]
    np.testing.assert_allclose(heights, [0.18, 0.065], atol=1e-9)


def test_turns_that_look_the_same():
    upright = rotations.IDENTITY
    assert half_turn(BOTTLE, upright) == 0.0
    assert half_turn(BOTTLE, LYING) == pytest.approx(np.pi)
    assert half_turn(LIFT_BOX, upright) == pytest.approx(np.pi)
    assert half_turn(CHAIR, upright) == pytest.approx(2 * np.pi)


@pytest.mark.parametrize("size", [(0.2, 0.3, 0.4), (0.3, 0.3, 0.4), (0.3, 0.3, 0.3)])
def test_a_box_looks_the_same_after_each_of_its_turns(size):
    spec = ObjectSpec("x", "box", size, 1.0)
    corners = hull_points(spec)[0]
    for turn in same_looks(spec):
        turned = rotations.rotate(turn, corners)
        for corner in turned:
            assert np.linalg.norm(corners - corner, axis=1).min() < 1e-9


def test_only_the_spin_of_a_cylinder_is_unseen():
    axis = rotations.rotate(LYING, np.array([0.0, 0.0, 1.0]))
    unseen = unseen_turns(BOTTLE, LYING)
    np.testing.assert_allclose(unseen @ axis, axis, atol=1e-12)
    assert np.trace(unseen) == pytest.approx(1.0)
    assert not unseen_turns(CHAIR, LYING).any()
