import numpy as np
import pytest

from perception.camera import intrinsics
from perception.person.human import find_planted, fit_human, observe
from perception.person.skeleton import BONES
from tests.perception.clips import standing_person

K, _ = intrinsics(640, 480, 60.0)
HEIGHT = 1.7


@pytest.fixture(scope="module")
def clean():
    return standing_person(HEIGHT, 45, K)


def error(found, true):
    return np.linalg.norm(found - true, axis=-1)


def test_clean_landmarks_give_the_person_back(clean):
    joints, landmarks = clean
    human = fit_human(observe(landmarks, K, 30.0), HEIGHT)
    assert error(human.joints_c, joints).mean() < 0.035


def test_noise_is_smoothed(clean):
    joints, landmarks = clean
    noise = np.random.default_rng(0).normal(0, 4.0, landmarks.pixels.shape)
    landmarks.pixels[:] += noise
    human = fit_human(observe(landmarks, K, 30.0), HEIGHT)
    landmarks.pixels[:] -= noise
    assert error(human.joints_c, joints).mean() < 0.045


def test_a_hidden_leg_misplaced_by_the_estimator_is_recovered():
    joints, landmarks = standing_person(HEIGHT, 45, K)
    for landmark in (26, 28, 32):
        landmarks.pixels[:, landmark] += [40.0, -60.0]
        landmarks.visibility[:, landmark] = 0.4
    human = fit_human(observe(landmarks, K, 30.0), HEIGHT)
    assert error(human.joints_c, joints)[:, [3, 5, 7]].mean() < 0.10


def test_missing_frames_are_bridged():
    joints, landmarks = standing_person(HEIGHT, 45, K)
    landmarks.found[20:26] = False
    landmarks.pixels[20:26] = 0.0
    human = fit_human(observe(landmarks, K, 30.0), HEIGHT)
    assert error(human.joints_c, joints)[20:26].mean() < 0.07
    assert (human.visibility[20:26] == 0).all()


def test_taller_people_stand_farther_away(clean):
    _, landmarks = clean
    seen = observe(landmarks, K, 30.0)
    short, tall = (fit_human(seen, h).joints_c[..., 2].mean() for h in (1.5, 1.9))
    assert tall / short == pytest.approx(1.9 / 1.5, rel=0.03)


def test_bones_keep_their_lengths(clean):
    _, landmarks = clean
    joints = fit_human(observe(landmarks, K, 30.0), HEIGHT).joints_c
    lengths = np.linalg.norm(joints[:, BONES[:, 1]] - joints[:, BONES[:, 0]], axis=-1)
    assert lengths.std(axis=0).max() < 0.02


def test_the_floor_is_under_the_feet_and_standing_feet_are_planted(clean):
    joints, landmarks = clean
    human = fit_human(observe(landmarks, K, 30.0), HEIGHT)
    np.testing.assert_allclose(human.floor.up_c, [0, -1, 0], atol=0.1)
    lowest = human.floor.height(human.joints_c).min()
    assert 0.0 < lowest < 0.08
    assert find_planted(joints, human.floor, 30.0).mean() > 0.95
