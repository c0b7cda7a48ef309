import dataclasses
import warnings

import gymnasium
import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecEnv

from assets.g1.spec import g1
from envs.batch_env import ACTION_LIMIT, BatchEnv
from envs.observations import Sense
from envs.prior_control import PriorControl
from envs.state_pool import PoolSettings

SIMS = 6
FROM_START = PoolSettings(start_share=1.0, seed_reference=False)


@pytest.fixture
def make(task, short_prior, lift_prior):
    def build(num_envs=SIMS, *, seed=0, pool=None, clips=(short_prior,), **changes):
        short = dataclasses.replace(task, **{"hold": 0.0, **changes})
        return BatchEnv(short, g1(), clips, num_envs, threads=1, seed=seed, pool=pool)

    return build


def zeros(env):
    return np.zeros((env.num_envs, 29), np.float32)


def test_it_is_a_vector_environment(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = make()
    assert isinstance(env, VecEnv)
    obs = env.reset()
    assert all(env.observation_space.contains(row) for row in obs)
    obs, reward, done, infos = env.step(zeros(env))
    assert obs.shape == (SIMS, *(env.observation_space.shape or ()))
    assert obs.dtype == reward.dtype == np.float32
    assert reward.shape == done.shape == (SIMS,)
    assert done.dtype == bool
    assert len(infos) == SIMS
    assert env.get_attr("num_envs", [0, 3]) == [SIMS, SIMS]
    assert env.env_is_wrapped(gymnasium.Wrapper) == [False] * SIMS
    env.set_attr("label", "x")
    assert env.get_attr("label") == ["x"] * SIMS
    env.close()


def rollout(env, steps=30, seed=1):
    rng = np.random.default_rng(seed)
    seen = [env.reset()]
    for _ in range(steps):
        obs, reward, *_ = env.step(rng.normal(size=(env.num_envs, 29)))
        seen += [obs, reward]
    return np.concatenate([np.ravel(s) for s in seen])


def test_a_seed_decides_everything(make):
    first = rollout(make(seed=3))
    np.testing.assert_array_equal(rollout(make(seed=3)), first)
    later = make(seed=0)
    later.seed(3)
    np.testing.assert_array_equal(rollout(later), first)
    assert not np.array_equal(rollout(make(seed=4)), first)


def test_threads_do_not_change_the_results(task, short_prior):
    runs = [rollout(BatchEnv(task, g1(), [short_prior], 4, threads=t)) for t in (1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])


def test_a_used_reference_serves_another_environment_as_its_own_would(
    task, short_prior
):
    first = BatchEnv(task, g1(), [short_prior], 4)
    expected = rollout(first)
    again = BatchEnv(task, g1(), [short_prior], 4, reference=first.reference)
    assert again.reference is first.reference
    np.testing.assert_array_equal(rollout(again), expected)


def test_an_episode_that_reaches_the_clips_end_is_truncated(make):
    env = make(pool=FROM_START)
    env.reset()
    for _ in range(38):
        _, _, done, infos = env.step(zeros(env))
        assert not done.any()
        assert infos == [{}] * SIMS
    _, _, done, infos = env.step(zeros(env))
    assert done.all()
    for info in infos:
        assert info["TimeLimit.truncated"]
        episode = info["episode"]
        assert (episode["cause"], episode["l"]) == ("complete", 39)
        assert episode["from_start"]
        assert episode["reached"] == 1.0
        assert 0.0 <= episode["object_error"] < 0.1
        assert env.observation_space.contains(info["terminal_observation"])
    np.testing.assert_array_equal(env.time, 0)


def test_a_fall_is_no_time_limit_and_names_its_cause(make):
    env = make(pool=FROM_START)
    names = {row.name for row in env.task.terminations}
    env.reset()
    rng = np.random.default_rng(0)
    ended = []
    for _ in range(38):
        actions = ACTION_LIMIT * rng.choice([-1.0, 1.0], size=(SIMS, 29))
        obs, _, done, infos = env.step(actions)
        for i in np.flatnonzero(done):
            ended.append(infos[i])
            assert env.time[i] == 0
            assert not np.array_equal(infos[i]["terminal_observation"], obs[i])
    assert ended
    for info in ended:
        assert not info["TimeLimit.truncated"]
        assert info["episode"]["cause"] in names
        assert info["episode"]["reached"] < 1.0


def test_only_finished_simulations_start_anew(make):
    env = make(pool=FROM_START)
    env.reset()
    for _ in range(5):
        env.step(zeros(env))
    qpos = env.batch.bind("qpos")
    qpos[2, 36:39] += 1.0
    _, _, done, infos = env.step(zeros(env))
    np.testing.assert_array_equal(np.flatnonzero(done), [2])
    assert infos[2]["episode"]["cause"] == "object_position"
    assert infos[2]["episode"]["l"] == 6
    np.testing.assert_array_equal(env.time, [6, 6, 0, 6, 6, 6])
    assert not env.last_action[2].any()


def test_rewards_add_up_to_the_episodes_return(make):
    env = make(pool=FROM_START)
    env.reset()
    total, infos = np.zeros(SIMS), []
    for _ in range(39):
        _, reward, _, infos = env.step(zeros(env))
        total += reward
    np.testing.assert_allclose([info["episode"]["r"] for info in infos], total)


def test_targets_imply_the_action_that_asked_for_them(make):
    by_action, by_target = make(seed=2), make(seed=2)
    by_action.reset()
    by_target.reset()
    rng = np.random.default_rng(0)
    for _ in range(10):
        action = rng.normal(size=(SIMS, 29)).astype(np.float32)
        expected = by_action.step(action)
        seen = by_target.advance(by_target.targets(action))
        going = ~seen[2]
        np.testing.assert_array_equal(by_action.last_action[going], action[going])
        implied = by_target.last_action[going]
        np.testing.assert_allclose(implied, action[going], atol=1e-5)
        np.testing.assert_array_equal(by_target.batch.qpos, by_action.batch.qpos)
        for a, b in zip(expected[:3], seen[:3], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)


def test_zero_action_asks_for_the_priors_next_joints_and_the_offset(make):
    env = make()
    env.control = PriorControl(env.reference)
    env.reset()
    frames, rows = env.reference.frames, env.row + 1
    np.testing.assert_allclose(
        env.targets(zeros(env)), frames.joint_pos[rows] + frames.offset[rows]
    )
    scale = g1().array("action_scale")
    step = env.targets(zeros(env) + 1.0) - env.targets(zeros(env))
    np.testing.assert_allclose(step, np.tile(scale, (SIMS, 1)), atol=1e-6)


def test_actions_beyond_the_limit_are_clipped(make):
    env = make()
    env.reset()
    env.step(np.full((SIMS, 29), 1e6))
    np.testing.assert_allclose(env._actions, ACTION_LIMIT, atol=1e-4)


def test_actions_that_are_not_numbers_do_no_harm(make):
    env, twin = make(seed=5), make(seed=5)
    env.reset()
    twin.reset()
    actions = zeros(env)
    actions[1, 4] = np.nan
    obs, reward, *_ = env.step(actions)
    np.testing.assert_array_equal(obs, twin.step(zeros(env))[0])
    assert np.isfinite(reward).all()


@pytest.mark.parametrize("value", [np.nan, 1e7])
def test_a_state_that_exploded_ends_its_episode_alone(
    make, value, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # MuJoCo logs there
    env, twin = make(seed=5, pool=FROM_START), make(seed=5, pool=FROM_START)
    env.reset()
    twin.reset()
    env.batch.bind("qvel")[3, 10] = value
    obs, reward, done, _ = env.step(zeros(env))
    expected = twin.step(zeros(env))
    assert done[3]
    assert np.isfinite(obs).all()
    assert np.abs(reward).max() <= 10.0
    others = np.arange(SIMS) != 3
    np.testing.assert_array_equal(obs[others], expected[0][others])
    for _ in range(3):
        obs, reward, done, _ = env.step(zeros(env))
        assert np.isfinite(obs).all()
        assert np.isfinite(reward).all()
    means = env.rewards.drain_means()
    assert np.isfinite(list(means.values())).all()


def test_reset_noise_stays_within_its_bounds(make):
    env = make(64, pool=FROM_START)
    env.reset()
    first = env.reference.qpos[0]
    qpos = np.array(env.batch.qpos)
    noise = env.task.reset_noise
    assert np.abs(qpos[:, :2] - first[:2]).max() <= noise.root_xy
    assert (qpos[:, 2] >= first[2]).all()
    assert np.abs(qpos[:, 7:36] - first[7:36]).max() <= noise.joint + 1e-6
    assert np.abs(qpos[:, 36:38] - first[36:38]).max() <= noise.object_xy
    np.testing.assert_array_equal(qpos[:, 38], first[38])
    assert np.std(qpos, axis=0)[:2].min() > 0.3 * noise.root_xy
    np.testing.assert_allclose(np.linalg.norm(qpos[:, 3:7], axis=1), 1.0)


def test_states_from_the_pool_are_taken_as_they_are(make):
    env = make(16, pool=PoolSettings(start_share=0.0))
    env.reset()
    inside = np.flatnonzero(env.time > 0)
    assert len(inside) > 8
    qpos = np.array(env.batch.qpos)
    np.testing.assert_array_equal(qpos[inside], env.reference.qpos[env.row[inside]])


def test_clips_of_different_length_end_each_at_its_own_end(make, lift_prior):
    from tests.envs.priors import cut

    clips = (cut(lift_prior, 0, 20, "a"), cut(lift_prior, 0, 30, "b"))
    env = make(4, pool=FROM_START, clips=clips)
    env.reset()
    ends = {}
    for step in range(1, 30):
        _, _, done, infos = env.step(zeros(env))
        for i in np.flatnonzero(done):
            ends.setdefault(infos[i]["episode"]["clip"], step)
    assert ends == {0: 19, 1: 29}


def test_what_a_robot_senses_is_in_its_own_frames(make):
    env = make()
    env.reset()
    sense = env.sense()
    assert sense.goal_pos_b is None and sense.goal_quat_b is None
    measured = [f.name for f in dataclasses.fields(Sense) if "goal" not in f.name]
    shapes = {name: getattr(sense, name).shape for name in measured}
    assert shapes == {
        "joint_pos": (SIMS, 29),
        "joint_vel": (SIMS, 29),
        "imu_quat_w": (SIMS, 4),
        "imu_gyro_b": (SIMS, 3),
        "object_pos_b": (SIMS, 3),
        "object_quat_b": (SIMS, 4),
    }
    torso = env.scene.robot.tracked_bodies.index("torso_link")
    distance = np.linalg.norm(env.now.object_pos - env.now.body_pos[:, torso], axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(sense.object_pos_b, axis=1), distance, rtol=1e-5
    )
    assert (sense.object_pos_b[:, 0] > 0.1).all()
