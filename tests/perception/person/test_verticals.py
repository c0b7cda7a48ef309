import cv2
import numpy as np
import pytest

from assets import rotations
from perception.camera import project
from perception.person.verticals import find_up, up_from_lines

K = np.array([[725.0, 0, 270], [0, 725, 480], [0, 0, 1]])
NOBODY = np.array([0.0, 0.0, 0.0, 0.0])


def camera(roll, pitch):
    """Up `(3,)` in a camera so held, and its rotation from a level one."""
    turn = rotations.multiply(
        rotations.exp(np.array([0.0, 0.0, roll])),
        rotations.exp(np.array([pitch, 0.0, 0.0])),
    )
    R = rotations.to_matrix(turn)
    return R @ [0.0, -1.0, 0.0], R


def uprights(R, count, rng):
    """Pieces `(N, 4)` [px] of upright lines of a room, as that camera sees them."""
    at = rng.uniform([-2.0, 0.0, 4.0], [2.0, 0.0, 6.0], (count, 3))
    top = at - [0.0, 1.0, 0.0] * rng.uniform(0.2, 1.2, (count, 1))
    ends = np.stack([at, top], axis=1) @ R.T
    return project(K, ends).reshape(-1, 4)


def off(found, up):
    return np.degrees(np.arccos(np.clip(found @ up, -1.0, 1.0)))


@pytest.mark.parametrize(("roll", "pitch"), [(0.0, 0.0), (0.08, 0.3), (-0.05, -0.2)])
def test_upright_lines_tell_up_among_others(roll, pitch):
    rng = np.random.default_rng(0)
    up, R = camera(roll, pitch)
    lines = uprights(R, 20, rng) + rng.normal(0.0, 0.3, (20, 4))
    astray = rng.uniform(0.0, 900.0, (15, 2))
    astray = np.hstack([astray, astray + rng.uniform(-60, 60, (15, 2))])
    found = up_from_lines(np.concatenate([lines, astray]), K)
    assert found is not None
    assert off(found, up) < 0.7


def test_an_end_may_come_first_or_last():
    lines = uprights(camera(0.02, 0.1)[1], 10, np.random.default_rng(1))
    found = [up_from_lines(x, K) for x in (lines, lines[:, [2, 3, 0, 1]])]
    assert found[0] is not None and found[1] is not None
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)


def test_lines_that_do_not_agree_say_nothing():
    rng = np.random.default_rng(2)
    start = rng.uniform(0.0, 900.0, (60, 2))
    way = rng.uniform(-0.45, 0.45, 60)
    ends = start + 40.0 * np.stack([way, np.ones(60)], axis=1)
    assert up_from_lines(np.hstack([start, ends]), K) is None
    assert up_from_lines(np.zeros((0, 4)), K) is None


def test_lines_all_of_one_place_leave_the_tilt_open():
    lines = uprights(np.eye(3), 8, np.random.default_rng(3))
    lines[:, [0, 2]] = 270.0 + np.arange(8)[:, None]
    assert up_from_lines(lines, K) is None


def test_lines_are_found_in_a_picture_and_not_on_the_person():
    up, R = camera(0.03, 0.15)
    image = np.full((960, 540, 3), 200, np.uint8)
    for x, y, u, v in uprights(R, 14, np.random.default_rng(4)):
        box = np.array([[x, y], [u, v], [u + 14, v], [x + 14, y]])
        cv2.fillPoly(image, [np.round(box * 16).astype(int)], (60, 60, 60), 8, 4)
    found = find_up(image, K, NOBODY)
    assert found is not None
    assert off(found, up) < 1.5
    assert find_up(image, K, np.array([0.0, 0.0, 540.0, 960.0])) is None
    assert find_up(np.zeros((200, 200, 3), np.uint8), K, NOBODY) is None
