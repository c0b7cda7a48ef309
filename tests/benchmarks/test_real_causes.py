"""What is put right is right; a cause by itself shows up as itself."""

import dataclasses

import numpy as np
import pytest

from benchmarks.real_causes import bone_vectors, put_right, real_causes
from perception.person.skeleton import L_ELBOW, L_SHOULDER, R_SHOULDER, assemble
from tests.perception.synthetic_track import lift_track


@pytest.fixture(scope="module")
def track():
    return lift_track()


def causes(found, true):
    times = np.arange(true.num_frames) / true.fps
    return real_causes(found, times, true.joints_w)


def centred(joints):
    return joints - joints[:, :2].mean(axis=1, keepdims=True)


def test_bones_put_together_are_the_body_again(track):
    joints = assemble(bone_vectors(centred(track.joints_w)))
    np.testing.assert_allclose(joints, centred(track.joints_w), atol=1e-9)


def test_the_truth_has_no_error_whatever_its_world(track):
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    other = dataclasses.replace(track, joints_w=track.joints_w @ turn.T + 3.0)
    found = causes(track, other)
    for key in ("across_mm", "along_mm", "constant_mm", "changing_mm", "bones_mm"):
        assert found["causes"][key] == pytest.approx(0.0, abs=1e-6)
    assert found["causes"]["tilt_deg"] == pytest.approx(0.0, abs=1e-4)
    assert found["left"]["none"] == pytest.approx((0.0, 0.0), abs=1e-6)


def test_arms_off_are_the_arms_and_nothing_else(track):
    joints = track.joints_w.copy()
    shoulders = joints[:, [L_SHOULDER, R_SHOULDER, L_SHOULDER, R_SHOULDER], 0]
    joints[:, L_ELBOW:, 0] = 2 * shoulders - joints[:, L_ELBOW:, 0]
    left = put_right(centred(joints), centred(track.joints_w))
    assert left["none"][0] > 20.0
    assert left["arms"] == pytest.approx((0.0, 0.0), abs=1e-6)
    assert left["legs"] == pytest.approx(left["none"])
    found = causes(dataclasses.replace(track, joints_w=joints), track)
    assert found["by_joint"]["elbow"][0] > 2 * found["by_joint"]["toe"][0]


def test_a_larger_person_has_longer_bones_and_right_directions(track):
    large = dataclasses.replace(track, joints_w=1.1 * track.joints_w)
    found = causes(large, track)
    assert found["causes"]["longer_percent"] == pytest.approx(10.0)
    assert found["left"]["lengths"] == pytest.approx((0.0, 0.0), abs=1e-6)
    assert found["left"]["directions"] == pytest.approx(found["left"]["none"])


def test_a_late_clock_is_found(track):
    times = np.arange(track.num_frames) / track.fps
    found = real_causes(track, times + 0.05, track.joints_w)
    assert found["causes"]["late_s"] == pytest.approx(0.05, abs=0.011)
    assert found["left"]["clock"][0] < 0.3 * found["left"]["none"][0]
