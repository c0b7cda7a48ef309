"""From priors that walk, of several sizes and with goals, to a bundle that runs."""

import dataclasses
import json

import numpy as np
import pytest

from assets import rotations
from assets.g1.spec import g1
from assets.interactions import INTERACTIONS
from assets.objects import ObjectSpec
from envs.batch_env import BatchEnv
from envs.observations import Sense, generator_layout, generator_observation, size
from envs.success import carried, pushed
from envs.tasks import TASKS, task_by_name
from policies.beginning import make_contract
from policies.bundle import Bundle
from policies.contract import Contract, Goal
from policies.distill import Student
from policies.network import NormalizedMlp
from policies.play import PRIORS
from policies.run_dir import RunDir, load_priors
from policies.sensing import Sensing
from policies.stages import distill_run, evaluate_path, export_run, train_run
from tests.bundles import make_contract as lift_contract
from tests.envs.priors import cut
from tests.policies.conftest import TINY, TINY_DISTILLATION


@pytest.fixture(scope="module", params=["carry-box", "sit-chair"])
def priors(request):
    """Two shipped clips, whose objects differ in size: one's begin, the other's end."""
    first, second = load_priors(PRIORS / request.param.replace("-", "_"))
    return [cut(first, 0, 60, "early"), cut(second, -120, None, "late")]


@pytest.fixture(scope="module")
def bundle(priors, tmp_path_factory):
    """All of the line, with tiny networks: train, distil, export."""
    folder = tmp_path_factory.mktemp(priors[0].task)
    (folder / "priors").mkdir()
    for prior in priors:
        prior.save(folder / "priors" / f"{prior.name}.prior.npz")
    train_run(priors[0].task, folder / "priors", folder / "run", TINY)
    distill_run(folder / "run", folder / "run", TINY_DISTILLATION)
    return export_run(folder / "run", folder / "bundle", episodes=2)


def test_the_tasks_judged_by_a_goal_are_those_that_are_told_one():
    judged = {name for name, t in TASKS.items() if t.success in (carried, pushed)}
    assert judged == {name for name, i in INTERACTIONS.items() if i.goal}
    assert judged == {"carry-box", "push-box", "kick-box"}


def test_a_bundle_of_any_task_is_whole_and_is_judged(bundle, priors):
    loaded, task = Bundle.load(bundle), priors[0].task
    assert loaded.contract.task == task
    assert (loaded.contract.goal is not None) == task_by_name(task).goal
    assert loaded.contract.object.size in {prior.object.size for prior in priors}
    figures = loaded.metrics["bundle"]
    failed = figures["success"]["trials"] - figures["success"]["successes"]
    assert sum(figures["failures"].values()) == failed
    assert ("object_to_goal_mean_m" in figures) == task_by_name(task).goal
    assert loaded.metrics["priors"]["count"] == 2


def test_figures_on_unseen_clips_have_a_name_of_their_own(bundle, priors, tmp_path):
    run = RunDir(bundle.parent / "run")
    unseen = cut(priors[1], 0, 60, "unseen")
    unseen.save(tmp_path / "unseen.prior.npz")
    assert set(evaluate_path(bundle, tmp_path, 1, seed=0)) == {"bundle_test"}
    assert set(evaluate_path(bundle, run.priors, 1, seed=0)) == {"bundle"}
    assert set(evaluate_path(run.path, tmp_path, 1, seed=0)) == {"refiner_test"}
    assert "refiner_test" in json.loads(run.metrics.read_text())
    for prior in load_priors(run.priors):
        prior.save(tmp_path / f"{prior.name}.prior.npz")
    assert set(evaluate_path(bundle, tmp_path, 3, seed=0)) == {"bundle_mixed"}


@pytest.fixture
def env(priors):
    made = BatchEnv(task_by_name(priors[0].task), g1(), priors, 4, threads=1)
    made.reset()
    return made


def test_a_goal_in_the_robots_frame_is_the_goal_in_the_world(env, priors):
    sensing = Sensing(env, priors)
    anchor = env.robot.tracked_bodies.index(env.robot.anchor_body)
    for _ in range(3):
        env.step(np.zeros((4, 29), np.float32))
        sense = sensing()
        if not env.task.goal:
            assert sense.goal_pos_b is None
            continue
        assert sense.goal_pos_b is not None and sense.goal_quat_b is not None
        place = env.now.body_pos[:, anchor], env.now.body_quat[:, anchor]
        pos, quat = rotations.compose(*place, sense.goal_pos_b, sense.goal_quat_b)
        for i, clip in enumerate(env.clip):
            np.testing.assert_allclose(pos[i], priors[clip].goal_pos_w, atol=1e-5)
            turned = rotations.angle(quat[i], priors[clip].goal_quat_w)
            assert turned < 1e-3


def test_a_contract_begins_as_one_of_the_clips_wherever_they_were_filmed(env, priors):
    turn = rotations.from_yaw(2.0)

    def elsewhere(prior):
        changed, away = {}, np.array([3.0, -1.0, 0.0])
        for name in ("root", "object", "goal"):
            pos, quat = (getattr(prior, f"{name}_{what}_w") for what in ("pos", "quat"))
            changed[f"{name}_pos_w"] = rotations.rotate(turn, pos) + away
            changed[f"{name}_quat_w"] = rotations.multiply(turn, quat)
        return dataclasses.replace(prior, **changed)

    moved = [elsewhere(prior) for prior in priors]
    here, there = make_contract(env, priors), make_contract(env, moved)
    here.validate()
    for name in ("object_pos_w", "object_quat_w", "root_quat_w", "joint_pos"):
        found, expected = (np.array(getattr(c.start, name)) for c in (there, here))
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (here.goal is None) == (there.goal is None) == (not env.task.goal)
    if here.goal is not None and there.goal is not None:
        np.testing.assert_allclose(there.goal.pos_w, here.goal.pos_w, atol=1e-9)
    assert rotations.yaw(np.array(here.start.root_quat_w)) == pytest.approx(0.0)
    starts = [tuple(prior.joint_pos[0].tolist()) for prior in priors]
    assert here.start.joint_pos in starts


def test_a_student_of_a_task_with_a_goal_is_told_it(env, priors):
    contract, sensing = make_contract(env, priors), Sensing(env, priors)
    widths = {k: size(v) for k, v in contract.layouts().items()}
    tracker = NormalizedMlp(widths["tracker"], (8,), (29,))
    generator = NormalizedMlp(widths["generator"], (8,), (8, 37))
    student = Student(contract, tracker, generator, sensing)
    student.restart(np.arange(4))
    student.step(student.sense())
    seen = student.pairs[0][0]
    assert seen.shape == (4, 46 + 9 * env.task.goal)
    goal = sensing().goal_pos_b
    if goal is not None:
        np.testing.assert_allclose(seen[:, 9:12], goal, atol=1e-6)
    np.testing.assert_array_equal(seen[:, -37:], student.table[env.row])


def some_sense(**goal):
    rows = np.zeros((2, 3)), np.tile([1.0, 0.0, 0.0, 0.0], (2, 1))
    none = np.zeros((2, 0))
    return Sense(none, none, none, none, *rows, **goal)


def test_a_generator_that_needs_a_goal_says_so():
    command = np.zeros((2, 37), np.float32)
    with pytest.raises(ValueError, match="needs a goal pose, and none is known"):
        generator_observation(some_sense(), command, goal=True)
    pos, quat = np.ones((2, 3)), np.tile([1.0, 0.0, 0.0, 0.0], (2, 1))
    told = some_sense(goal_pos_b=pos, goal_quat_b=quat)
    made = generator_observation(told, command, goal=True)
    assert made.shape == (2, size(generator_layout(29, goal=True)))
    np.testing.assert_array_equal(made[:, 9:12], 1.0)
    assert generator_observation(told, command).shape == (2, 46)


GOAL = Goal((1.4, -0.3, 0.27), (1.0, 0.0, 0.0, 0.0))


def test_a_contract_keeps_its_goal(tmp_path):
    contract = dataclasses.replace(lift_contract(), goal=GOAL)
    contract.save(tmp_path / "contract.json")
    assert Contract.load(tmp_path / "contract.json").goal == GOAL
    bad = dataclasses.replace(contract, goal=Goal((0.0,), GOAL.quat_w))
    with pytest.raises(ValueError, match=r"goal\.pos_w has 1 values, expected 3"):
        bad.validate()


def test_a_contract_of_the_first_schema_has_no_goal():
    values = lift_contract().to_dict()
    del values["goal"]
    old = Contract.from_dict({**values, "schema": 1})
    assert old.goal is None
    assert size(old.layouts()["generator"]) == 46


def test_a_goal_can_be_named_on_the_floor():
    moved = GOAL.moved(2.0, 0.5, 90.0)
    assert moved.pos_w == (2.0, 0.5, 0.27)
    assert rotations.yaw(np.array(moved.quat_w)) == pytest.approx(np.pi / 2)


def test_objects_of_other_shapes_are_refused(priors):
    ball = ObjectSpec("ball", "sphere", (0.2, 0.2, 0.2), 0.5)
    odd = dataclasses.replace(priors[0], object=ball)
    with pytest.raises(ValueError, match="its object is a sphere"):
        BatchEnv(task_by_name(priors[0].task), g1(), [odd], 1)
