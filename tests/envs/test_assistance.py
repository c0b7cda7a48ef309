import dataclasses

import numpy as np
import pytest

from assets.g1.spec import g1
from envs.assistance import Assistance, AssistanceSettings
from envs.batch_env import BatchEnv
from envs.state_pool import PoolSettings

SIMS = 4
FROM_START = PoolSettings(start_share=1.0, seed_reference=False)


@pytest.fixture
def env(task, lift_prior):
    free = dataclasses.replace(task, terminations=())
    env = BatchEnv(free, g1(), [lift_prior], SIMS, threads=1, pool=FROM_START)
    env.reset()
    return env


def assistance(env, **changes):
    return Assistance(env, AssistanceSettings(**changes))


def push_by(env, pos, turn=0.0):
    """Put every object off its reference, the next frame at rest there."""
    frames, rows = env.reference.frames, env.reference.rows(env.clip, env.time, 1)
    env.now.object_pos[:] = frames.object_pos[rows] + np.asarray(pos)
    env.now.object_quat[:] = frames.object_quat[rows]
    env.now.object_lin_vel[:] = frames.object_lin_vel[rows]
    env.now.object_ang_vel[:] = frames.object_ang_vel[rows]


def test_an_object_on_its_reference_is_left_alone(env):
    push_by(env, (0.0, 0.0, 0.0))
    np.testing.assert_allclose(assistance(env).wrench(), 0.0, atol=1e-6)


def test_the_force_is_a_springs_toward_the_reference(env):
    push_by(env, (0.1, 0.0, -0.05))
    helper, mass = assistance(env), env.task.object.mass
    force = helper.wrench()[:, :3]
    np.testing.assert_allclose(
        force, np.tile(mass * 64.0 * np.array([-0.1, 0.0, 0.05]), (SIMS, 1)), rtol=1e-4
    )
    push_by(env, (10.0, 0.0, 0.0))
    np.testing.assert_allclose(helper.wrench()[:, 0], -15.0 * mass, rtol=1e-4)


def test_the_torque_is_what_the_objects_inertia_asks_for(env):
    push_by(env, (0.0, 0.0, 0.0))
    env.now.object_ang_vel[:, 2] += 1.0
    torque = assistance(env).wrench()[:, 3:]
    x, y, _ = env.task.object.size
    about_z = env.task.object.mass * (x**2 + y**2) / 12.0
    np.testing.assert_allclose(torque[:, 2], -16.0 * about_z, rtol=1e-3)


def test_a_led_object_follows_where_an_unled_one_stays_behind(env):
    """Hands far away: the spring alone lifts the box, as far as its weight allows."""
    errors = {}
    for strength in (1.0, 0.0):
        env.seed(0)
        env.reset()
        helper = assistance(env, most=50.0)
        helper.strength = strength
        for _ in range(int(env.reference.length[0]) - 30):
            env.batch.bind("qpos")[:, 0] = -3.0
            helper.apply()
            env.step(np.zeros((SIMS, 29)))
        ref = env.reference.frames.object_pos[env.row]
        errors[strength] = np.linalg.norm(env.now.object_pos - ref, axis=1).max()
    assert errors[1.0] < 0.2
    assert errors[0.0] > errors[1.0] + 0.1


def test_no_strength_is_no_wrench(env):
    helper = assistance(env)
    helper.apply()
    assert np.abs(env.batch.bind("xfrc_applied")).max() > 0.0
    helper.strength = 0.0
    helper.apply()
    np.testing.assert_array_equal(env.batch.bind("xfrc_applied"), 0.0)


def test_it_fades_by_what_was_learnt_and_never_returns(env):
    helper = assistance(env, level=0.5, step=0.1, until=0.5)
    helper.fade(0.4, 0.0)
    assert helper.strength == 1.0
    for _ in range(3):
        helper.fade(0.6, 0.0)
    assert helper.strength == pytest.approx(0.7)
    helper.fade(0.1, 0.0)
    assert helper.strength == pytest.approx(0.7)
    helper.fade(0.0, 0.25)
    assert helper.strength == pytest.approx(0.5)
    helper.fade(0.0, 0.1)
    assert helper.strength == pytest.approx(0.5)
    helper.fade(0.0, 0.5)
    assert helper.strength == 0.0
