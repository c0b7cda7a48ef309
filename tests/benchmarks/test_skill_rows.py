import json

import numpy as np
import pytest

from benchmarks.skill_pictures import moments
from benchmarks.skill_rows import ELSEWHERE, learning, rows
from policies.metrics import rate

TRAINING = {"steps": 2_000_000, "seconds": 600.0, "machine": "m"}


@pytest.fixture
def assets(tmp_path):
    def write(kind: str, name: str, metrics: dict) -> None:
        folder = tmp_path / kind / name
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(metrics))

    refiner = {"completion": rate(9, 10), "clips": 20}
    unseen = {"completion": rate(8, 10), "clips": 7}
    kept = {"refiner": refiner, "training": TRAINING}
    write("refiners", "kick_box", {**kept, "refiner_test": unseen})
    write("refiners", "a_task", {**kept, ELSEWHERE: {"completion": rate(1, 10)}})
    write("bundles", "lift_box", {"bundle": {"success": rate(5, 10)}})
    return tmp_path


def test_refiners_come_first_each_with_what_is_known_of_it(assets):
    names, values, _ = zip(*rows(assets), strict=True)
    assert names == (
        "a-task: refiner completes its 20 clips",
        "a-task: training, m",
        "kick-box: refiner completes its 20 clips",
        "kick-box: training, m",
        "lift-box: skill without reference",
    )
    assert "another robot model: 10.0% of 10" in values[0]
    assert "90.0% of 10" in values[2]
    assert "7 clips it never saw: 80.0% of 10" in values[2]
    assert values[4].startswith("50.0% of 10")


def test_learning_says_when_nine_of_ten_completed_only_if_they_did():
    assert learning(TRAINING) == "2.0 M steps in 10 min"
    late = {**TRAINING, "steps_to_90": None, "seconds_to_90": None, "init": "walk"}
    assert learning(late) == "2.0 M steps in 10 min; begun from walk"
    learnt = {**TRAINING, "steps_to_90": 500_000, "seconds_to_90": 120.0}
    assert learning(learnt).endswith("; 90 % without noise after 0.5 M steps, 2 min")


def test_no_moment_is_after_an_episode_that_ended_early(lift_prior):
    touch = np.flatnonzero(lift_prior.contact.any(axis=1))
    whole = moments(lift_prior, lift_prior.num_frames + 50)
    assert whole[0] == 0
    assert whole[2] == touch[0]
    assert touch[0] < whole[3] < touch[-1]
    assert whole[4] == lift_prior.num_frames - 1
    assert whole == sorted(whole)
    assert max(moments(lift_prior, 30)) == 29
