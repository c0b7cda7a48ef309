import dataclasses

import numpy as np
import pytest

from envs.batch_env import BatchEnv
from policies.failures import failure
from policies.refiner import zero_agent
from policies.rollouts import FROM_START, roll_refiner

HIGH = 150
"""A row of the reference in which the box is up."""


@pytest.fixture(scope="module")
def env(task, robot, lift_prior):
    made = BatchEnv(task, robot, [lift_prior], 2, threads=1, pool=FROM_START)
    made.reset()
    return made


def as_in_the_prior(env, row, **changes):
    """The motion of two robots that are where the prior is, but for `changes`."""
    frames = env.reference.frames
    values = {}
    for name in ("body_pos", "object_pos"):
        values[name] = np.repeat(getattr(frames, name)[[row]], 2, axis=0)
    motion = dataclasses.replace(env.now, **values)
    for name, (index, shift) in changes.items():
        getattr(motion, name)[:, index] += shift
    return motion


@pytest.mark.parametrize(
    ("end", "said"),
    [("left_ankle_roll_link", "foot off"), ("right_wrist_yaw_link", "hand off")],
)
def test_the_end_that_is_off_is_named(env, robot, end, said):
    body = robot.tracked_bodies.index(end)
    before = as_in_the_prior(env, HIGH, body_pos=(body, 0.29))
    assert failure(env, before, HIGH, 1, "end_effector") == said


@pytest.mark.parametrize(
    ("shift", "said"),
    [((2, -0.3), "dropped"), ((1, 0.35), "object off its path")],
)
def test_an_object_that_is_lost_was_dropped_or_strayed(env, shift, said):
    before = as_in_the_prior(env, HIGH, object_pos=shift)
    assert failure(env, before, HIGH, 0, "object_position") == said


def test_an_object_that_stays_is_left_behind(env):
    frames = env.reference.frames
    row = int(np.argmax(frames.object_pos[:, 2] > frames.object_pos[0, 2] + 0.1))
    before = as_in_the_prior(env, row)
    before.object_pos[:] = frames.object_pos[0]
    assert failure(env, before, row, 0, "object_position") == "object left behind"


def test_other_ends_have_words_and_a_complete_clip_has_none(env):
    before = as_in_the_prior(env, HIGH)
    assert failure(env, before, HIGH, 0, "anchor_tilt") == "robot fell"
    assert failure(env, before, HIGH, 0, "some_new_row") == "some new row"
    assert failure(env, before, HIGH, 0, "complete") == ""


def test_every_episode_is_counted_once_whatever_its_length(
    task, robot, lift_prior, short_prior
):
    seen = BatchEnv(task, robot, [short_prior], 1).reset()
    agent = zero_agent(seen.shape[1], robot.num_joints)
    clips = [lift_prior, short_prior]
    rolled = roll_refiner(task, robot, clips, agent, episodes=5, seed=0)
    assert [a.clip for a in rolled] == ["lift", "short"] * 2 + ["lift"]
    for attempt in rolled:
        assert attempt.succeeded == (attempt.why == "")
        assert attempt.trace.goal_pos_w is None
        frames = 40 if attempt.clip == "short" else lift_prior.num_frames
        longest = frames + round(task.hold * task.control_hz) - 1
        assert 1 <= len(attempt.trace.object_pos_w) <= longest
        if attempt.ended == "complete":
            assert len(attempt.trace.object_pos_w) == longest
            assert attempt.reached == 1.0
    assert rolled[1].why
