"""Every shipped skill loads, is what its checksums say, and tells its figures."""

import json
from pathlib import Path

import numpy as np
import pytest

from policies.bundle import Bundle
from policies.refiner import load_network
from policies.run_dir import RunDir

ASSETS = Path(__file__).parents[2] / "assets"
SHIPPED = sorted((ASSETS / "bundles").iterdir())
REFINERS = sorted((ASSETS / "refiners").iterdir())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_skill_is_whole(path):
    bundle = Bundle.load(path)
    contract = bundle.contract
    assert contract.task == path.name.replace("_", "-")
    metrics = json.loads((path / "metrics.json").read_text())
    for section, figure in (("refiner", "completion"), ("bundle", "success")):
        rate = metrics[section][figure]
        assert rate["trials"] >= 100
        assert rate["rate"] == pytest.approx(rate["successes"] / rate["trials"])
        assert metrics[section]["commit"]
    assert metrics["training"]["steps"] > 0
    card = (path / "MODEL_CARD.md").read_text()
    assert contract.task in card
    scale = np.array(contract.action_scale)
    assert (scale > 0).all()


@pytest.mark.parametrize("path", REFINERS, ids=lambda path: path.name)
def test_a_shipped_refiner_can_be_started_from(path):
    run = RunDir(path)
    config = run.read_config()
    assert config["task"] == path.name.replace("_", "-")
    width = sum(size for _, size in config["observation"])
    assert len(load_network(run.refiner).normalizer.mean) == width
    assert load_network(run.critic).shape == (1,)
    metrics = json.loads((path / "metrics.json").read_text())
    for section in ("refiner", "refiner_test"):
        assert metrics[section]["completion"]["trials"] >= 100
    card = run.card.read_text()
    assert card.startswith(f"# Refiner of {config['task']}")
    assert f"--init assets/refiners/{path.name}" in card
