import numpy as np
import pytest

from assets import rotations
from assets.g1.spec import g1
from envs import observations as o

N, J, HISTORY = 3, 29, 5


def make_sense(seed=0, yaw=0.0):
    """Made-up measurements; `yaw` turns the robot about world Z."""
    rng = np.random.default_rng(seed)
    quat = rotations.normalize(rng.normal(size=(N, 4)))
    return o.Sense(
        joint_pos=rng.normal(size=(N, J)),
        joint_vel=rng.normal(size=(N, J)),
        imu_quat_w=rotations.multiply(rotations.from_yaw(yaw), quat),
        imu_gyro_b=rng.normal(size=(N, 3)),
        object_pos_b=rng.normal(size=(N, 3)),
        object_quat_b=rotations.normalize(rng.normal(size=(N, 4))),
    )


@pytest.fixture
def sense():
    return make_sense()


def blocks(layout, values):
    """The named parts of `values (N, D)`."""
    ends = np.cumsum([length for _, length in layout])
    parts = np.split(values, ends[:-1], axis=1)
    return dict(zip([name for name, _ in layout], parts, strict=True))


def test_layouts_are_what_the_functions_return(sense):
    command = np.zeros((N, o.size(o.command_layout(J))), np.float32)
    frame = o.proprioception(sense, np.zeros(J), np.zeros((N, J)))
    assert frame.shape == (N, o.size(o.proprioception_layout(J)))
    history = np.zeros((N, HISTORY, frame.shape[1]), np.float32)
    tracker = o.tracker_observation(command, history, sense)
    assert tracker.shape == (N, o.size(o.tracker_layout(J, HISTORY)))
    generator = o.generator_observation(sense, command)
    assert generator.shape == (N, o.size(o.generator_layout(J)))
    assert {a.dtype for a in (frame, tracker, generator)} == {np.dtype("f4")}


def test_blocks_hold_what_their_names_say(sense):
    default, action = g1().array("default_pos"), np.full((N, J), 0.5)
    frame = o.proprioception(sense, default, action)
    parts = blocks(o.proprioception_layout(J), frame)
    np.testing.assert_allclose(parts["imu_gyro_b"], sense.imu_gyro_b, atol=1e-6)
    np.testing.assert_allclose(parts["joint_pos"], sense.joint_pos - default, atol=1e-6)
    np.testing.assert_allclose(parts["joint_vel"], sense.joint_vel, atol=1e-6)
    np.testing.assert_array_equal(parts["last_action"], action)
    up = rotations.to_matrix(sense.imu_quat_w)[:, 2]
    np.testing.assert_allclose(parts["gravity_b"], -up, atol=1e-6)


def test_the_tracker_sees_command_history_and_object(sense):
    rng = np.random.default_rng(1)
    command = rng.normal(size=(N, o.size(o.command_layout(J)))).astype("f4")
    width = o.size(o.proprioception_layout(J))
    history = rng.normal(size=(N, HISTORY, width)).astype("f4")
    seen = o.tracker_observation(command, history, sense)
    parts = blocks(o.tracker_layout(J, HISTORY), seen)
    np.testing.assert_array_equal(parts["command"], command)
    np.testing.assert_array_equal(parts["history"][:, -width:], history[:, -1])
    axes = rotations.to_matrix(sense.object_quat_b)[:, :, :2]
    two = parts["object_rot6d_b"].reshape(N, 2, 3).transpose(0, 2, 1)
    np.testing.assert_allclose(two, axes, atol=1e-6)


def test_no_observation_depends_on_the_robots_heading():
    command = np.zeros((N, J + 8))
    seen = []
    for yaw in (0.0, 2.0):
        sense = make_sense(yaw=yaw)
        frame = o.proprioception(sense, np.zeros(J), np.zeros((N, J)))
        tracker = o.tracker_observation(command, frame[:, None], sense)
        seen.append(np.hstack([tracker, o.generator_observation(sense, command)]))
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-6)


def test_the_newest_frame_of_the_history_is_last():
    history = np.zeros((N, 3, 2))
    for k in range(1, 6):
        o.push_history(history, np.full((N, 2), k))
    np.testing.assert_array_equal(history[0, :, 0], [3, 4, 5])


def test_gravity_points_down_in_an_upright_body():
    upright = np.array([[1.0, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(o.gravity_in_body(upright), [[0.0, 0.0, -1.0]])
    forward = rotations.exp(np.array([[0.0, np.pi / 2, 0.0]]))
    np.testing.assert_allclose(o.gravity_in_body(forward), [[1.0, 0, 0]], atol=1e-12)
