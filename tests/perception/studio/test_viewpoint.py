import mujoco
import numpy as np
import pytest

from assets import rotations
from perception.studio.viewpoint import CAMERA, aim, draw_camera, hold, look_at

SIZE = (320, 240)
EYE, TARGET = np.array([3.0, 1.0, 1.5]), np.array([0.2, -0.1, 0.8])


@pytest.fixture
def held():
    still = look_at(EYE, TARGET, 60.0, SIZE)
    return hold(still, 90, 30.0, np.random.default_rng(0))


def test_the_target_is_in_the_middle_whatever_the_roll():
    for roll in (0.0, 0.2):
        camera = look_at(EYE, TARGET, 60.0, SIZE, roll)
        np.testing.assert_allclose(camera.project(TARGET[None])[0], [160, 120])


def test_roll_turns_the_picture_against_the_camera():
    above = TARGET + np.array([0.0, 0.0, 0.1])
    x, y = look_at(EYE, TARGET, 60.0, SIZE, 0.2).project(above[None])[0]
    assert x < 160
    assert y < 120


def test_a_held_camera_moves_smoothly_by_millimetres_and_tenths_of_degrees(held):
    poses = [held.pose(frame) for frame in range(90)]
    eyes = np.array([eye for eye, _ in poses])
    quats = np.array([quat for _, quat in poses])
    away = np.linalg.norm(eyes - EYE, axis=1)
    assert 0.001 < away.mean() < 0.03
    turned = np.degrees(rotations.angle(quats, quats[:1]))
    assert 0.03 < turned.max() < 2.5
    assert np.degrees(rotations.angle(quats[1:], quats[:-1])).max() < 0.5


def test_a_held_camera_is_projected_frame_by_frame(held):
    points = np.random.default_rng(1).normal(size=(90, 5, 3)) * 0.3
    pixels = held.project(points)
    for frame in (0, 40, 89):
        one = np.concatenate([points[frame], np.ones((5, 1))], axis=1)
        seen = one @ held.T_world_to_cam[frame].T @ np.eye(4)[:, :3] @ held.K.T
        np.testing.assert_allclose(pixels[frame], seen[:, :2] / seen[:, 2:])
    single = held.project(points[:, 0])
    np.testing.assert_allclose(single, pixels[:, 0])


def test_between_frames_the_camera_is_between_their_poses(held):
    eye, quat = held.pose(10.5)
    (eye_0, quat_0), (eye_1, quat_1) = held.pose(10), held.pose(11)
    np.testing.assert_allclose(eye, 0.5 * (eye_0 + eye_1))
    half = rotations.angle(quat_0, quat_1) / 2
    assert rotations.angle(quat, quat_0) == pytest.approx(half, abs=1e-7)
    np.testing.assert_allclose(held.pose(200.0)[0], held.pose(89)[0])


def test_mujoco_looks_through_the_same_camera(held):
    spec = mujoco.MjSpec()
    spec.worldbody.add_camera(name=CAMERA)
    model = spec.compile()
    data = mujoco.MjData(model)
    aim(model, held, 33.0)
    mujoco.mj_forward(model, data)
    axes = data.cam_xmat[0].reshape(3, 3) * [1.0, -1.0, -1.0]
    np.testing.assert_allclose(axes.T, held.T_world_to_cam[33, :3, :3], atol=1e-9)
    tall = np.tan(np.radians(model.cam_fovy[0]) / 2) * held.K[1, 1]
    assert tall == pytest.approx(SIZE[1] / 2)


@pytest.mark.parametrize("size", [(640, 480), (480, 854)])
@pytest.mark.parametrize("walks", [False, True])
def test_everything_is_in_the_picture_with_room_to_spare(size, walks):
    length = 3.5 if walks else 0.4
    points = np.random.default_rng(2).uniform([0, -0.4, 0], [length, 0.4, 1.8], (99, 3))
    for seed in range(10):
        camera = draw_camera(points, size, walks, np.random.default_rng(seed))
        shares = camera.project(points) / size
        assert shares.min() > 0.03
        assert shares.max() < 0.97
