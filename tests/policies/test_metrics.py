from types import SimpleNamespace

import numpy as np
import pytest

from policies.evaluate import WEAKEST, weakest
from policies.metrics import rate, wilson
from policies.replay import Replay


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (90, 100, 0.8256, 0.9448),
        (180, 200, 0.8506, 0.9344),
        (0, 0, 0.0, 1.0),
    ],
)
def test_intervals_are_the_published_ones(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_an_interval_holds_its_share_and_shrinks_with_trials():
    widths = []
    for trials in (10, 100, 1000):
        low, high = wilson(trials * 7 // 10, trials)
        assert low < 0.7 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_the_weakest_clips_are_named_the_worst_first():
    done = {"a": [1, 1, 1], "b": [0, 1, 1], "c": [0, 0, 0], "d": [1, 0, 0]}
    attempts: list = [
        SimpleNamespace(clip=clip, succeeded=bool(one))
        for clip, own in done.items()
        for one in own
    ]
    found = weakest(attempts)
    assert list(found.items()) == [("c", "0 of 3"), ("d", "1 of 3"), ("b", "2 of 3")]
    many: list = [SimpleNamespace(clip=str(i), succeeded=False) for i in range(9)]
    assert len(weakest(many)) == WEAKEST


def test_a_rate_stands_beside_its_count_and_interval():
    assert rate(3, 4) == {
        "rate": 0.75,
        "successes": 3,
        "trials": 4,
        "interval95": [0.3006, 0.9544],
    }
    assert rate(0, 0)["rate"] == 0.0


def pairs(first, count):
    numbers = np.arange(first, first + count, dtype=np.float32)
    return numbers[:, None], np.tile(numbers[:, None, None], (1, 2, 2))


def test_the_newest_samples_replace_the_oldest():
    replay = Replay(10, seed=0)
    for first in (0, 4, 8, 12):
        replay.add(*pairs(first, 4))
    x, y = replay.sample(500)
    assert set(x[:, 0].tolist()) == set(range(6, 16))
    np.testing.assert_array_equal(x[:, 0], y[:, 1, 1])


def test_only_what_was_added_is_sampled():
    replay = Replay(100, seed=0)
    replay.add(*pairs(1, 3))
    x, _ = replay.sample(200)
    assert set(x[:, 0].tolist()) == {1.0, 2.0, 3.0}


def test_the_newest_inputs_come_once():
    replay = Replay(10, seed=0)
    replay.add(*pairs(0, 2))
    replay.add(*pairs(2, 3))
    np.testing.assert_array_equal(replay.newest()[:, 0], np.arange(5))
    replay.add(*pairs(5, 1))
    np.testing.assert_array_equal(replay.newest()[:, 0], [5])
