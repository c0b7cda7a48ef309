import numpy as np
import pytest

from assets.objects import ObjectSpec
from perception.objects.silhouette import Pose
from perception.objects.sizes import USUAL, measure_size
from perception.person.skeleton import L_HIP, R_HIP
from tests.perception.objects.stage import (
    T_WORLD_TO_CAM,
    film,
    person,
    reach,
    standing,
)


def taken_away(spec):
    """An object that leaves the picture sideways from key frame 15 on."""
    first = standing(spec, 0.35, 0.05, 0.5)
    stays = spec.shape == "chair"
    gone = (0.0 if stays else 3.0) * np.clip((np.arange(30) - 15) / 10, 0, 1)
    poses = [Pose(first.pos_w + np.array([0, dy, 0]), first.quat_w) for dy in gone]
    joints = reach(person(30), poses, spec.size[1] / 2, np.zeros(30))
    if spec.shape == "chair":
        joints[20:, [L_HIP, R_HIP], :2] += first.pos_w[:2]
        joints[20:, [L_HIP, R_HIP], 2] = 0.5
    return film(spec, poses), joints


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("box", (0.26, 0.34, 0.50)),
        ("box", (0.55, 0.40, 0.54)),
        ("box", (0.40, 0.40, 0.30)),
        ("cylinder", (0.16, 0.16, 0.40)),
        ("sphere", (0.30, 0.30, 0.30)),
        ("chair", (0.50, 0.52, 0.90)),
    ],
)
def test_the_size_is_found_from_the_first_frames(shape, size):
    spec = ObjectSpec("x", shape, size, 1.0)
    keys, joints = taken_away(spec)
    found = measure_size(keys, shape, joints, T_WORLD_TO_CAM, None)
    assert found is not None
    got, true = np.array(found.spec.size), np.array(size)
    if shape == "box":
        got[:2], true[:2] = np.sort(got[:2]), np.sort(true[:2])
    assert np.abs(got / true - 1).max() < 0.2
    assert abs(np.prod(got / true) ** (1 / 3) - 1) < 0.1
    assert 0.0 < found.confidence <= 1.0


def test_nothing_is_measured_where_there_is_nothing():
    keys, joints = taken_away(USUAL["box"])
    keys.images[:] = 110
    assert measure_size(keys, "box", joints, T_WORLD_TO_CAM, None) is None
