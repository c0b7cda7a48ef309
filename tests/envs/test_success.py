import dataclasses

import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE, CHAIR, LIFT_BOX, SEAT, SMALL_BOX
from envs.success import (
    Trace,
    carried,
    lasts,
    lifted,
    longest_run,
    pushed,
    sat,
    stood_up,
)

DT = 0.02
T = 200
GOAL = np.array([2.0, 0.5, SMALL_BOX.half_size[2]])


def trace(obj=LIFT_BOX, goal=None, **paths):
    """A standing robot beside an object at rest on the floor."""
    flat = np.tile([1.0, 0.0, 0.0, 0.0], (T, 1))
    base = {
        "object_pos_w": np.tile([0.5, 0.0, obj.half_size[2]], (T, 1)),
        "object_quat_w": flat,
        "root_pos_w": np.tile([0.0, 0.0, 0.76], (T, 1)),
        "root_quat_w": flat,
    }
    return Trace(**{**base, **paths}, dt=DT, object=obj, goal_pos_w=goal)


def raised(rows, gain=0.3, obj=LIFT_BOX):
    pos = np.tile([0.5, 0.0, obj.half_size[2]], (T, 1))
    pos[50 : 50 + rows, 2] += gain
    return pos


def moved(to=GOAL, aloft=0.0):
    """From its start to a goal over rows 50 to 150, `aloft` above the floor."""
    share = np.clip((np.arange(T) - 50) / 100, 0.0, 1.0)[:, None]
    start = np.array([0.5, 0.0, SMALL_BOX.half_size[2]])
    pos = start + share * (np.asarray(to) - start)
    pos[60:140, 2] += aloft
    return pos


def fallen(last=1):
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (T, 1))
    quat[-last:] = [np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0]
    return quat


def test_lifted_is_held_for_a_second_by_a_standing_robot():
    assert lifted(trace(object_pos_w=raised(50)))
    assert not lifted(trace(object_pos_w=raised(49)))
    assert not lifted(trace(object_pos_w=raised(50, gain=0.25)))
    kneeling = np.tile([0.0, 0.0, 0.76], (T, 1))
    kneeling[80:, 2] = 0.4
    assert not lifted(trace(object_pos_w=raised(100), root_pos_w=kneeling))
    assert not lifted(trace(object_pos_w=raised(100), root_quat_w=fallen()))


def test_carried_needs_the_air_the_goal_and_rest():
    good = trace(SMALL_BOX, GOAL, object_pos_w=moved(aloft=0.3))
    assert carried(good)
    assert not carried(trace(SMALL_BOX, GOAL, object_pos_w=moved()))
    short = moved(GOAL - [0.31, 0.0, 0.0], aloft=0.3)
    assert not carried(dataclasses.replace(good, object_pos_w=short))
    sliding = moved(aloft=0.3)
    sliding[:, 0] += 0.2 * DT * np.arange(T) - 0.2 * DT * T
    assert not carried(dataclasses.replace(good, object_pos_w=sliding))
    assert not carried(dataclasses.replace(good, object_quat_w=fallen(60)))
    assert not carried(dataclasses.replace(good, root_quat_w=fallen()))


def test_pushed_stays_on_the_floor_and_moves():
    assert pushed(trace(SMALL_BOX, GOAL, object_pos_w=moved()))
    assert not pushed(trace(SMALL_BOX, GOAL, object_pos_w=moved(aloft=0.15)))
    assert not pushed(trace(SMALL_BOX, np.array([0.5, 0.1, 0.27])))


def test_a_goal_must_be_set_where_one_is_needed():
    with pytest.raises(ValueError, match="judged by its goal"):
        pushed(trace(SMALL_BOX, object_pos_w=moved()))


def test_stood_up_from_lying():
    quat = np.tile([np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0], (T, 1))
    pos = np.tile([0.4, 0.0, BOTTLE.half_size[0]], (T, 1))
    assert not stood_up(trace(BOTTLE, object_pos_w=pos, object_quat_w=quat))
    quat[100:], pos[100:, 2] = [1.0, 0.0, 0.0, 0.0], BOTTLE.half_size[2]
    assert stood_up(trace(BOTTLE, object_pos_w=pos, object_quat_w=quat))
    assert not stood_up(trace(BOTTLE))


def test_sat_over_the_seat_whatever_way_the_chair_faces():
    turn = rotations.from_yaw(np.full(T, 2.0))
    chair = np.tile([1.0, -0.5, CHAIR.half_size[2]], (T, 1))
    root = chair.copy()
    root[:, 2] = SEAT * CHAIR.size[2] + 0.12
    paths = {"object_pos_w": chair, "object_quat_w": turn}
    assert sat(trace(CHAIR, root_pos_w=root, **paths))
    assert not sat(trace(CHAIR, **paths))
    brief = root.copy()
    brief[40:, 2] = 0.76
    assert not sat(trace(CHAIR, root_pos_w=brief, **paths))
    shoved = np.linspace(0.0, 2.0, T)[:, None] * [1.0, 0.0, 0.0]
    paths["object_pos_w"] = chair + shoved
    assert not sat(trace(CHAIR, root_pos_w=root + shoved, **paths))


def turned_over(rows):
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (T, 1))
    quat[-rows:] = [np.sqrt(0.5), 0.0, np.sqrt(0.5), 0.0]
    return quat


BOX_FAILURES = {
    "robot fell": (carried, {"root_quat_w": fallen()}),
    "object left behind": (carried, {}),
    "not off the floor": (carried, {"object_pos_w": moved()}),
    "dropped": (carried, {"object_pos_w": raised(20, obj=SMALL_BOX)}),
    "not at the goal": (carried, {"object_pos_w": raised(90, obj=SMALL_BOX)}),
    "tipped over": (
        carried,
        {"object_pos_w": moved(aloft=0.3), "object_quat_w": turned_over(30)},
    ),
    "off the floor": (pushed, {"object_pos_w": moved(aloft=0.2)}),
    "not high enough": (lifted, {"object_pos_w": raised(90, 0.2, SMALL_BOX)}),
}


@pytest.mark.parametrize("cause", BOX_FAILURES)
def test_a_failure_has_a_cause_in_words(cause):
    criterion, paths = BOX_FAILURES[cause]
    assert criterion.cause(trace(SMALL_BOX, GOAL, **paths)) == cause


def test_what_succeeds_has_no_cause():
    good = trace(SMALL_BOX, GOAL, object_pos_w=moved(aloft=0.3))
    assert (carried.cause(good), carried(good)) == ("", True)
    assert pushed.cause(trace(SMALL_BOX, GOAL, object_pos_w=moved())) == ""


@pytest.mark.parametrize("criterion", [lifted, carried, pushed, stood_up, sat])
def test_values_that_are_not_finite_never_count(criterion):
    broken = np.full((T, 3), np.nan)
    assert not criterion(trace(SMALL_BOX, GOAL, object_pos_w=broken))


def test_an_episode_has_rows():
    empty = trace()
    with pytest.raises(ValueError, match="without a single row"):
        dataclasses.replace(empty, object_pos_w=empty.object_pos_w[:0])


def test_longest_run_counts_runs_at_both_ends():
    assert longest_run([]) == 0
    assert longest_run([False]) == 0
    assert longest_run([True, True, False, True]) == 2
    assert longest_run([True, False, True, True, True]) == 3
    assert lasts(np.ones(50), DT)
    assert not lasts(np.ones(49), DT)
