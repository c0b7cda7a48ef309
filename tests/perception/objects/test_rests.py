import numpy as np
import pytest

from perception.objects.rests import last_at_rest, set_down

TIME = np.arange(60) / 10


def along(x):
    return np.stack([x, 0 * x, 0 * x], axis=1)


def test_wobbling_about_a_rest_is_not_leaving_it():
    way = 0.03 * np.sin(np.arange(60.0)) ** 2
    way[40:] = 0.05 * np.arange(1, 21)
    assert last_at_rest(10, along(way)) == pytest.approx(40, abs=2)


@pytest.mark.parametrize("way", [np.zeros(60), 0.01 * np.ones(60)])
def test_what_never_leaves_keeps_its_start(way):
    assert last_at_rest(10, along(way)) == 10


def test_what_leaves_at_once_keeps_its_start():
    way = np.concatenate([np.zeros(20), 0.1 * np.arange(40)])
    assert last_at_rest(20, along(way)) == 20


def test_what_is_set_down_lies_still_though_it_seems_to_drift():
    high = np.interp(TIME, [2, 3, 4, 5], [0, 0.8, 0.8, 0])
    drift = np.where(TIME > 5, 0.15 * (TIME - 5), 0.0)
    down = set_down(20, high, along(drift), TIME)
    assert np.flatnonzero(down)[0] == pytest.approx(50, abs=1)
    assert down[50:].all()


def test_what_stays_in_the_hands_or_on_the_floor_was_not_set_down():
    lifted = np.interp(TIME, [2, 3], [0, 0.8])
    assert not set_down(20, lifted, along(0 * TIME), TIME).any()
    assert not set_down(20, 0.02 + 0 * TIME, along(0 * TIME), TIME).any()
