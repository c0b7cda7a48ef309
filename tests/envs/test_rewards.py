import dataclasses

import numpy as np
import pytest

from assets import rotations
from envs.rewards import terms
from envs.rewards.mimic import mimic_reward
from envs.rewards.stack import RewardStack, Term
from tests.envs.steps import ANCHOR, B, C, J, N, frames_of, motion, moved, step

TABLE = mimic_reward()
KERNELS = [term for term in TABLE if "std" in term.params]
PENALTIES = [term for term in TABLE if term.weight < 0]


@pytest.fixture
def now():
    return motion(np.random.default_rng(0))


def value(term, s):
    return term.function(s, **term.params)


def turn(quat, angle):
    return rotations.multiply(quat, rotations.exp(np.array([angle, 0.0, 0.0])))


def away(now, amount):
    """Everything off by `amount`, each body in a direction of its own."""
    rng = np.random.default_rng(1)
    changes = {}
    for name in "joint_pos body_pos body_lin_vel body_ang_vel".split():
        old = getattr(now, name)
        changes[name] = old + amount * rng.normal(size=old.shape)
    for name in "object_pos object_lin_vel object_ang_vel".split():
        changes[name] = getattr(now, name) + amount * np.array([1.0, 0.0, 0.0])
    angles = amount * np.linspace(0.5, 1.0, B)[:, None] * np.array([1.0, 0.0, 0.0])
    changes["body_quat"] = rotations.multiply(now.body_quat, rotations.exp(angles))
    changes["object_quat"] = turn(now.object_quat, 2 * amount)
    return dataclasses.replace(now, **changes)


@pytest.mark.parametrize("term", KERNELS, ids=lambda t: t.name)
def test_a_kernel_is_one_at_the_reference_and_falls_from_there(term, now):
    ref = frames_of(now)
    curve = [value(term, step(away(now, a), ref)) for a in (0, 0.1, 0.2, 0.4, 0.8)]
    np.testing.assert_allclose(curve[0], 1.0, atol=1e-6)
    assert (np.diff(curve, axis=0) < 0).all()
    assert (np.array(curve) >= 0).all()


@pytest.mark.parametrize("term", PENALTIES, ids=lambda t: t.name)
def test_a_penalty_is_zero_without_cause(term, now):
    np.testing.assert_array_equal(value(term, step(now, frames_of(now))), np.zeros(N))


@pytest.mark.parametrize("term", KERNELS, ids=lambda t: t.name)
def test_turning_and_moving_robot_and_reference_together_changes_nothing(term, now):
    ref = frames_of(away(now, 0.2))
    shift = np.array([3.0, -2.0, 0.0])
    together = step(moved(now, 2.0, shift), moved(ref, 2.0, shift))
    np.testing.assert_allclose(value(term, together), value(term, step(now, ref)))


@pytest.mark.parametrize("name", ["body_position", "body_orientation"])
def test_local_terms_ignore_where_the_robot_is_and_faces(name, now):
    term = next(t for t in KERNELS if t.name == name)
    ref = frames_of(away(now, 0.2))
    alone = step(moved(now, -2.5, np.array([3.0, -2.0, 0.0])), ref)
    np.testing.assert_allclose(value(term, alone), value(term, step(now, ref)))
    higher = step(moved(now, 0.0, np.array([0.0, 0.0, 0.3])), frames_of(now))
    seen = value(term, higher)
    assert (seen < 0.9).all() if name == "body_position" else (seen > 0.999).all()


def test_a_quaternion_and_its_negative_are_the_same_orientation(now):
    flipped = dataclasses.replace(
        now, body_quat=-now.body_quat, object_quat=-now.object_quat
    )
    s = step(flipped, frames_of(now))
    for term in KERNELS:
        np.testing.assert_allclose(value(term, s), 1.0, atol=1e-6, err_msg=term.name)


def test_kernels_have_the_width_they_say(now):
    """At an error of one std the value is 1/e."""
    ref = frames_of(now)
    off = dataclasses.replace(
        now,
        joint_pos=now.joint_pos + 0.6,
        object_pos=now.object_pos + np.array([0.0, 0.3, 0.0]),
        object_quat=turn(now.object_quat, 0.4),
    )
    s = step(off, ref)
    for seen in (
        terms.joint_position(s, 0.6),
        terms.object_position(s, 0.3),
        terms.object_orientation(s, 0.4),
    ):
        np.testing.assert_allclose(seen, np.exp(-1.0), rtol=1e-6)


def test_carrying_body_and_object_along_keeps_their_relation(now):
    ref = frames_of(now)
    with_object = moved(now, 0.0, np.array([0.4, 0.1, 0.2]))
    s = step(with_object, ref)
    np.testing.assert_allclose(terms.object_to_body_position(s, 0.3), 1.0, atol=1e-6)
    assert (terms.object_position(s, 0.3) < 0.2).all()


@pytest.mark.parametrize("measured", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("labelled", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_contact_counts_when_every_hand_is_as_labelled(now, measured, labelled):
    ref = dataclasses.replace(frames_of(now), contact=np.tile(labelled, (N, 1)))
    is_ = dataclasses.replace(now, contact=np.tile(measured, (N, 1)))
    expected = 1.0 if measured == labelled else 0.0
    np.testing.assert_array_equal(terms.contact(step(is_, ref)), np.full(N, expected))


def test_sizes_of_penalties(now):
    ref = frames_of(now)
    ones = np.ones((N, J))
    s = step(now, ref, joint_acc=2 * ones, torque=3 * ones, action=ones)
    np.testing.assert_allclose(terms.joint_acceleration(s), 4 * J)
    np.testing.assert_allclose(terms.joint_torque(s), 9 * J)
    np.testing.assert_allclose(terms.action_rate(s), J)
    joints = np.zeros((N, J))
    joints[:, 0], joints[:, 1] = 10.25, -10.5
    beyond = step(dataclasses.replace(now, joint_pos=joints), ref)
    np.testing.assert_allclose(terms.joint_limit(beyond), 0.75)


def test_only_feet_that_bear_weight_slide(now):
    vel = np.zeros((N, B, 3))
    vel[:, 1], vel[:, 3] = [3.0, 4.0, 7.0], [1.0, 0.0, 0.0]
    feet = np.tile([10.0, 0.5], (N, 1))
    loaded = dataclasses.replace(now, body_lin_vel=vel, feet_force=feet)
    np.testing.assert_allclose(terms.feet_slide(step(loaded, frames_of(now))), 5.0)


def test_feet_that_land_count_by_their_time_in_the_air(now):
    air = np.tile([0.7, 0.0], (N, 1))
    s = step(now, frames_of(now), air_time=air)
    np.testing.assert_allclose(terms.feet_air_time(s, least=0.5), 0.2)
    np.testing.assert_allclose(terms.feet_air_time(s, least=0.8), -0.1)


def test_keeping_off_is_all_or_nothing(now):
    for count, expected in ((0, 1.0), (2, 0.0)):
        s = step(dataclasses.replace(now, forbidden=np.full(N, count)), frames_of(now))
        np.testing.assert_array_equal(terms.keep_off(s), np.full(N, expected))


def test_contacts_beyond_the_tasks_own_are_undesired(now):
    touching = np.tile([2.0, 1.0], (N, 1))
    for total, expected in ((3, 0.0), (4, 1.0)):
        touched = dataclasses.replace(
            now, touching=touching, robot_contacts=np.full(N, float(total))
        )
        seen = terms.undesired_contacts(step(touched, frames_of(now)))
        np.testing.assert_array_equal(seen, np.full(N, expected))


def test_the_stack_is_the_weighted_sum_times_the_period(now):
    s = step(away(now, 0.2), frames_of(now), action=np.ones((N, J)))
    expected = sum(t.weight * value(t, s) for t in TABLE) * 0.02
    np.testing.assert_allclose(RewardStack(TABLE, 0.02)(s), expected, rtol=1e-5)


def test_draining_gives_each_terms_mean_and_starts_anew(now):
    stack = RewardStack(TABLE, 0.02)
    good = step(now, frames_of(now))
    stack(good)
    stack(step(away(now, 0.4), frames_of(now)))
    means = stack.drain_means()
    assert list(means) == [t.name for t in TABLE]
    assert means["contact"] == pytest.approx(1.0)
    assert 0.0 < means["object_position"] < 0.5
    stack(good)
    assert stack.drain_means()["object_position"] == pytest.approx(0.5, abs=1e-5)
    assert set(stack.drain_means().values()) == {0.0}


@pytest.mark.parametrize("size", [np.nan, np.inf, 1e20])
def test_one_exploded_simulation_cannot_outweigh_the_rest(now, size):
    stack = RewardStack(TABLE, 0.02)
    acc = np.zeros((N, J))
    acc[1] = size
    broken = step(now, frames_of(now), joint_acc=acc)
    with np.errstate(over="ignore"):
        reward = stack(broken)
    good = RewardStack(TABLE, 0.02)(step(now, frames_of(now)))
    assert np.abs(reward).max() <= 2.0
    np.testing.assert_array_equal(np.delete(reward, 1), np.delete(good, 1))
    assert np.isfinite(list(stack.drain_means().values())).all()


def test_a_term_of_the_wrong_shape_is_named(now):
    bad = Term("per_body", lambda s: s.now.body_pos[:, :, 0], 1.0)
    with pytest.raises(ValueError, match=r"'per_body': shape \(5, 6\), expected \(5,"):
        RewardStack((TABLE[0], bad), 0.02)(step(now, frames_of(now)))


def test_two_terms_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two terms share a name"):
        RewardStack((TABLE[0], TABLE[1], TABLE[0]), 0.02)


def test_the_heading_frame_keeps_tilt(now):
    """The anchor's own tilt survives: only yaw is taken out."""
    s = step(now, frames_of(now))
    up = rotations.to_matrix(s.local_quat[:, ANCHOR])[:, 2, 2]
    np.testing.assert_allclose(
        up, rotations.to_matrix(now.body_quat[:, ANCHOR])[:, 2, 2]
    )
    np.testing.assert_allclose(s.local_pos[:, ANCHOR, :2], 0.0, atol=1e-12)
    assert s.now.contact.shape == (N, C)
