"""Small versions of the benchmark's parts: the same code, fewer trials."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.deploy_faults import FILES, KINDS, file_fault, message_fault
from benchmarks.deploy_fuzz import run_fuzz, run_mutations
from policies.bundle import Bundle

SHIPPED = Path(__file__).parents[2] / "assets/bundles/lift_box"

WORDS = {
    "nan": "not finite",
    "length": "old",
    "permuted": ("jumped", "outside its range"),
    "stale": "old",
    "frozen": "frozen",
    "clock": "clock jumped",
    "tilted": "tilted",
    "killed": "watchdog",
}


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in FILES])
def test_a_fault_is_damped_within_100_ms_and_named(kind):
    bundle, words = Bundle.load(SHIPPED), WORDS[kind]
    for seed in (1, 2):
        found = message_fault(bundle, kind, seed)
        assert not found.unsafe, found
        assert found.seconds <= 0.1 + 1e-6
        expected = (words,) if isinstance(words, str) else words
        assert any(word in found.reason for word in expected), found


@pytest.mark.parametrize("kind", FILES)
def test_a_spoiled_bundle_is_refused_before_anything_moves(kind, tmp_path):
    for seed in range(4):
        found = file_fault(SHIPPED, kind, seed, tmp_path)
        assert not found.unsafe, found
        assert "\n" not in found.reason
    assert not list(tmp_path.iterdir())


def test_every_field_of_a_random_low_cmd_is_under_the_checksum():
    found = run_mutations(2, 0)
    assert found["mutations"] > 1000
    assert found["checksum_unchanged"] == 0
    assert found["golden"]


@pytest.mark.filterwarnings("ignore:overflow")
def test_fuzzed_payloads_on_every_topic_move_nothing():
    found = run_fuzz(SHIPPED, 60, 0)
    assert len(found["topics"]) == 6
    assert found["motions"] == found["states_taken"] == 0
    taken = [row["accepted_by_dds"] for row in found["topics"].values()]
    assert np.sum(taken) > 100
