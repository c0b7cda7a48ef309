import numpy as np
import pytest

from assets import rotations
from assets.objects import CHAIR, LIFT_BOX
from perception.camera import project, transform
from perception.objects.contour import jacobian
from perception.objects.silhouette import Pose
from tests.perception.objects.stage import (
    SIZE,
    SPECS,
    T_WORLD_TO_CAM,
    K,
    cover,
    standing,
    view_of,
)


@pytest.mark.parametrize("shape", list(SPECS))
def test_a_pose_moved_to_another_is_there(shape):
    spec = SPECS[shape]
    a, b = standing(spec), standing(spec, -0.1, 0.4, 1.2)
    c = a.moved(a.to(b))
    np.testing.assert_allclose(c.pos_w, b.pos_w)
    assert rotations.angle(c.quat_w, b.quat_w) < 1e-6


@pytest.mark.parametrize("shape", list(SPECS))
def test_the_score_is_the_mean_under_the_mask(shape):
    spec = SPECS[shape]
    view, pose = view_of(spec), standing(spec)
    odds = np.random.default_rng(0).normal(1.0, 0.3, SIZE).astype(np.float32)
    mask = cover(spec, pose)
    mean = float((odds * mask).sum()) / view.area(pose)
    assert view.score(pose, odds) == pytest.approx(mean, rel=0.02)


def test_an_object_out_of_view_scores_nothing():
    away = standing(LIFT_BOX, y=30.0)
    assert view_of(LIFT_BOX).score(away, np.ones(SIZE, np.float32)) == 0.0


@pytest.mark.parametrize("shape", list(SPECS))
def test_outline_points_lie_on_the_border_of_the_mask(shape):
    spec = SPECS[shape]
    view, pose = view_of(spec), standing(spec)
    edge = view.edge(pose, 4.0)
    mask = view.mask(pose, SIZE)
    lit = []
    for shift in (-2.5, 2.5):
        x, y = (edge.pixels + shift * edge.normals).astype(int).T
        lit.append((mask[y, x] > 127).mean())
    assert lit[0] > 0.93
    assert lit[1] < 0.07


def test_outline_points_are_what_they_project_to():
    view, pose = view_of(CHAIR), standing(CHAIR)
    edge = view.edge(pose, 4.0)
    pixels = project(K, transform(T_WORLD_TO_CAM, edge.lever_w + pose.pos_w))
    assert np.abs(pixels - edge.pixels).max() < 0.6


def test_no_outline_runs_through_the_inside_of_a_chair():
    view, pose = view_of(CHAIR), standing(CHAIR)
    seat_middle = project(
        K, transform(T_WORLD_TO_CAM, pose.pos_w + np.array([0.0, 0.0, -0.02]))
    )
    apart = np.linalg.norm(view.edge(pose, 3.0).pixels - seat_middle, axis=1)
    assert apart.min() > 3.0


def test_thejacobian_is_the_derivative_of_the_outline():
    view, pose = view_of(LIFT_BOX), standing(LIFT_BOX)
    edge = view.edge(pose, 6.0)
    J = jacobian(view, pose, edge)
    levers_o = rotations.rotate_inverse(pose.quat_w, edge.lever_w)
    for i in range(6):
        change = np.zeros(6)
        change[i] = 1e-5
        moved: Pose = pose.moved(change)
        points = rotations.rotate(moved.quat_w, levers_o) + moved.pos_w
        before = project(K, transform(T_WORLD_TO_CAM, edge.lever_w + pose.pos_w))
        shift = project(K, transform(T_WORLD_TO_CAM, points)) - before
        along = (shift * edge.normals).sum(axis=1) / 1e-5
        np.testing.assert_allclose(J[:, i], along, rtol=1e-3, atol=0.02)
