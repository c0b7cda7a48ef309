import dataclasses

import numpy as np
import pytest

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.rewards import terms
from envs.rewards.lint import lint
from envs.rewards.stack import Term
from envs.tasks import TASKS


def reward_of(task, prior, *changed):
    """Findings on a task whose table has these rows in place of, or beside, its own."""
    names = {term.name for term in changed}
    kept = tuple(term for term in task.rewards if term.name not in names)
    task = dataclasses.replace(task, rewards=(*kept, *changed))
    env = BatchEnv(task, g1(), [prior], 8, threads=1)
    return lint(env, steps=20)


def faults(findings, *, stops):
    return {f.term: f.fault for f in findings if f.stops is stops}


def test_the_shipped_table_may_be_trained_on(task, lift_prior):
    assert faults(reward_of(task, lift_prior), stops=True) == {}


def test_a_term_that_reads_nothing_is_dead(task, lift_prior):
    dead = Term("contact", lambda s: np.zeros(len(s.action)), 1.0)
    found = faults(reward_of(task, lift_prior, dead), stops=True)
    assert found == {"contact": "always 0, whatever the robot does"}


def test_a_penalty_that_cancels_all_reward_is_found(task, lift_prior):
    heavy = Term("action_rate", terms.action_rate, -1e-9)
    assert faults(reward_of(task, lift_prior, heavy), stops=True) == {}
    greedy = Term("joint_torque", terms.joint_torque, -0.1)
    found = faults(reward_of(task, lift_prior, greedy), stops=True)
    assert list(found) == ["joint_torque"]
    assert "cancel what following the prior earns" in found["joint_torque"]


def test_a_term_that_drowns_the_others_is_told(task, lift_prior):
    loud = Term("contact", terms.contact, 40.0)
    found = reward_of(task, lift_prior, loud)
    assert "of the whole reward" in faults(found, stops=False)["contact"]


def test_what_is_not_finite_or_pays_for_faults_stops(task, lift_prior):
    broken = Term("broken", lambda s: np.full(len(s.action), np.nan), 1.0)
    paying = Term("paying", lambda s: -terms.action_rate(s) - 1.0, -0.01)
    found = faults(reward_of(task, lift_prior, broken, paying), stops=True)
    assert found["broken"] == "not finite in 100.00% of steps"
    assert "pays for what it forbids" in found["paying"]


def test_looking_leaves_the_stack_as_it_was(task, lift_prior):
    env = BatchEnv(task, g1(), [lift_prior], 4, threads=1)
    stack = env.rewards
    lint(env, steps=3)
    assert env.rewards is stack
    assert set(stack.drain_means().values()) == {0.0}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_no_table_names_a_term_twice_or_weighs_it_nought(task):
    names = [term.name for term in task.rewards]
    assert len(set(names)) == len(names)
    assert all(term.weight for term in task.rewards)
