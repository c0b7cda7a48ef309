import dataclasses

import numpy as np
import pytest

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.randomize import Randomization

SIMS = 8
STILL = Randomization(
    robot_friction=(0.6, 0.6),
    object_friction=(0.9, 0.9),
    object_mass=(1.0, 1.0),
    joint_offset=0.0,
    torso_com=(0.0, 0.0, 0.0),
    push_lin=(0.0, 0.0, 0.0),
    push_ang=(0.0, 0.0, 0.0),
    object_push_lin=0.0,
    object_push_ang=0.0,
)


def env(task, prior, world, seed=0):
    task = dataclasses.replace(task, terminations=())
    return BatchEnv(
        task, g1(), [prior], SIMS, threads=1, seed=seed, randomization=world
    )


def world_of(made):
    assert made.world is not None
    return made.world


def run(made, steps=10):
    seen = [made.reset()]
    for _ in range(steps):
        obs, *_ = made.step(np.zeros((SIMS, 29), np.float32))
        seen.append(obs)
    return np.array(seen)


def test_every_simulation_has_a_world_of_its_own(task, short_prior):
    made = env(task, short_prior, Randomization())
    made.reset()
    models = [made.batch.get_model(i) for i in range(SIMS)]
    nominal = made.scene.model
    body = nominal.body("object").id
    torso = nominal.body("torso_link").id
    mass = np.array([m.body_mass[body] for m in models])
    assert len(set(mass)) == SIMS
    assert ((mass >= 0.5 * task.object.mass) & (mass <= 2.0 * task.object.mass)).all()
    for model, m in zip(models, mass, strict=True):
        np.testing.assert_allclose(
            model.body_inertia[body], nominal.body_inertia[body] * m / task.object.mass
        )
        assert model.body_subtreemass[0] == pytest.approx(model.body_mass.sum())
        assert 0.2 <= model.geom("object").friction[0] <= 0.8
        assert 0.3 <= model.geom("left_foot1_collision").friction[0] <= 1.6
        shift = np.abs(model.body_ipos[torso] - nominal.body_ipos[torso])
        assert (shift <= np.array([0.025, 0.05, 0.05])).all() and shift.any()


def test_a_world_is_drawn_from_the_seed(task, short_prior):
    first = run(env(task, short_prior, Randomization()))
    np.testing.assert_array_equal(run(env(task, short_prior, Randomization())), first)
    other = run(env(task, short_prior, Randomization(), seed=1))
    assert not np.array_equal(other, first)


def test_pushes_change_the_velocity_within_their_bounds(task, short_prior):
    world = dataclasses.replace(
        STILL, push_every=(0.02, 0.02), push_lin=(0.3, 0.3, 0.15)
    )
    made = env(task, short_prior, world)
    made.reset()
    before = np.array(made.batch.qvel)
    pushed = world_of(made).push(np.full(SIMS, 1.0), np.ones(SIMS, bool), made.rng)
    assert len(pushed) == SIMS
    change = np.array(made.batch.qvel) - before
    assert (np.abs(change[:, :3]) <= [0.3, 0.3, 0.15]).all()
    assert change[:, :3].any()
    assert not change[:, 3:].any()
    assert not len(
        world_of(made).push(np.full(SIMS, 1.0), np.ones(SIMS, bool), made.rng)
    )


def test_objects_are_pushed_in_contact_only(task, short_prior):
    world = dataclasses.replace(STILL, object_push_lin=0.5, object_push_ang=1.0)
    made = env(task, short_prior, world)
    made.reset()
    before = np.array(made.batch.qvel)
    touched = np.arange(SIMS) % 2 == 0
    world_of(made).push(np.full(SIMS, 9.0), touched, made.rng)
    change = np.array(made.batch.qvel)[:, -6:] - before[:, -6:]
    assert change[touched].any(axis=1).all()
    assert not change[~touched].any()


def test_a_late_action_acts_late(task, short_prior):
    late = env(task, short_prior, dataclasses.replace(STILL, action_delay=0.015))
    prompt = env(task, short_prior, STILL)
    for made in (late, prompt):
        made.reset()
    world_of(late).delay[:] = np.arange(SIMS) % 4
    late.batch.qpos[:], late.batch.qvel[:] = prompt.batch.qpos, prompt.batch.qvel
    late.batch.ctrl[:] = prompt.batch.ctrl
    for made in (late, prompt):
        made.batch.forward()
    target = np.array(prompt.batch.ctrl) + 0.3
    for made in (late, prompt):
        world_of(made).simulate(made.batch.bind("ctrl"), target, 4)
    moved = np.abs(late.batch.qvel[:, 6:35]).sum(axis=1)
    np.testing.assert_array_equal(late.batch.qpos[::4], prompt.batch.qpos[::4])
    assert (np.diff(moved[:4]) < 0).all()
    np.testing.assert_array_equal(late.batch.ctrl, target)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"object_mass": (0.0, 1.0)}, "object_mass is 0 to 1"),
        ({"robot_friction": (2.0, 1.0)}, "robot_friction is 2 to 1"),
        ({"action_delay": 0.1}, "action_delay is 0.1 s"),
    ],
)
def test_a_range_without_sense_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(STILL, **changes).validate()
