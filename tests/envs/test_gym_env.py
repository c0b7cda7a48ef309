import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

import envs
from envs.gym_env import TaskEnv
from envs.tasks import TASKS

NAME = "sugarmill/LiftBox-v0"
SHIPPED = [task.name for task in TASKS.values() if task.name != "lift-box"]


@pytest.fixture
def env(priors_folder):
    task_env = TaskEnv("lift-box", priors_folder)
    yield task_env
    task_env.close()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_gymnasiums_own_checks_pass(env):
    check_env(env, skip_render_check=True)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_stable_baselines_checks_pass(env):
    sb3_check_env(env)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("task", SHIPPED)
def test_every_task_passes_both_checks_with_the_priors_that_ship(task):
    made = TaskEnv(task)
    check_env(made, skip_render_check=True)
    sb3_check_env(made)
    made.close()


def test_a_registered_task_can_be_made_by_name(priors_folder):
    envs.register()
    envs.register()
    made = gymnasium.make(NAME, priors=priors_folder)
    obs, _ = made.reset(seed=0)
    assert made.observation_space.contains(obs)
    obs, reward, terminated, truncated, _ = made.step(np.zeros(29, np.float32))
    assert made.observation_space.contains(obs)
    assert np.isfinite(float(reward))
    assert not terminated
    assert not truncated
    made.close()


def test_a_folder_without_priors_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no priors; make some with"):
        TaskEnv("lift-box", tmp_path)


def test_the_last_observation_is_of_the_episode_that_ended(env):
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    terminated = truncated = False
    obs, info = np.zeros(1), {}
    while not (terminated or truncated):
        action = 4.0 * rng.choice([-1.0, 1.0], size=29)
        obs, _, terminated, truncated, info = env.step(action)
    assert terminated
    assert not truncated
    assert info["episode"]["cause"] in {row.name for row in env.env.task.terminations}
    assert obs[-1] > 0.0


def test_the_seed_decides_the_start(env):
    first = env.reset(seed=7)[0]
    assert not np.array_equal(env.reset()[0], first)
    np.testing.assert_array_equal(env.reset(seed=7)[0], first)


def test_vector_environments_are_made_by_name(priors_folder):
    env = envs.make_vec("lift-box", 2, 1, priors=priors_folder)
    assert env.num_envs == 2
    assert env.batch.bind("qpos").shape == (2, env.scene.model.nq)
    with pytest.raises(ValueError, match="unknown task 'fly'; there are: lift-box"):
        envs.make_vec("fly", 2, 1, priors=priors_folder)


def test_rendering_shows_a_robot_in_the_scene(priors_folder):
    env = TaskEnv("lift-box", priors_folder, render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    env.close()
    assert picture is not None
    assert picture.shape == (360, 480, 3)
    assert picture.std() > 10
    quiet = TaskEnv("lift-box", priors_folder)
    assert quiet.render() is None
