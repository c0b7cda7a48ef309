import numpy as np
import pytest

from assets.objects import LIFT_BOX
from deploy.objects.live_tracker import LiveTracker, _pose
from perception.objects.shape import hull_points
from perception.objects.silhouette import Silhouette

K = np.array([[500.0, 0, 320], [0, 500.0, 240], [0, 0, 1]])
SIZE = (640, 480)
DOWN = np.array([[0, -1, 0], [-0.6, 0, -0.8], [0.8, 0, -0.6]], float)
T = np.eye(4)
T[:3, :3] = DOWN
T[:3, 3] = -DOWN @ np.array([0.0, 0.0, 0.5])
START = np.array([0.9, 0.0, -0.2, 0.1, 0.0, 0.0])


def picture(pose, seed=0):
    """A red box before a grey, noisy wall."""
    rng = np.random.default_rng(seed)
    image = rng.integers(100, 140, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    view = Silhouette(hull_points(LIFT_BOX), K, T)
    mask = view.mask(_pose(pose), (SIZE[1], SIZE[0])) > 0
    image[mask] = rng.integers(0, 30, (int(mask.sum()), 3)) + np.array([20, 20, 190])
    return image


def tracker():
    return LiveTracker(LIFT_BOX, K=K, size=SIZE, T_anchor_to_cam=T, start=START)


def test_it_follows_a_box_that_is_lifted():
    made, worst = tracker(), 0.0
    for step in range(12):
        pose = START + np.array([0.0, 0.008, 0.012, 0.0, 0.0, 0.0]) * step
        found = made.update(picture(pose, step))
        assert found is not None
        worst = max(worst, float(np.linalg.norm(found[0] - pose[:3])))
    assert worst < 0.03
    assert made.score > 0.5


def test_what_is_gone_is_lost_and_not_made_up():
    made = tracker()
    made.update(picture(START))
    wall = np.random.default_rng(9).integers(100, 140, (SIZE[1], SIZE[0], 3))
    assert made.update(wall.astype(np.uint8)) is None
    assert made.update(picture(START)) is not None


def test_images_and_starts_of_no_use_are_named():
    with pytest.raises(ValueError, match="expected"):
        tracker().update(np.zeros((10, 10, 3), np.uint8))
    away = LiveTracker(
        LIFT_BOX, K=K, size=SIZE, T_anchor_to_cam=T, start=START + 9.0 * np.eye(6)[1]
    )
    with pytest.raises(ValueError, match="not in the image"):
        away.update(picture(START))
