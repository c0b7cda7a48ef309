import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from envs.state_pool import PoolSettings
from perception.claim import claimed
from policies import train as training
from policies.refiner import Agent, actor_of, load_network
from policies.run_dir import RunDir, load_arrays, load_priors, save_arrays
from policies.settings import TrainSettings
from policies.stages import evaluate_path, task_priors, train_run
from policies.train import train


def rows_of(run):
    return [json.loads(line) for line in run.curve.read_text().splitlines()]


def test_a_run_holds_all_that_later_stages_need(trained, tiny):
    run, rows = trained
    assert [row["steps"] for row in rows] == [64, 128]
    assert rows_of(run) == rows
    config = run.read_config()
    assert config["task"] == "lift-box"
    assert config["settings"]["num_envs"] == tiny.num_envs
    assert set(config["priors"]) == {"lift"}
    assert {"commit", "machine", "mujoco"} <= set(config["provenance"])
    assert json.loads(run.metrics.read_text())["training"]["steps"] == 128
    assert [p.name for p in load_priors(run.path / "priors")] == ["lift"]
    assert not list(run.path.glob(".*partial*"))


def test_a_curve_has_a_figure_for_every_reward_term(trained, task):
    for row in trained[1]:
        assert list(row["terms"]) == [term.name for term in task.rewards]
        assert np.isfinite(list(row["terms"].values())).all()
        assert 0.0 <= row["completion"] <= 1.0
        assert row["std"] == pytest.approx(np.exp(-1.0), rel=0.1)


def test_the_refiners_file_is_the_average_behind_the_checkpoints_normaliser(trained):
    run, _ = trained
    model = PPO.load(run.checkpoint, device="cpu")
    refiner = load_network(run.refiner)
    obs = np.random.default_rng(0).normal(size=(5, len(refiner.normalizer.mean)))
    obs = obs.astype(np.float32)
    expected, _ = model.predict(obs, deterministic=True)
    actor = actor_of(model)
    np.testing.assert_allclose(Agent(actor)(obs), expected, atol=1e-5)
    kept = load_arrays(run.progress)
    for name, weight in refiner.layers.state_dict().items():
        np.testing.assert_array_equal(weight, kept[f"average_{name}"])
    averaged, newest = (net.state_dict()["layers.0.weight"] for net in (refiner, actor))
    assert not torch.equal(averaged, newest)
    assert refiner.normalizer.count == 64  # the last rollout counts in the next


def test_a_run_is_continued_where_it_stopped(tmp_path, priors_folder, tiny, more_steps):
    out = tmp_path / "run"
    train_run("lift-box", priors_folder, out, tiny)
    before = load_arrays(RunDir(out).progress)["pool_counters"][1]
    rows = train_run("lift-box", priors_folder, out, more_steps, resume=True)
    assert [row["steps"] for row in rows] == [192]
    assert [row["steps"] for row in rows_of(RunDir(out))] == [64, 128, 192]
    assert load_arrays(RunDir(out).progress)["pool_counters"][1] == before + 8
    assert PPO.load(RunDir(out).checkpoint).num_timesteps == 192
    assert train_run("lift-box", priors_folder, out, more_steps, resume=True) == []


def test_a_resumed_run_keeps_the_settings_it_was_not_told_to_change(
    tmp_path, trained, priors_folder, tiny
):
    shutil.copytree(trained[0].path, tmp_path / "run")
    run = RunDir(tmp_path / "run")
    said = TrainSettings(steps=192, draw="failures")
    train_run("lift-box", priors_folder, run.path, said, resume=True)
    kept = run.read_config()["settings"]
    threads = {"threads": said.threads}  # the machine's, not the run's
    wanted = dataclasses.replace(tiny, steps=192, draw="failures", **threads)
    assert kept == json.loads(json.dumps(dataclasses.asdict(wanted)))


def test_a_checkpoint_of_an_earlier_version_goes_on(
    tmp_path, trained, priors_folder, more_steps
):
    shutil.copytree(trained[0].path, tmp_path / "run")
    run = RunDir(tmp_path / "run")
    new = ("moment_", "feed_", "pool_bins", "curve_learner")
    arrays = load_arrays(run.progress)
    old = {k: v for k, v in arrays.items() if not k.startswith(new)}
    assert len(old) < len(arrays) - 10
    save_arrays(run.progress, old)
    rows = train_run("lift-box", priors_folder, run.path, more_steps, resume=True)
    assert [row["steps"] for row in rows] == [192]


def test_a_run_is_not_overwritten(trained, priors_folder, tiny):
    with pytest.raises(ValueError, match="holds a run; continue it with --resume"):
        train_run("lift-box", priors_folder, trained[0].path, tiny)


def test_two_do_not_train_in_one_directory(trained, priors_folder, more_steps):
    run, rows = trained
    with (
        claimed(run.path),
        pytest.raises(ValueError, match="another process writes here"),
    ):
        train_run("lift-box", priors_folder, run.path, more_steps, resume=True)
    assert len(run.read_curve()) == len(rows)


def test_nothing_is_not_continued(tmp_path, priors_folder, tiny):
    with pytest.raises(ValueError, match="nothing to resume"):
        train_run("lift-box", priors_folder, tmp_path / "none", tiny, resume=True)
    assert not (tmp_path / "none").exists()


def test_a_run_is_not_continued_on_other_priors(
    trained, task, robot, lift_prior, more_steps
):
    moved = dataclasses.replace(lift_prior, object_pos_w=lift_prior.object_pos_w + 1e-3)
    with pytest.raises(ValueError, match="trained on other priors; resume with the sa"):
        train(task, robot, [moved], trained[0].path, more_steps, resume=True)


def test_the_same_seed_gives_the_same_refiner(
    tmp_path, trained, task, robot, lift_prior, tiny
):
    train(task, robot, [lift_prior], tmp_path / "again", tiny, show=False)
    first = load_arrays(trained[0].refiner)
    again = load_arrays(RunDir(tmp_path / "again").refiner)
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_training_stops_when_time_is_up(tmp_path, task, robot, lift_prior, tiny):
    brief = dataclasses.replace(tiny, steps=10_000, seconds=1e-9)
    rows = train(task, robot, [lift_prior], tmp_path / "run", brief, show=False)
    assert rows == []
    assert RunDir(tmp_path / "run").checkpoint.is_file()


def test_a_pool_that_fills_as_the_policy_gets_on(
    tmp_path, task, robot, lift_prior, tiny
):
    pool = PoolSettings(1.0, seed_reference=False, first_write=8, period=4, delay=4)
    train(task, robot, [lift_prior], tmp_path / "run", tiny, pool=pool, show=False)
    flagged = load_arrays(RunDir(tmp_path / "run").progress)["pool_flagged"]
    assert flagged[0]
    assert 1 < flagged.sum() < 30
    assert not flagged[40:].any()


def test_evaluation_counts_every_episode(trained):
    figures = evaluate_path(trained[0].path, None, 4, seed=3)["refiner"]
    assert figures["completion"]["trials"] == 4
    assert sum(figures["causes"].values()) == 4
    assert 0.0 < figures["reached_mean"] <= 1.0
    assert figures["seed"] == 3
    metrics = json.loads(trained[0].metrics.read_text())
    assert metrics["refiner"] == figures
    again = evaluate_path(trained[0].path, None, 4, seed=3)["refiner"]
    assert again == figures


def test_priors_of_another_task_are_not_taken(tmp_path, lift_prior):
    other = dataclasses.replace(lift_prior, task="carry-box")
    other.save(tmp_path / "lift.prior.npz")
    with pytest.raises(ValueError, match="no prior of task 'lift-box', only of carry"):
        task_priors(tmp_path, "lift-box")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/b", ""])
def test_a_prior_cannot_name_a_file_elsewhere(tmp_path, lift_prior, name):
    dataclasses.replace(lift_prior, name=name).save(tmp_path / "lift.prior.npz")
    with pytest.raises(ValueError, match="is no file name"):
        task_priors(tmp_path, "lift-box")


def test_two_priors_of_one_name_are_refused(tmp_path, lift_prior):
    for file in ("a", "b"):
        lift_prior.save(tmp_path / f"{file}.prior.npz")
    with pytest.raises(ValueError, match="'lift' is the name of two priors"):
        task_priors(tmp_path, "lift-box")


@pytest.mark.parametrize(
    "changes",
    [
        {"starts": "pool", "draw": "failures"},
        {"randomize": True, "starts": "first", "assist": True},
    ],
    ids=["pool", "worlds"],
)
def test_a_resumed_run_is_bit_for_bit_the_run_that_was_not_stopped(
    tmp_path, task, robot, lift_prior, tiny, changes
):
    """Its pool writes after step 8, its normaliser lags, its dice are in mid-air."""
    settings = dataclasses.replace(tiny, steps=384, **changes)
    pool = None
    if changes["starts"] == "pool":
        pool = PoolSettings(draw="failures", first_write=8, period=4, delay=4)
    through, stopped = RunDir(tmp_path / "through"), RunDir(tmp_path / "stopped")
    rest = {"pool": pool, "show": False}
    train(task, robot, [lift_prior], through.path, settings, **rest)
    stop_after(3, task, robot, [lift_prior], stopped.path, settings, rest)
    train(task, robot, [lift_prior], stopped.path, settings, resume=True, **rest)
    for row, other in zip(rows_of(stopped), rows_of(through), strict=True):
        for name in set(row) - {"seconds"}:
            assert row[name] == other[name], (row["steps"], name)
    expected = load_arrays(through.progress) | load_arrays(through.refiner)
    found = load_arrays(stopped.progress) | load_arrays(stopped.refiner)
    assert set(found) == set(expected)
    for name in set(found) - {"curve_seconds"}:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_resumed_run_may_write_the_pool_that_it_only_read(
    tmp_path, priors_folder, tiny, more_steps
):
    out = tmp_path / "run"
    train_run("lift-box", priors_folder, out, tiny)
    other = dataclasses.replace(more_steps, starts="pool")
    rows = train_run("lift-box", priors_folder, out, other, resume=True)
    assert rows[-1]["steps"] == more_steps.steps
    assert "moment_pool_past_row" in load_arrays(RunDir(out).progress)


def stop_after(iterations, task, robot, priors, out, settings, rest):
    """Train, and stop as a keyboard does at the begin of a rollout."""

    class Stop(BaseCallback):
        done = 0

        def _on_rollout_start(self):
            self.done += 1
            if self.done > iterations:
                raise KeyboardInterrupt

        def _on_step(self):
            return True

    ends = training._ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_ends", lambda *a: [*ends(*a), Stop()])
        with pytest.raises(KeyboardInterrupt):
            train(task, robot, priors, out, settings, **rest)


def test_no_steps_leave_control_to_the_prior(tmp_path, priors_folder, tiny):
    out = RunDir(tmp_path / "run")
    none = dataclasses.replace(tiny, steps=0)
    rows = train_run("lift-box", priors_folder, out.path, none)
    assert rows == []
    network = load_network(out.refiner)
    obs = np.random.default_rng(0).normal(size=(4, len(network.normalizer.mean)))
    np.testing.assert_array_equal(Agent(network)(obs.astype(np.float32)), 0.0)
    figures = evaluate_path(out.path, None, 2, 0)
    assert figures["refiner"]["completion"]["trials"] == 2
