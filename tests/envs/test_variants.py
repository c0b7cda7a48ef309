import dataclasses

import numpy as np
import pytest

from assets.g1.spec import g1
from assets.objects import BOTTLE
from envs.batch_env import BatchEnv
from envs.randomize import Randomization
from envs.scene import build_scene
from envs.variants import objects_of

WIDE = (0.30, 0.30, 0.45)


@pytest.fixture(scope="module")
def priors(lift_prior):
    obj = dataclasses.replace(lift_prior.object, size=WIDE)
    other = dataclasses.replace(lift_prior, name="wide", object=obj)
    return [lift_prior, other]


@pytest.fixture
def env(task, priors):
    made = BatchEnv(task, g1(), priors, 4, threads=1)
    made.reset()
    return made


def assert_same_numbers(model, expected):
    """Every number that a scene compiled with the object has."""
    for name in ("body_mass", "body_inertia", "body_subtreemass", "body_invweight0"):
        np.testing.assert_allclose(getattr(model, name), getattr(expected, name))
    for name in ("geom_size", "geom_rbound", "geom_aabb", "dof_invweight0"):
        np.testing.assert_allclose(getattr(model, name), getattr(expected, name))


def test_objects_weigh_and_rub_as_their_priors_say(task, lift_prior):
    obj = dataclasses.replace(lift_prior.object, mass=2.5, friction=0.17)
    other = dataclasses.replace(lift_prior, name="heavy", object=obj)
    found = objects_of(task, [lift_prior, other])
    assert [one.name for one in found] == [task.object.name] * 2
    env = BatchEnv(task, g1(), [lift_prior, other], 4, threads=1)
    model = env.variants.model(1)
    assert model.body("object").mass[0] == pytest.approx(2.5)
    assert model.geom("object").friction[0] == pytest.approx(0.17)
    assert model.geom("floor").friction[0] < 0.17


def test_each_simulation_has_its_clips_object(env, task):
    assert set(env.clip) == {0, 1}
    for i, clip in enumerate(env.clip):
        obj = dataclasses.replace(task.object, size=WIDE if clip else task.object.size)
        assert env.variants.object(clip) == obj
        expected = build_scene(g1(), obj, task.contact_names).model
        assert_same_numbers(env.batch.get_model(i), expected)
        assert_same_numbers(env.variants.model(clip), expected)


def test_simulations_fall_on_the_box_that_they_have(env, task):
    env.batch.bind("qpos")[:, -7:] = (3.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0)
    env.batch.bind("qvel")[:] = 0.0
    for _ in range(150):
        env._simulate(env.targets(np.zeros((4, 29), np.float32)))
    height = env.batch.bind("qpos")[:, -5]
    half = np.where(env.clip == 1, WIDE[2], task.object.size[2]) / 2
    np.testing.assert_allclose(height, half, atol=0.01)


def test_a_drawn_mass_keeps_the_inertia_of_the_clips_size(task, priors):
    world = Randomization(object_mass=(2.0, 2.0))
    made = BatchEnv(task, g1(), priors, 4, threads=1, randomization=world)
    for _ in range(2):
        made.reset()
    body = made.scene.model.body("object").id
    for i, clip in enumerate(made.clip):
        drawn, nominal = made.batch.get_model(i), made.variants.model(clip)
        assert drawn.body_mass[body] == pytest.approx(2.0 * task.object.mass)
        np.testing.assert_allclose(
            drawn.body_inertia[body], 2.0 * nominal.body_inertia[body]
        )


def test_clips_of_one_object_share_its_model(task, lift_prior, short_prior):
    made = BatchEnv(task, g1(), [lift_prior, short_prior], 2, threads=1)
    assert len(made.variants.models) == 1
    assert made.batch.expanded("geom_size") is None


def test_another_shape_is_refused(task, lift_prior):
    bottle = dataclasses.replace(lift_prior, object=BOTTLE)
    with pytest.raises(ValueError, match="'lift': its object is a cylinder, lift-box"):
        objects_of(task, [bottle])


def test_no_priors_are_refused_with_what_to_do(task):
    with pytest.raises(ValueError, match="no priors; make some with"):
        objects_of(task, [])
