import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from envs.episodes import COMPLETE
from policies.refiner import load_network
from policies.run_dir import RunDir, load_arrays
from policies.stages import train_run
from policies.trials import Trial, learnt_row, milestones


def attempts(done: int, of: int = 10, reached: float = 0.0) -> list:
    short = SimpleNamespace(ended="exploded", reached=reached)
    whole = SimpleNamespace(ended=COMPLETE, reached=1.0)
    return [whole] * done + [short] * (of - done)


def test_a_trial_is_better_by_what_it_completes_then_by_what_it_reaches():
    short, longer = (Trial.of(attempts(5, reached=r), 0) for r in (0.2, 0.4))
    assert short.completion == longer.completion == 0.5
    assert short < longer < Trial.of(attempts(6), 0)


def last_layer(network) -> np.ndarray:
    """A copy of the weights that give the actions."""
    return network.layers[-1].weight.detach().numpy().copy()


@pytest.fixture
def train_with(tmp_path, priors_folder, tiny, monkeypatch):
    def train(*done: int, **settings) -> tuple[RunDir, list]:
        """A run with trials of which so many episodes complete; what each trial saw."""
        left, seen = list(done), []

        def roll(task, robot, priors, agent, **_):
            seen.append(last_layer(agent.network))
            return attempts(left.pop(0))

        monkeypatch.setattr("policies.train.roll_refiner", roll)
        run = RunDir(tmp_path / "run")
        asked = dataclasses.replace(tiny, trials=10, **settings)
        train_run("lift-box", priors_folder, run.path, asked)
        assert not left
        return run, seen

    return train


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_refiner_is_the_networks_of_the_best_trial(best, train_with):
    run, seen = train_with(*(7 if k == best else 3 for k in range(3)))
    kept = last_layer(load_network(run.refiner))
    for k, weight in enumerate(seen):
        assert np.array_equal(kept, weight) == (k == best)
    assert load_arrays(run.progress)["trials_best"].tolist() == [0.7, 0.7, 64 * best]


def test_the_curve_names_a_trial_beside_the_rollout_that_it_preceded(train_with):
    run, _ = train_with(2, 5, 4)
    assert [row["trial"] for row in run.read_curve()] == [0.2, 0.5]


def test_a_resumed_run_remembers_its_best_trial(train_with, tiny, priors_folder):
    run, seen = train_with(2, 9, 4)
    more = dataclasses.replace(tiny, trials=10, steps=192)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policies.train.roll_refiner", lambda *_, **__: attempts(8))
        train_run("lift-box", priors_folder, run.path, more, resume=True)
    kept = last_layer(load_network(run.refiner))
    np.testing.assert_array_equal(kept, seen[1])


def test_training_stops_at_a_trials_level_and_its_row_says_so(train_with):
    run, _ = train_with(2, 9, 3, 3, stop_at=0.9, steps=640)
    rows = run.read_curve()
    assert [row["trial"] for row in rows[:2]] == [0.2, 0.9]
    assert len(rows) == 2
    assert learnt_row(rows, 0.9) is rows[1]
    assert learnt_row(rows, 0.95) is None


def test_a_policy_that_begins_at_the_level_is_still_recorded(train_with):
    run, _ = train_with(10, 3, 3, stop_at=0.9, steps=640)
    assert [row["trial"] for row in run.read_curve()] == [1.0]


def test_a_real_trial_costs_no_random_number_of_the_run(tmp_path, priors_folder, tiny):
    rows = []
    for trials in (0, 2):
        settings = dataclasses.replace(tiny, trials=trials)
        out = tmp_path / str(trials)
        rows.append(train_run("lift-box", priors_folder, out, settings))
    returns = [[row["terms"] for row in found] for found in rows]
    assert returns[0] == returns[1]


def test_milestones_are_of_trials_alone():
    rows = [
        {"steps": 10, "seconds": 1.0, "completion": 1.0, "trial": 0.2},
        {"steps": 20, "seconds": 2.0, "completion": 1.0, "trial": None},
        {"steps": 30, "seconds": 3.0, "completion": 0.0, "trial": 0.9},
        {"steps": 40, "seconds": 4.0, "completion": 0.0, "trial": 0.95},
    ]
    assert milestones(rows) == {
        "best_trial": 0.95,
        "best_trial_steps": 40,
        "steps_to_90": 30,
        "seconds_to_90": 3.0,
    }
    early = milestones(rows[:2])
    assert early["best_trial"] == 0.2
    assert early["steps_to_90"] is None


def test_rows_without_trials_have_no_milestones():
    assert milestones([{"steps": 10, "seconds": 1.0, "completion": 1.0}]) == {}


def test_a_runs_figures_and_page_tell_of_its_trials(train_with):
    run, _ = train_with(2, 9, 4)
    training = json.loads(run.metrics.read_text())["training"]
    assert (training["best_trial"], training["best_trial_steps"]) == (0.9, 128)
    assert training["steps_to_90"] == 128
    assert "complete without noise" in run.report.read_text()
