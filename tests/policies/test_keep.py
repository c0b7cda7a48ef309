import json
import shutil

import numpy as np
import pytest

from policies.keep import keep_refiner
from policies.refiner import Agent, load_network
from policies.run_dir import RunDir
from policies.stages import evaluate_path, train_run

FIGURES = {"completion": {"rate": 0.5, "trials": 4, "interval95": [0.15, 0.85]}}


@pytest.fixture
def evaluated(trained, tmp_path):
    """A copy of the trained run, with figures of its refiner and of a bundle."""
    run = RunDir(shutil.copytree(trained[0].path, tmp_path / "evaluated"))
    for section in ("refiner", "refiner_test", "bundle"):
        run.add_metrics(
            section, {**FIGURES, "seed": 7, "commit": "abc", "machine": "m"}
        )
    return run


def test_what_is_kept_is_the_refiner_and_what_is_known_of_it(evaluated, tmp_path):
    out = RunDir(keep_refiner(evaluated.path, tmp_path / "kept", "three videos"))
    names = "MODEL_CARD.md config.json critic.npz metrics.json refiner.npz"
    assert sorted(path.name for path in out.path.iterdir()) == names.split()
    obs = np.ones((2, len(load_network(out.refiner).normalizer.mean)), np.float32)
    mine, theirs = (Agent(load_network(r.refiner))(obs) for r in (out, evaluated))
    np.testing.assert_array_equal(mine, theirs)
    metrics = json.loads(out.metrics.read_text())
    assert set(metrics) == {"training", "refiner", "refiner_test", "priors"}
    card = out.card.read_text()
    assert card.startswith("# Refiner of lift-box")
    assert "three videos" in card
    row = "| refiner, along its clips; clips it never saw | not judged | 50.0% of 4"
    assert row in card
    assert f"--init {out.path}" in card


def test_no_path_of_this_machine_is_kept(
    evaluated, tmp_path, priors_folder, tiny, monkeypatch
):
    run = RunDir(tmp_path / "deep" / "next")
    train_run("lift-box", priors_folder, run.path, tiny, init=evaluated.path)
    run.add_metrics("refiner", {**FIGURES, "seed": 7})
    monkeypatch.chdir(tmp_path)
    out = keep_refiner(run.path, tmp_path.relative_to(tmp_path) / "kept")
    assert json.loads((out / "config.json").read_text())["init"] == "evaluated"
    for path in out.glob("*.[jM]*"):
        assert str(tmp_path) not in path.read_text()


def test_others_can_start_from_what_was_kept(evaluated, tmp_path, priors_folder, tiny):
    kept = keep_refiner(evaluated.path, tmp_path / "kept")
    train_run("lift-box", priors_folder, tmp_path / "next", tiny, init=kept)


def test_figures_of_a_kept_refiner_are_in_its_card(evaluated, tmp_path, priors_folder):
    kept = keep_refiner(evaluated.path, tmp_path / "kept")
    assert "% of 3 (95 %" not in (kept / "MODEL_CARD.md").read_text()
    evaluate_path(kept, priors_folder, 3, 0)
    assert "% of 3 (95 %" in (kept / "MODEL_CARD.md").read_text()


def test_a_refiner_that_nobody_evaluated_is_not_kept(trained, tmp_path):
    run = shutil.copytree(trained[0].path, tmp_path / "run")
    (run / "metrics.json").unlink()
    with pytest.raises(ValueError, match="was not evaluated; run `sugarmill evaluate"):
        keep_refiner(run, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_run_without_a_critic_is_named(evaluated, tmp_path):
    evaluated.critic.unlink()
    with pytest.raises(ValueError, match=r"holds no critic\.npz"):
        keep_refiner(evaluated.path, tmp_path / "kept")
