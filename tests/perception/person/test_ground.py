import numpy as np
import pytest

from perception.camera import Floor
from perception.person import ground
from perception.person.skeleton import (
    BONES,
    KINDS,
    L_ELBOW,
    L_KNEE,
    L_SHOULDER,
    bone_lengths,
    kind_lengths,
)
from perception.person.sparse_fit import ClipProblem
from perception.person.terms import SHARED, Body
from tests.perception.clips import standing_person

K = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])
FLOOR = Floor(np.array([0.0, -1.0, 0.0]), 1.0)


@pytest.fixture
def body():
    joints, _ = standing_person(1.7, 6, K)
    return Body(joints, kind_lengths(1.7)[0], FLOOR)


class Recorder(ClipProblem):
    """Keeps residuals and their dense derivatives."""

    def __init__(self, frames):
        super().__init__(frames, 14, SHARED)
        self.residuals, self.rows = [], []

    def add(self, residual, where, jacobian, shared_where=None, shared_jacobian=None):
        rows = np.zeros((len(residual), int(np.prod(self.shape)) + SHARED))
        at = np.arange(len(residual))[:, None]
        np.add.at(rows, (at, where), jacobian)
        if shared_where is not None and shared_jacobian is not None:
            np.add.at(
                rows, (at, rows.shape[1] - SHARED + shared_where), shared_jacobian
            )
        self.residuals.append(residual)
        self.rows.append(rows)


def recorded(term, body):
    problem = Recorder(len(body.joints))
    term(problem, body)
    return np.concatenate(problem.residuals), np.concatenate(problem.rows)


@pytest.mark.parametrize(
    "term",
    [
        lambda p, b: ground.add_floor(p, b, np.ones((6, 4), bool), 30.0),
        lambda p, b: ground.add_balance(p, b, 30.0, 1e6),
    ],
)
def test_derivatives_are_those_of_finite_differences(body, term):
    residual, rows = recorded(term, body)
    rng = np.random.default_rng(0)
    change = 1e-6 * rng.normal(size=body.joints.shape)
    shared = np.zeros(SHARED)
    shared[KINDS:] = 1e-6 * rng.normal(size=3)
    after, _ = recorded(term, body.moved(change, shared))
    expected = rows @ np.concatenate([change.ravel(), shared])
    np.testing.assert_allclose(after - residual, expected, rtol=0.03, atol=2e-6)


def test_shares_of_mass_add_up_to_a_person():
    assert ground.MASSES.sum() == pytest.approx(1.0)
    assert (ground.MASSES > 0).all()


def test_knees_are_pushed_forward_and_only_when_bent_backward(body):
    residual, _ = recorded(lambda p, b: ground.add_knees(p, b.joints, 30.0), body)
    assert len(residual) == 0
    body.joints[:, L_KNEE, 2] += 0.3
    residual, rows = recorded(lambda p, b: ground.add_knees(p, b.joints, 30.0), body)
    assert len(residual) == 6
    first = rows[0] @ np.eye(rows.shape[1])[L_KNEE * 3 + 2]
    assert residual[0] * first > 0


def test_hanging_arms_derivatives_are_those_of_finite_differences(body, monkeypatch):
    monkeypatch.setattr(ground, "ARM_LIMIT", 1e6)

    def term(problem, body):
        ground.add_hanging_arms(problem, body, 10.0)

    residual, rows = recorded(term, body)
    change = 1e-6 * np.random.default_rng(0).normal(size=body.joints.shape)
    shared = np.zeros(SHARED)
    after, _ = recorded(term, body.moved(change, shared))
    expected = rows @ np.concatenate([change.ravel(), shared])
    np.testing.assert_allclose(after - residual, expected, rtol=1e-4, atol=1e-12)


def test_arms_that_hang_are_left_alone_and_raised_ones_are_lowered(body):
    def term(problem, body):
        ground.add_hanging_arms(problem, body, 10.0)

    lengths = dict(zip(map(tuple, BONES), bone_lengths(1.7)[0], strict=True))
    joints = body.joints.copy()
    for parent, child in ((8, 10), (9, 11), (10, 12), (11, 13)):
        down = -lengths[parent, child] * FLOOR.up_c
        joints[:, child] = joints[:, parent] + down
    residual, _ = recorded(term, Body(joints, body.lengths, FLOOR))
    np.testing.assert_allclose(residual, 0.0, atol=1e-9)
    joints[:, L_ELBOW] = joints[:, L_SHOULDER] + [lengths[8, 10], 0.0, 0.0]
    residual, rows = recorded(term, Body(joints, body.lengths, FLOOR))
    slope = residual @ rows[:, : joints.size]
    assert slope.reshape(joints.shape)[0, L_ELBOW] @ FLOOR.up_c > 0


def test_up_that_the_scene_shows_is_taken_over_how_cameras_are_held(body):
    problem = ClipProblem(6, 14, SHARED)
    up = np.array([0.02, -1.0, 0.3]) / np.linalg.norm([0.02, -1.0, 0.3])
    ground.add_level(problem, body, 1.0, up)
    _, shared = problem.step()
    np.testing.assert_allclose(body.moved(0.0, shared).floor.up_c, up, atol=0.02)


def test_who_sits_is_not_asked_to_balance(body):
    standing = ground.on_feet(body.joints, FLOOR.up_c)
    assert (standing == 1.0).all()
    seated = body.joints.copy()
    thigh = bone_lengths(1.7)[0][1]
    seated[:, 2:4] = seated[:, 0:2] + np.array([0.0, 0.0, -thigh])
    assert (ground.on_feet(seated, FLOOR.up_c) < 0.3).all()
