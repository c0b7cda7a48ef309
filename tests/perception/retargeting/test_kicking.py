import numpy as np
import pytest

from perception.prior import RATE
from perception.retargeting.kicking import (
    BEHIND,
    FORTH,
    LAND,
    PASSED_ON,
    RISE,
    TOUCH,
    _letting_go,
    _swing_for,
)

GRAVITY = 9.81


@pytest.mark.parametrize("friction", [0.15, 0.25, 0.4])
@pytest.mark.parametrize("length", [0.8, 1.4, 2.2])
def test_the_foot_lets_go_at_the_speed_that_friction_turns_into_the_rest(
    length, friction
):
    swing = _swing_for(length, friction, 0.2)
    last, way, speed = _letting_go(swing[:, 0])
    stopping = speed**2 / (2.0 * friction * GRAVITY)
    assert way + stopping == pytest.approx(length, rel=0.075)  # whole frames
    assert 0.0 < way < 0.3
    steps = np.diff(swing[:, 0]) * RATE
    assert PASSED_ON * steps.max() <= 1.05 * speed
    touch = int(np.argmax(swing[:, 0] > TOUCH))
    assert touch <= last
    assert swing[-1, 0] == pytest.approx(LAND, abs=0.01)
    assert swing[[0, -1], 1] == pytest.approx([0.0, 0.0], abs=0.01)


@pytest.mark.parametrize(("length", "friction"), [(0.8, 0.15), (1.4, 0.25), (2.2, 0.4)])
def test_a_slow_foot_is_no_longer_in_the_air(length, friction):
    last, _, _ = _letting_go(_swing_for(length, friction, 0.2)[:, 0])
    assert last / RATE <= RISE / RATE + FORTH + 0.05  # the course is rounded


def test_the_slower_the_foot_the_less_far_behind_it_starts():
    starts = [_swing_for(length, 0.15, 0.2)[0, 0] for length in (0.8, 1.4, 4.0)]
    assert starts[0] > starts[1] + 0.1 > starts[2] + 0.1
    assert starts[2] == pytest.approx(BEHIND, abs=0.01)


def test_a_short_slide_is_still_a_kick():
    _, _, speed = _letting_go(_swing_for(0.3, 0.1, 0.2)[:, 0])
    assert speed == pytest.approx(1.0, rel=0.02)
