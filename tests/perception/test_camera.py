import numpy as np
import pytest

from perception.camera import (
    ASSUMED_FIELD_OF_VIEW_DEG,
    Floor,
    intrinsics,
    invert,
    project,
    transform,
    world_from_floor,
)


def test_field_of_view_spans_the_width():
    K, source = intrinsics(640, 480, 90.0)
    edge = project(K, np.array([[1.0, 0.0, 1.0], [-2.0, 0.0, 2.0]]))
    np.testing.assert_allclose(edge[:, 0], [640.0, 0.0], atol=1e-9)
    assert "given" in source


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640)])
def test_the_assumed_field_of_view_is_that_of_the_long_side(width, height):
    K, source = intrinsics(width, height, None)
    assert np.degrees(2 * np.arctan(320 / K[0, 0])) == pytest.approx(
        ASSUMED_FIELD_OF_VIEW_DEG
    )
    assert "assumed" in source


def test_world_stands_on_the_floor_and_looks_forward():
    up = np.array([0.1, -0.95, -0.3])
    up /= np.linalg.norm(up)
    floor = Floor(up, 1.4)
    pelvis = np.array([0.3, 0.2, 3.0])
    forward = np.array([0.5, 0.0, -1.0])
    T_world_to_cam = world_from_floor(floor, pelvis, forward)
    rotation = T_world_to_cam[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    points = np.random.default_rng(0).normal(size=(5, 3)) + np.array([0, 0, 3])
    points_w = transform(invert(T_world_to_cam), points)
    np.testing.assert_allclose(points_w[:, 2], floor.height(points))
    pelvis_w = transform(invert(T_world_to_cam), pelvis)
    np.testing.assert_allclose(pelvis_w[:2], 0.0, atol=1e-12)
    assert rotation[:, 0] @ forward > 0


def test_invert_undoes():
    T = world_from_floor(Floor(np.array([0, -1.0, 0]), 1.0), np.ones(3), np.eye(3)[2])
    np.testing.assert_allclose(invert(T) @ T, np.eye(4), atol=1e-12)
