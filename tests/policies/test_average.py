import numpy as np
import pytest
import torch

from policies.average import DECAY, Average
from policies.network import NormalizedMlp


@pytest.fixture
def average(monkeypatch):
    """An average over a network whose weights the test sets; its model is no more."""
    network = NormalizedMlp(3, [], (2,))
    monkeypatch.setattr("policies.average.actor_of", lambda _: network)
    callback = Average()
    callback.model, callback.num_timesteps = None, 0
    callback.network = network
    return callback


def write(average, value: float) -> None:
    """All weights of the network that learns are `value`."""
    with torch.no_grad():
        for weight in average.network.layers.parameters():
            weight.fill_(value)


def begin(average, value: float) -> None:
    write(average, value)
    average._on_training_start()


def learn(average, value: float) -> None:
    """An iteration after which all weights are `value`."""
    write(average, value)
    average.num_timesteps += 10
    average._on_rollout_start()


def weight(average) -> float:
    return float(average.actor().layers[0].weight.detach().mean())


def test_it_begins_with_what_it_is_given(average):
    begin(average, 0.7)
    assert weight(average) == pytest.approx(0.7)


def test_a_young_average_follows_and_an_old_one_is_steady(average):
    begin(average, 0.0)
    learn(average, 1.0)
    assert weight(average) == pytest.approx(0.9)
    for _ in range(300):
        learn(average, 1.0)
    learn(average, 2.0)
    assert weight(average) == pytest.approx(2.0 - DECAY, abs=1e-5)


def test_it_is_nearer_to_the_middle_than_iterates_that_scatter(average):
    begin(average, 5.0)
    draws = 5.0 + np.random.default_rng(0).normal(size=400)
    seen = []
    for draw in draws.tolist():
        learn(average, draw)
        seen.append(weight(average))
    late = slice(200, None)
    assert np.std(seen[late]) < 0.25 * np.std(draws[late])


def test_one_iteration_counts_once(average):
    begin(average, 0.0)
    learn(average, 1.0)
    average._on_rollout_start()
    average._on_training_end()
    assert weight(average) == pytest.approx(0.9)


def test_it_goes_on_from_what_a_checkpoint_keeps(average):
    begin(average, 0.0)
    learn(average, 1.0)
    kept = {name: array.copy() for name, array in average.state().items()}
    learn(average, 3.0)
    expected = weight(average)
    average.restore(kept)
    average.num_timesteps = int(kept["steps"])
    average._on_training_start()
    assert weight(average) == pytest.approx(0.9)
    learn(average, 3.0)
    assert weight(average) == pytest.approx(expected)


def test_looking_at_it_does_not_touch_the_network_that_learns(average):
    begin(average, 0.0)
    learn(average, 1.0)
    average.actor()
    assert float(average.network.layers[0].weight.detach().mean()) == 1.0
