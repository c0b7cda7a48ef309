import numpy as np
import pytest

from perception.changes import begins, struck


@pytest.mark.parametrize("start", [9.0, 12.3, 15.7])
@pytest.mark.parametrize("power", [2.0, 3.0])
def test_a_power_of_time_is_drawn_back_to_where_it_was_nothing(start, power):
    way = 1e-3 * np.maximum(np.arange(40) - start, 0.0) ** power
    assert begins(way, 0.02, 0.2, power) == pytest.approx(start, abs=0.05)


def test_a_smoothest_motion_begins_within_two_frames():
    share = np.clip((np.arange(60) - 20) / 30, 0, 1)
    way = 0.6 * share**3 * (10 - 15 * share + 6 * share**2)
    way += np.random.default_rng(0).normal(0, 0.002, 60)
    assert begins(np.abs(way), 0.02, 0.2) == pytest.approx(20, abs=2)


def test_what_is_there_from_the_first_frame_began_with_it():
    assert begins(np.full(10, 0.5), 0.02, 0.2) == 0.0
    assert begins(np.zeros(10), 0.02, 0.2) == 0.0


@pytest.mark.parametrize("start", [8.0, 10.4])
@pytest.mark.parametrize("slowing", [0.0, 0.001, 0.003])
def test_a_strike_is_found_between_frames(start, slowing):
    time = np.maximum(np.arange(60) - start, 0.0)
    if slowing:
        time = np.minimum(time, 0.08 / slowing)
    way = 0.08 * time - 0.5 * slowing * time**2
    assert struck(way) == pytest.approx(start, abs=0.05)


def test_a_strike_in_key_frames_a_tenth_of_a_second_apart_is_too():
    time = np.minimum(np.maximum(np.arange(60) - 10.6, 0.0), 0.08 / 0.003)
    way = 0.08 * time - 0.0015 * time**2
    seen = np.interp(np.arange(60), np.arange(0, 60, 3), way[::3])
    assert struck(seen) == pytest.approx(10.6, abs=0.5)
