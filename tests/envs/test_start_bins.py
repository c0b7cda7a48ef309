import numpy as np
import pytest

from envs.start_bins import StartBins
from envs.state_pool import PoolSettings, StatePool

SIMS, JOINTS = 16, 29
START, LENGTH = np.array([0, 100]), np.array([100, 45])


@pytest.fixture
def bins():
    return StartBins(START, LENGTH, frames=20, memory=200)


def spend(bins, rows, failed, steps=200):
    for _ in range(steps):
        bins.record(np.asarray(rows), np.asarray(failed, bool))


def test_a_bin_lies_within_one_clip(bins):
    assert bins.of_row[[0, 19, 20, 99]].tolist() == [0, 0, 1, 4]
    assert bins.of_row[[100, 119, 120, 144]].tolist() == [5, 5, 6, 7]
    assert bins.clip.tolist() == [0] * 5 + [1] * 3


def test_nothing_known_is_drawn_evenly(bins):
    for draw in ("uniform", "failures", "progress"):
        chances = bins.chances(np.arange(100), draw, 0.2)
        np.testing.assert_allclose(chances, 0.01)


def test_a_rate_is_the_chance_of_failing_within_the_bin(bins):
    """Of simulations that pass through at a hazard h a frame, 1 − (1 − h)^20 fail."""
    rng, hazard = np.random.default_rng(0), 0.01
    for _ in range(2000):
        bins.record(np.full(200, 30), rng.random(200) < hazard)
    assert bins.rates()[0, 1] == pytest.approx(1.0 - (1.0 - hazard) ** 20, rel=0.1)


def test_a_rate_does_not_grow_because_a_bin_is_begun_in_often(bins):
    spend(bins, [10] * 90 + [50] * 10, [True] * 9 + [False] * 81 + [True] + [False] * 9)
    rates = bins.rates()[0]
    assert rates[0] == pytest.approx(rates[2], rel=0.2)


def test_failures_draw_starts_in_their_bin_and_before_it_never_after(bins):
    spend(bins, [10, 30, 50, 70, 90, 110, 130], [0, 0, 0, 1, 0, 0, 0])
    chances = bins.chances(np.arange(145), "failures", 0.0)
    in_bin = np.bincount(bins.of_row, chances)
    assert in_bin.argmax() == 3
    assert in_bin[3] > in_bin[2] > in_bin[1] > 1.2 * in_bin[0]
    assert in_bin[4] == pytest.approx(in_bin[0])


def test_a_failure_at_a_clips_begin_says_nothing_of_the_clip_before(bins):
    spend(bins, [90, 105], [False, True])
    score = bins.scores("failures")
    assert score[4] == pytest.approx(bins.rates()[0, 4])


def test_the_uniform_share_reaches_every_start(bins):
    spend(bins, [30], [True])
    chances = bins.chances(np.arange(145), "failures", 0.25)
    assert chances.sum() == pytest.approx(1.0)
    assert chances.min() >= 0.25 / 145


def test_progress_draws_where_the_rate_changes():
    bins = StartBins(START, LENGTH, frames=20, memory=2000)
    hopeless, solved, learning = 10, 50, 110
    for step in range(6000):
        fails = [step % 40 == 0, False, step % 40 == 0 and step < 5400]
        bins.record(np.array([hopeless, solved, learning]), np.array(fails))
    score = bins.scores("progress")
    assert score[5] > 3.0 * score[0]
    assert score[5] > 3.0 * score[2]


def pool_after(reference, draw, steps):
    settings = PoolSettings(0.25, draw=draw, bin_frames=10, first_write=6, period=4)
    pool = StatePool(reference, SIMS, JOINTS, settings)
    play(pool, reference, np.random.default_rng(0), steps)
    return pool


def play(pool, reference, rng, steps):
    """Draws and failures that follow from the pool and the random numbers alone."""
    drawn = []
    last = reference.start + reference.length - 1
    rows = pool.draw(np.arange(SIMS), rng)
    for _ in range(steps):
        failed = rng.random(SIMS) < 0.1 + 0.3 * (rows % 20 > 14)
        widths = pool.qpos.shape[1], pool.qvel.shape[1], JOINTS
        pool.record(rows, *(rng.normal(size=(SIMS, w)) for w in widths), failed=failed)
        ends = np.flatnonzero(failed | np.isin(rows, last))
        rows = np.minimum(rows + 1, last[-1])
        rows[ends] = pool.draw(ends, rng)
        drawn.append(rows.copy())
    return np.array(drawn)


@pytest.mark.parametrize("draw", ["failures", "progress"])
def test_a_restored_pool_goes_on_with_the_very_same_draws(reference, draw):
    pool = pool_after(reference, draw, 90)
    kept = {name: array.copy() for name, array in pool.state().items()}
    other = pool_after(reference, draw, 3)
    other.restore(kept)
    assert (other.bins.seen > 0).sum() > 10
    np.testing.assert_array_equal(other.bins.rates(), pool.bins.rates())
    rngs = np.random.default_rng(7), np.random.default_rng(7)
    for one in (pool, other):
        one._age[:] = 0  # a resumed run starts every simulation anew
    first = play(pool, reference, rngs[0], 120)
    np.testing.assert_array_equal(play(other, reference, rngs[1], 120), first)
    for name, array in pool.state().items():
        np.testing.assert_array_equal(other.state()[name], array, err_msg=name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draw": "best"}, "draw is 'best', expected one of uniform, failures, pro"),
        ({"uniform_share": 1.5}, "uniform_share is 1.5, expected a share"),
        ({"memory": 0}, "memory is 0, expected >= 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        PoolSettings(**changes).validate()
