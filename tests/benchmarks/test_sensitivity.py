import dataclasses
import json

import numpy as np
import pytest

from assets.g1.spec import g1
from benchmarks import sensitivity
from benchmarks.worlds import AXES, FixedWorld, World, prepared, resized
from envs.batch_env import BatchEnv
from envs.tasks import task_by_name
from policies.bundle import Bundle
from policies.rollouts import FROM_START
from tests.bundles import make_bundle


@pytest.fixture
def env(short_prior):
    task = task_by_name("lift-box")
    return BatchEnv(task, g1(), [short_prior], 3, threads=1, pool=FROM_START)


def test_a_world_is_what_it_says_in_every_simulation(env):
    prepared(World(mass=1.7, friction=0.33))(env)
    nominal = env.scene.model
    for _ in range(2):
        env.reset()
        for index in range(3):
            model = env.batch.get_model(index)
            mass = model.body("object").mass / nominal.body("object").mass
            assert mass == pytest.approx(1.7)
            inertia = model.body("object").inertia / nominal.body("object").inertia
            np.testing.assert_allclose(inertia, 1.7)
            for name in ("object", "left_hand_collision", "right_hand_collision"):
                assert model.geom(name).friction[0] == pytest.approx(0.33)
            foot = "left_foot1_collision"
            assert model.geom(foot).friction[0] == nominal.geom(foot).friction[0]


def test_pushes_come_when_due_and_are_all_equally_hard(env):
    prepared(World(push=0.4))(env)
    env.reset()
    world, rng = env.world, np.random.default_rng(0)
    assert isinstance(world, FixedWorld)
    touched = np.zeros(3, bool)
    before = np.array(env.batch.qvel)
    assert len(world.push(np.full(3, 1.4), touched, rng)) == 0
    np.testing.assert_array_equal(env.batch.qvel, before)
    assert len(world.push(np.full(3, 3.1), touched, rng)) == 3
    change = env.batch.qvel - before
    np.testing.assert_allclose(np.linalg.norm(change[:, :2], axis=1), 0.4)
    np.testing.assert_array_equal(change[:, 2:], 0.0)
    assert len(world.push(np.full(3, 3.2), touched, rng)) == 0


def test_an_object_of_another_size_lies_where_it_lay(lift_prior):
    larger = resized(lift_prior, 1.2)
    for prior in (lift_prior, larger):
        bottom = prior.object_pos_w[0, 2] - prior.object.half_size[2]
        assert bottom == pytest.approx(0.0, abs=1e-9)
    assert larger.object.size[0] == pytest.approx(1.2 * lift_prior.object.size[0])
    np.testing.assert_array_equal(larger.joint_pos, lift_prior.joint_pos)
    same = resized(lift_prior, 1.0)
    np.testing.assert_allclose(same.object_pos_w, lift_prior.object_pos_w)


def test_a_sweep_goes_on_where_it_stopped(tmp_path, priors_folder, monkeypatch):
    """An interrupted one ends with the same figures, measuring nothing twice."""
    bundle = make_bundle(tmp_path / "bundle")
    few = [dataclasses.replace(axis, values=axis.values[-1:]) for axis in AXES[:2]]
    monkeypatch.setattr(sensitivity, "AXES", few)
    settings = sensitivity.Settings(
        bundle,
        priors_folder,
        episodes=2,
        out=tmp_path / "sweeps",
        picture=tmp_path / "s.png",
        keep=True,
    )
    sensitivity.main(settings)
    file = settings.out / "lift-box_bundle.json"
    whole = json.loads(file.read_text())
    assert set(whole["figures"]) == {"mass", "friction"}
    half = {**whole, "figures": {"mass": whole["figures"]["mass"]}}
    file.write_text(json.dumps(half))
    measured = []
    real = sensitivity._measure
    monkeypatch.setattr(
        sensitivity, "_measure", lambda *a: measured.append(a[2].name) or real(*a)
    )
    sensitivity.main(settings)
    assert measured == ["friction"]
    again = json.loads(file.read_text())
    assert again["figures"] == whole["figures"]
    assert settings.picture.read_bytes()[:4] == b"\x89PNG"
    kept = Bundle.load(bundle)
    assert kept.metrics["sensitivity"] == whole["figures"]
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "| object's mass, factor | 2 | " in card
