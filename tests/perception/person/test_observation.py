import numpy as np
import pytest

from perception.person.observation import observe, resample
from perception.person.people import main_person
from perception.person.pose import SIDES
from tests.perception.clips import standing_person

K = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])


def test_fewer_samples_keep_length_and_still_landmarks():
    _, landmarks = standing_person(1.7, 61, K)
    landmarks.pixels[:] = landmarks.pixels[:1]
    seen = observe(landmarks, K, 30.0)
    coarse = seen.at_rate(5.0)
    assert len(coarse.pixels) == 11
    assert coarse.fps == pytest.approx(5.0)
    np.testing.assert_allclose(coarse.pixels, seen.pixels[::6], atol=1e-9)
    assert seen.at_rate(100.0) is seen


def test_what_is_less_visible_is_less_certain():
    _, landmarks = standing_person(1.7, 30, K)
    landmarks.visibility[:, 28] = 0.5
    seen = observe(landmarks, K, 30.0)
    assert (seen.sigma[:, 5] > 3 * seen.sigma[:, 4]).all()
    assert (seen.lean_sigma[:, 4] > 1.5 * seen.lean_sigma[:, 3]).all()


def test_a_smooth_path_survives_resampling():
    times = np.linspace(0, 2, 31)
    path = np.stack([np.sin(times), times**2], axis=1)
    fine = resample(path, 61)
    expected = np.linspace(0, 2, 61)
    np.testing.assert_allclose(fine[:, 0], np.sin(expected), atol=1e-4)
    np.testing.assert_allclose(resample(path, 31), path)


def test_sides_of_landmarks_pair_up():
    np.testing.assert_array_equal(SIDES[SIDES], np.arange(33))
    assert [SIDES[i] for i in (0, 11, 24, 31)] == [0, 12, 23, 32]


def test_somebody_small_who_is_followed_for_a_while_is_not_the_main_person():
    _, landmarks = standing_person(1.7, 60, K)
    passing = slice(20, 28)
    landmarks.pixels[passing] = 0.4 * landmarks.pixels[passing] + [350.0, 20.0]
    shown = main_person(landmarks)
    assert not shown[passing].any()
    assert shown.sum() == 52


def test_who_walks_fast_stays_the_main_person():
    _, landmarks = standing_person(1.7, 60, K)
    landmarks.pixels[:, :, 0] += 25.0 * np.arange(60)[:, None]
    assert main_person(landmarks).all()
