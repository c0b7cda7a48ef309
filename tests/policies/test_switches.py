import dataclasses

import numpy as np
import pytest
import torch

from envs.assistance import Assistance, AssistanceSettings
from envs.batch_env import BatchEnv
from envs.penetration import reference_depth
from policies import train as training
from policies.callbacks import NormalizeObservations
from policies.curve import WINDOW, Curve
from policies.network import Normalizer
from policies.run_dir import RunDir, load_arrays
from policies.settings import TrainSettings, pool_of, switched
from policies.train import train


def test_the_defaults_start_in_the_priors_own_states():
    pool = pool_of(TrainSettings())
    assert pool.seed_reference
    assert not pool.write
    assert pool.draw == "uniform"
    assert pool.start_share == 0.25


def test_the_pools_times_are_the_papers_share_of_a_run():
    paper = TrainSettings(steps=4096 * 720_000, num_envs=4096, starts="progressive")
    pool = pool_of(paper)
    assert (pool.first_write, pool.period, pool.delay) == (24_000, 2_400, 48)
    assert pool.write
    assert not pool.seed_reference
    both = pool_of(dataclasses.replace(paper, starts="pool", draw="failures"))
    assert both.write
    assert both.seed_reference
    assert both.draw == "failures"
    short = pool_of(TrainSettings(steps=256 * 100, starts="progressive"))
    assert short.period >= 1
    first = pool_of(TrainSettings(starts="first"))
    assert (first.start_share, first.seed_reference, first.write) == (1.0, False, False)


def test_the_contact_term_is_a_switch(task):
    without = switched(task, TrainSettings(contact_term=False))
    names = [term.name for term in task.rewards]
    assert [t.name for t in without.rewards] == [n for n in names if n != "contact"]
    assert switched(task, TrainSettings()) is task


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts": "middle"}, "starts is 'middle', expected one of first, reference"),
        ({"max_depth": -0.1}, r"max_depth is -0\.1, expected 0 or more"),
        ({"max_depth": float("nan")}, "max_depth is nan"),
        ({"stop_at": 1.2}, "expected a share from 0 to 1"),
        ({"desired_kl": 0.1}, "expected 0 to target_kl, which is 0.03"),
        ({"stop_at": 0.9, "trials": 0}, "expected trials to tell when"),
    ],
)
def test_switches_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainSettings(**changes).validate()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_no_silent_cpu(
    tmp_path, task, robot, lift_prior, tiny
):
    cuda = dataclasses.replace(tiny, device="cuda")
    with pytest.raises(ValueError, match="finds no GPU here"):
        train(task, robot, [lift_prior], tmp_path / "run", cuda, show=False)
    assert not (tmp_path / "run").exists()


def test_a_rollouts_moments_go_where_the_policy_lives():
    """The rollout stays on the processor, the policy may not: "meta" stands in."""

    class Policy:
        features_extractor = torch.nn.Module()

    class Model:
        device = torch.device("meta")
        policy = Policy()

    Model.policy.features_extractor.normalizer = Normalizer(3).to("meta")
    feed = NormalizeObservations()
    feed.model = Model()  # pyright: ignore[reportAttributeAccessIssue]
    feed.locals = {"rollout_buffer": type("Buffer", (), {"observations": OBSERVED})}
    feed._on_rollout_end()
    feed._on_rollout_start()
    assert Model.policy.features_extractor.normalizer.mean.device.type == "meta"


OBSERVED = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)


def test_moments_are_those_of_all_that_was_seen():
    normalizer, data = Normalizer(3), torch.from_numpy(OBSERVED.reshape(-1, 3))
    for part in (data[:4], data[4:5], data[5:]):
        normalizer.update(part)
    torch.testing.assert_close(normalizer.mean, data.mean(dim=0))
    torch.testing.assert_close(normalizer.var, data.var(dim=0, unbiased=False))


def test_states_deep_in_the_object_begin_no_episode(task, robot, lift_prior, tiny):
    """A box that is drawn towards the robot swallows its hands while it is held."""
    pos = lift_prior.object_pos_w.copy()
    pos[60:] -= [0.08, 0.0, 0.0]
    deep = dataclasses.replace(lift_prior, object_pos_w=pos)
    pools = {}
    for limit in (0.0, 0.04):
        settings = dataclasses.replace(tiny, max_depth=limit)
        env = training._environment(task, robot, [deep], settings, pool_of(settings))
        pools[limit] = env.pool.flagged
    depth = reference_depth(env)
    assert (depth > 0.04).sum() > 20
    assert not pools[0.04][1:][depth[1:] > 0.04].any()
    assert pools[0.04][0]
    assert pools[0.0][:-1].all()


def test_help_fades_and_completion_counts_anew_without_it(task, robot, lift_prior):
    from policies.assist import Assist

    env = BatchEnv(task, robot, [lift_prior], 4, threads=1)
    env.reset()
    assistance = Assistance(env, AssistanceSettings(level=0.5, step=0.4))
    curve = Curve(env, RunDir(training.Path("unused")), 1000, show=False)
    assist = Assist(assistance, curve, 1000)

    class Model:
        logger = type("Logger", (), {"record": staticmethod(lambda *_: None)})
        num_timesteps = 0

    assist.model = Model()  # pyright: ignore[reportAttributeAccessIssue]
    assist._on_training_start()
    assert curve.helped
    for left in (1.0, 1.0, 0.6, 0.2, 0.0):
        assist._on_rollout_start()
        assist._on_step()
        assert assistance.strength == pytest.approx(left)
        if left < 1.0 or len(curve.complete) == WINDOW:
            continue
        curve.complete.extend([True] * (WINDOW - 1 if not curve.complete else 1))
    assert not curve.helped
    assert not curve.complete
    assert np.abs(env.batch.bind("xfrc_applied")).max() == 0.0
    again = Assist(Assistance(env, AssistanceSettings()), curve, 1000)
    again.restore({"strength": np.array(0.25)})
    assert again.assistance.strength == 0.25
    assert curve.helped


def test_every_switch_at_once_trains_and_resumes(
    tmp_path, task, robot, lift_prior, tiny
):
    settings = dataclasses.replace(
        tiny,
        starts="pool",
        draw="failures",
        contact_term=False,
        assist=True,
        feedforward=False,
    )
    run = RunDir(tmp_path / "run")
    train(task, robot, [lift_prior], run.path, settings, show=False)
    kept = load_arrays(run.progress)
    assert kept["assist_strength"] == 0.0  # half of the steps are over
    assert kept["pool_bins_seen"].sum() > 0
    more = dataclasses.replace(settings, steps=192)
    rows = train(task, robot, [lift_prior], run.path, more, resume=True, show=False)
    assert [row["steps"] for row in rows] == [192]
    assert load_arrays(run.progress)["pool_bins_seen"].sum() > 0


def test_a_run_is_not_continued_with_help_it_was_begun_without(
    trained, task, robot, lift_prior, more_steps
):
    helped = dataclasses.replace(more_steps, assist=True)
    with pytest.raises(ValueError, match="begun without help; resume it without"):
        train(task, robot, [lift_prior], trained[0].path, helped, resume=True)
