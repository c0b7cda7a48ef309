"""Every shipped skill loads, is what its checksums say, and tells its figures."""

import json
from pathlib import Path

import numpy as np
import pytest

from policies.bundle import Bundle

SHIPPED = sorted((Path(__file__).parents[2] / "assets" / "bundles").iterdir())


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
    assert metrics["training"]["steps"] >= 0
    card = (path / "MODEL_CARD.md").read_text()
    assert contract.task in card
    scale = np.array(contract.action_scale)
    assert (scale > 0).all()
