import cv2
import numpy as np
import pytest

from assets import rotations
from perception.objects.colour import KeyFrames
from perception.steady import (
    as_if_still,
    at_frames,
    cameras,
    find_turns,
    person_boxes,
    steadied,
)

K = np.array([[400.0, 0.0, 240.0], [0.0, 400.0, 136.0], [0.0, 0.0, 1.0]])
SIZE = (480, 272)
N = 30


def scene(turns, moving=True):
    """A speckled wall seen by a turning camera, a grey person walking before it."""
    rng = np.random.default_rng(1)
    wall = rng.integers(0, 255, (34, 60, 3)).astype(np.uint8)
    wall = cv2.resize(wall, SIZE, interpolation=cv2.INTER_CUBIC)
    images, boxes = [], []
    for k, turn in enumerate(turns):
        H = K @ rotations.to_matrix(rotations.exp(turn)) @ np.linalg.inv(K)
        image = cv2.warpPerspective(wall, H, SIZE, borderMode=cv2.BORDER_REFLECT)
        left = 60 + 8 * k * moving
        cv2.rectangle(image, (left, 60), (left + 70, 260), (90, 90, 90), -1)
        images.append(image)
        boxes.append([left, 60, left + 70, 260])
    keys = KeyFrames(np.arange(len(turns)) * 3, np.stack(images), K)
    return keys, np.array(boxes, float)


def sway():
    time = np.arange(N)[:, None] / 10
    waves = np.sin(2 * np.pi * time * [0.7, 0.9, 0.4] + [0.0, 1.0, 2.0])
    turns = waves * np.array([0.004, 0.005, 0.003])
    return turns - np.median(turns, axis=0)


def test_a_swaying_camera_is_found_to_a_fraction_of_a_pixel():
    keys, boxes = scene(sway())
    found = find_turns(keys, boxes)
    assert np.abs(found - sway()).max() * K[0, 0] < 0.5


def test_a_camera_on_a_tripod_is_left_as_it_is():
    keys, boxes = scene(np.zeros((N, 3)))
    turns = find_turns(keys, boxes)
    assert not turns.any()
    assert steadied(keys, turns) is keys


@pytest.mark.parametrize("what", ["pans", "blank"])
def test_what_cannot_be_steadied_is_left_alone(what):
    keys, boxes = scene(np.linspace(0, 0.2, N)[:, None] * np.array([0.0, 1.0, 0.0]))
    if what == "blank":
        keys.images[:] = 128
    assert not find_turns(keys, boxes).any()


def test_steadied_pictures_stand_still():
    keys, boxes = scene(sway(), moving=False)
    still = steadied(keys, find_turns(keys, boxes)).images[:, 80:200, 200:400]
    swaying = keys.images[:, 80:200, 200:400]
    assert still.std(axis=0).mean() < 0.5 * swaying.std(axis=0).mean()


def test_pixels_and_cameras_agree():
    turns = at_frames(sway(), np.arange(N) * 3, 3 * N - 2)
    point = np.array([0.4, -0.2, 3.0])
    T = np.eye(4)
    T[:3, 3] = [0.1, 0.2, 0.3]
    seen = cameras(T, turns) @ np.append(point, 1.0)
    pixels = seen[:, :3] @ K.T
    pixels = (pixels[:, :2] / pixels[:, 2:])[:, None]
    still = (T @ np.append(point, 1.0))[:3] @ K.T
    expected = np.tile(still[:2] / still[2], (len(turns), 1))
    np.testing.assert_allclose(as_if_still(pixels, K, turns)[:, 0], expected, atol=1e-6)


def test_boxes_hold_the_landmarks():
    pixels = np.random.default_rng(0).uniform(0, 100, (5, 33, 2))
    boxes = person_boxes(pixels)
    assert (boxes[:, None, :2] < pixels).all()
    assert (boxes[:, None, 2:] > pixels).all()
