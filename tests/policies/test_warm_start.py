import dataclasses
import json
import shutil

import numpy as np
import pytest

from policies.refiner import Agent, load_network
from policies.run_dir import RunDir
from policies.stages import train_run
from policies.warm_start import common_columns

STILL = {"steps": 1, "learning_rate": 0.0}


def test_columns_are_matched_by_name_and_width():
    source = [("a", 2), ("contact", 2), ("b", 1)]
    target = [("contact", 1), ("b", 1), ("a", 2), ("new", 3)]
    assert common_columns(source, target) == ([4, 0, 1], [1, 2, 3])


def test_a_run_starts_as_the_other_ended(tmp_path, trained, priors_folder, tiny):
    run, _ = trained
    out = RunDir(tmp_path / "next")
    still = dataclasses.replace(tiny, **STILL)
    train_run("lift-box", priors_folder, out.path, still, init=run.path)
    width = len(load_network(run.refiner).normalizer.mean)
    obs = np.random.default_rng(0).normal(size=(5, width)).astype(np.float32)
    for name in ("refiner", "critic"):
        before = load_network(getattr(run, name))
        after = load_network(getattr(out, name))
        np.testing.assert_allclose(Agent(after)(obs), Agent(before)(obs), atol=1e-5)
    assert out.read_config()["init"] == str(run.path)


def test_a_resumed_run_still_says_what_it_began_from(
    tmp_path, trained, priors_folder, tiny, more_steps
):
    out, begun = RunDir(tmp_path / "next"), trained[0].path
    train_run("lift-box", priors_folder, out.path, tiny, init=begun)
    train_run("lift-box", priors_folder, out.path, more_steps, resume=True)
    assert out.read_config()["init"] == str(begun)
    training = json.loads(out.metrics.read_text())["training"]
    assert training["init"] == str(begun)


def test_other_layers_are_refused(tmp_path, trained, priors_folder, tiny):
    wide = dataclasses.replace(tiny, hidden=(32,))
    with pytest.raises(
        ValueError, match=r"layers have \[16, 29\] units, expected \[32"
    ):
        train_run("lift-box", priors_folder, tmp_path / "x", wide, init=trained[0].path)


def test_a_run_without_a_critic_is_named(tmp_path, trained, priors_folder, tiny):
    copy = tmp_path / "old"
    shutil.copytree(trained[0].path, copy)
    (copy / "critic.npz").unlink()
    with pytest.raises(ValueError, match="has no critic to start from"):
        train_run("lift-box", priors_folder, tmp_path / "x", tiny, init=copy)
