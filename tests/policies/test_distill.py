import dataclasses
import itertools
import json

import numpy as np
import pytest
import torch

from assets.g1.other_shapes import FILE
from envs.batch_env import BatchEnv
from envs.terminations import Termination
from policies.beginning import make_contract
from policies.bodies import robot_of, task_on
from policies.bundle import Bundle
from policies.contract import Contract
from policies.distill import DistillSettings, Student, teacher_share
from policies.lessons import followed, pool_of_clips
from policies.network import NormalizedMlp
from policies.refiner import load_network, zero_agent
from policies.rollouts import roll_hierarchy
from policies.run_dir import RunDir, load_priors, save_arrays
from policies.sensing import Sensing
from policies.stages import distill_run, evaluate_path, export_run


def test_distilling_keeps_the_run_and_adds_networks_and_contract(distilled, trained):
    contract = Contract.load(distilled.path / "contract.json")
    widths = {k: sum(n for _, n in v) for k, v in contract.layouts().items()}
    tracker, generator = (
        load_network(p) for p in (distilled.tracker, distilled.generator)
    )
    assert tracker.shape == (29,)
    assert len(tracker.normalizer.mean) == widths["tracker"]
    assert generator.shape == (8, widths["command"])
    assert tracker.normalizer.count == 2 * 8 * 12
    assert distilled.read_config() == trained[0].read_config()
    assert len(load_priors(distilled.path / "priors")) == 1
    metrics = json.loads(distilled.metrics.read_text())
    assert {"training", "distillation"} <= set(metrics)
    assert np.isfinite(metrics["distillation"]["tracker_loss"])


def test_an_exported_run_is_a_bundle_with_its_figures(exported, distilled):
    bundle = Bundle.load(exported)
    assert bundle.contract.task == "lift-box"
    known = json.loads(distilled.metrics.read_text())
    assert set(bundle.metrics) == set(known)
    assert bundle.metrics["distillation"] == known["distillation"]
    command = bundle.metrics["training"]["continue"]
    assert "--resume --steps 256 --num-envs 8" in command
    x = np.random.default_rng(0).normal(size=(3, 46)).astype(np.float32)
    with torch.inference_mode():
        expected = load_network(distilled.generator)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(bundle.generator(x), expected, atol=1e-5)


def test_a_bundle_is_evaluated_without_a_reference(exported, priors_folder):
    figures = evaluate_path(exported, priors_folder, 4, seed=1)["bundle"]
    assert figures["success"]["trials"] == 4
    failed = 4 - figures["success"]["successes"]
    assert sum(figures["failures"].values()) == failed
    assert "commit" in figures


def test_a_bundle_is_evaluated_in_another_model_of_the_robot(
    exported, tmp_path, short_prior
):
    """The file brings its own timestep; one that does not fit is refused."""
    short_prior.save(tmp_path / "short.prior.npz")
    assert task_on("lift-box", robot_of(FILE)).substeps == 8
    found = evaluate_path(exported, tmp_path, 2, seed=0, robot_xml=FILE)
    assert found["bundle_test_in_other_shapes"]["success"]["trials"] == 2
    odd = tmp_path / "odd.xml"
    odd.write_text(FILE.read_text().replace('timestep="0.0025"', 'timestep="0.003"'))
    with pytest.raises(ValueError, match=r"timestep of 0\.003 s does not divide"):
        evaluate_path(exported, tmp_path, 2, seed=0, robot_xml=odd)
    with pytest.raises(ValueError, match="no such robot model"):
        evaluate_path(exported, tmp_path, 2, seed=0, robot_xml=tmp_path / "none.xml")


def test_only_clips_that_the_refiner_follows_are_taught(
    task, robot, lift_prior, short_prior
):
    seen = BatchEnv(task, robot, [short_prior], 1).reset()
    agent, clips = zero_agent(seen.shape[1], robot.num_joints), [lift_prior]
    assert followed(task, robot, clips, agent, 0, seed=0, options={}) == [0]
    strict = dataclasses.replace(task, terminations=(Termination("no", never, 0.5),))
    with pytest.raises(ValueError, match="follows none of its 1 clips to the end"):
        followed(strict, robot, clips, agent, 2, seed=0, options={})
    free = dataclasses.replace(task, terminations=())
    clips = [lift_prior, short_prior]
    assert followed(free, robot, clips, agent, 1, seed=0, options={}) == [0, 1]


def never(step):
    return np.ones(len(step.action))


def test_a_checkpoints_pool_is_cut_down_to_the_clips_that_are_taught(tmp_path):
    lengths, rows = [3, 4, 2], np.arange(9)
    pool = {"qpos": rows[:, None], "qvel": rows[:, None], "last_action": rows[:, None]}
    arrays = {f"pool_{k}": v for k, v in {**pool, "flagged": rows > 3}.items()}
    save_arrays(tmp_path / "progress.npz", {**arrays, "pool_counters": np.zeros(2)})
    kept = pool_of_clips(tmp_path / "progress.npz", lengths, [0, 2])
    np.testing.assert_array_equal(kept["qpos"][:, 0], [0, 1, 2, 7, 8])
    np.testing.assert_array_equal(kept["flagged"], [False] * 3 + [True] * 2)
    with pytest.raises(ValueError, match="states of 9 frames, the run's clips have 8"):
        pool_of_clips(tmp_path / "progress.npz", [3, 5], [0])


def test_a_bundles_starts_must_be_named(exported):
    with pytest.raises(ValueError, match="a bundle carries no priors; name the starts"):
        evaluate_path(exported, None, 4, seed=1)


def test_rollouts_are_free_of_terminations(exported, task, robot, short_prior):
    make = Bundle.load(exported).hierarchy
    rolls = [
        roll_hierarchy(task, robot, [short_prior], make, episodes=2, seed=s)
        for s in (0, 0, 1)
    ]
    steps = 40 + round((task.hold + 1.5) * 50) - 1
    assert [len(roll) for roll in rolls] == [2, 2, 2]
    first, again, other = (roll[1].trace for roll in rolls)
    assert first.root_pos_w.shape == (steps, 3)
    np.testing.assert_array_equal(first.root_pos_w, again.root_pos_w)
    assert not np.array_equal(first.root_pos_w, other.root_pos_w)
    assert first.goal_pos_w is None


def test_a_run_without_tracker_is_not_exported(trained, tmp_path):
    with pytest.raises(ValueError, match="holds no tracker; run `distill` on it first"):
        export_run(trained[0].path, tmp_path / "bundle")


def test_what_is_no_run_is_not_distilled(tmp_path):
    with pytest.raises(ValueError, match=r"not a run \(no config\.json\)"):
        distill_run(tmp_path, tmp_path / "out", None)  # pyright: ignore


@pytest.fixture
def student(task, robot, lift_prior):
    env = BatchEnv(task, robot, [lift_prior], 6, threads=1)
    contract = make_contract(env, [lift_prior])
    widths = {k: sum(n for _, n in v) for k, v in contract.layouts().items()}
    tracker = NormalizedMlp(widths["tracker"], (8,), (29,))
    generator = NormalizedMlp(widths["generator"], (8,), (8, 37))
    return Student(contract, tracker, generator, Sensing(env, [lift_prior]))


def test_a_dependent_student_follows_the_prior_from_anywhere(student):
    """Its interpolated commands are the prior's, as far as 10 Hz can tell."""
    env = student.env
    env.reset()
    student.restart(np.arange(6))
    for tick in range(1, 21):
        student.step(student.sense())
        expected = student.table[env.reference.rows(env.clip, env.time, tick)]
        seen = student.command
        np.testing.assert_allclose(seen[:, :29], expected[:, :29], atol=0.1)
        if tick % 5 == 0:
            np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_an_independent_student_follows_its_generator(student):
    student.env.reset()
    student.restart(np.arange(6))
    student.independent[:3] = True
    before = student.command.copy()
    student.step(student.sense())
    obs, plans = student.pairs[0]
    with torch.inference_mode():
        own = student.generator(obs)
    np.testing.assert_array_equal(student.knots[:3, 1:], own[:3, :4])
    np.testing.assert_array_equal(student.knots[3:, 1:], plans[3:, :4])
    np.testing.assert_array_equal(student.knots[:, 0], before)


def test_run_directories_tell_where_things_lie(tmp_path):
    run = RunDir(tmp_path)
    run.add_metrics("a", {"x": 1})
    run.add_metrics("b", {"y": 2})
    run.add_metrics("a", {"x": 3})
    assert json.loads(run.metrics.read_text()) == {"a": {"x": 3}, "b": {"y": 2}}


def test_the_refiner_drives_less_and_less():
    settings = DistillSettings(rounds=10, teacher_until=0.4)
    shares = [teacher_share(index, settings) for index in range(10)]
    assert shares[0] == 1.0
    assert shares[4:] == [0.0] * 6
    assert all(a >= b for a, b in itertools.pairwise(shares))
    never = DistillSettings(rounds=10, teacher_until=0.0)
    assert teacher_share(0, never) == 0.0
