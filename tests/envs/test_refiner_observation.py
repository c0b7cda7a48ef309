import dataclasses

import mujoco
import numpy as np
import pytest

from assets import rotations
from envs import refiner_observation
from envs.observations import size
from envs.quantities import measure
from envs.reference import build_reference

SHIFT = np.array([4.0, -3.0, 0.0])
YAW = 2.2


def turned(prior):
    """The whole prior, robot and object, somewhere else in the world."""
    q = rotations.from_yaw(YAW)
    return dataclasses.replace(
        prior,
        root_pos_w=rotations.rotate(q, prior.root_pos_w) + SHIFT,
        root_quat_w=rotations.multiply(q, prior.root_quat_w),
        object_pos_w=rotations.rotate(q, prior.object_pos_w) + SHIFT,
        object_quat_w=rotations.multiply(q, prior.object_quat_w),
    )


def observed(scene, reference, qpos, qvel, time):
    data = mujoco.MjData(scene.model)
    sensors = []
    for q, v in zip(qpos, qvel, strict=True):
        data.qpos, data.qvel = q, v
        mujoco.mj_forward(scene.model, data)
        sensors.append(data.sensordata.copy())
    now = measure(scene, qpos, qvel, np.array(sensors))
    clip = np.zeros(len(time), int)
    action = np.zeros((len(time), scene.num_joints), np.float32)
    return refiner_observation.observe(scene, reference, now, clip, time, action)


@pytest.fixture(scope="module")
def alone(scene, lift_prior):
    return build_reference(scene, [lift_prior])


def wandered(qpos):
    """States near the reference, not on it."""
    qpos = qpos.copy()
    qpos[:, 7:36] += 0.1 * np.random.default_rng(0).normal(size=(len(qpos), 29))
    qpos[:, 36:39] += [0.03, -0.02, 0.05]
    return qpos


def named(scene, values):
    layout = refiner_observation.layout(scene)
    ends = np.cumsum([length for _, length in layout])
    parts = np.split(values, ends[:-1], axis=1)
    return dict(zip([name for name, _ in layout], parts, strict=True))


def test_the_layout_is_as_wide_as_the_observation(scene, alone):
    time = np.array([0, 50, alone.length[0] - 1])
    seen = observed(scene, alone, alone.qpos[time], alone.qvel[time], time)
    assert seen.shape == (3, size(refiner_observation.layout(scene)))
    assert seen.dtype == np.float32


def test_where_in_the_world_everything_lies_does_not_matter(scene, alone, lift_prior):
    time = np.arange(0, 190, 17)
    elsewhere = build_reference(scene, [turned(lift_prior)])
    here = wandered(alone.qpos[time])
    q = rotations.from_yaw(YAW)
    there = here.copy()
    for at in (0, 36):
        there[:, at : at + 3] = rotations.rotate(q, here[:, at : at + 3]) + SHIFT
        there[:, at + 3 : at + 7] = rotations.multiply(q, here[:, at + 3 : at + 7])
    first = observed(scene, alone, here, alone.qvel[time], time)
    second = observed(scene, elsewhere, there, elsewhere.qvel[time], time)
    np.testing.assert_allclose(second, first, atol=2e-4)


def test_on_the_reference_the_errors_are_nothing(scene, alone):
    time = np.arange(0, 190, 17)
    parts = named(
        scene, observed(scene, alone, alone.qpos[time], alone.qvel[time], time)
    )
    unturned = np.tile([1, 0, 0, 0, 1, 0], (len(time), 1))
    for name in ("anchor_pos_error", "body_pos_error"):
        np.testing.assert_allclose(parts[name], 0.0, atol=1e-5, err_msg=name)
    for name in ("anchor_rot_error", "object_rot_error"):
        np.testing.assert_allclose(parts[name], unturned, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(
        parts["phase"][:, 0], time / (alone.length[0] - 1), rtol=1e-6
    )


def test_looking_ahead_stops_at_the_clips_end(scene, alone):
    time = alone.length - 1
    parts = named(
        scene, observed(scene, alone, alone.qpos[time], alone.qvel[time], time)
    )
    np.testing.assert_allclose(parts["joint_pos_ahead"], 0.0, atol=1e-6)
    np.testing.assert_allclose(parts["object_pos_ahead"], 0.0, atol=1e-5)


def test_what_the_prior_does_next_is_in_the_robots_frame(scene, alone):
    time = np.array([120])
    parts = named(
        scene, observed(scene, alone, alone.qpos[time], alone.qvel[time], time)
    )
    frames = alone.frames
    for k, ahead in enumerate(refiner_observation.AHEAD):
        joints = parts["joint_pos_ahead"][0, 29 * k : 29 * k + 29]
        expected = frames.joint_pos[120 + ahead] - frames.joint_pos[120]
        np.testing.assert_allclose(joints, expected, atol=1e-6)
        moved = parts["object_pos_ahead"][0, 3 * k : 3 * k + 3]
        anchor = scene.robot.tracked_bodies.index("torso_link")
        delta = frames.object_pos[120 + ahead] - frames.object_pos[120]
        in_anchor = rotations.rotate_inverse(frames.body_quat[120, anchor], delta)
        np.testing.assert_allclose(moved, in_anchor, atol=1e-5)
