"""Walking: paths, footsteps, rolling soles, and a body that does not fall over."""

import itertools

import mujoco
import numpy as np
import pytest

from assets.actor.actor import Actor, make_spec
from perception.studio import gait, route
from perception.studio.timeline import Timeline, ease

GOALS = [(1.5, 0.0, 0.0), (1.2, 0.6, 0.9), (0.3, -0.1, -0.2), (-0.5, 1.0, 2.5)]


@pytest.fixture(scope="module")
def model():
    return make_spec(Actor()).compile()


@pytest.fixture
def way(model):
    return route.draw_gait(model, np.random.default_rng(2))


START = route.station(np.zeros(2), 0.0, 0.1)


def goal(x, y, heading):
    return route.station(np.array([x, y]), heading, 0.13)


@pytest.mark.parametrize("at", GOALS)
def test_a_path_ends_where_it_should_with_no_step_too_long(way, at):
    stations = route.path(START, goal(*at), way)
    np.testing.assert_allclose(stations[-1, :2], at[:2], atol=1e-9)
    assert np.cos(stations[-1, 2] - at[2]) == pytest.approx(1.0, abs=1e-3)
    assert stations[-1, 3] == 0.13
    steps = np.diff(np.vstack([START, stations])[:, :2], axis=0)
    assert np.linalg.norm(steps, axis=1).max() <= way.length + 1e-9


def test_a_turn_keeps_within_what_a_step_can_turn():
    stations = route.turn(START, goal(0.1, 0.0, np.pi), most=0.9)
    turned = np.diff(np.concatenate([[0.0], stations[:, 2]]))
    assert 0.0 < turned.max() <= 0.9
    np.testing.assert_allclose(stations[-1], goal(0.1, 0.0, np.pi))


@pytest.mark.parametrize("first", [0, 1])
def test_feet_take_turns_and_close_at_the_end(way, first):
    stations = route.path(START, goal(*GOALS[0]), way)
    steps = route.footsteps(way, stations, 0.5, first)
    assert steps[0].start == 0.5
    assert [s.side for s in steps] == [(first + i) % 2 for i in range(len(steps))]
    for before, after in itertools.pairwise(steps):
        assert after.start - before.end == pytest.approx(way.double)
    for step in steps[-2:]:
        at, _ = route.foothold(way, stations[-1], step.side)
        np.testing.assert_array_equal(step.pos_w, at)
    assert route.duration(way, stations) == pytest.approx(
        steps[-1].end + way.double - 0.5
    )


@pytest.mark.parametrize("pitch", [-0.4, -0.1, 0.0, 0.2, 0.5])
def test_a_rolling_sole_touches_the_floor_with_heel_or_toe_in_its_place(model, pitch):
    sole = model.geom("l_sole")
    corners = sole.pos + sole.size * np.array([[1, 1, -1], [-1, 1, -1]])
    flat = np.array([[0.3, -0.2]])
    yaw, zero = np.array([0.7]), np.zeros(1)
    placed = []
    for angle in (pitch, 0.0):
        ankle, quat = gait.rolled(model, flat, yaw, np.array([angle]), zero)
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, quat[0])
        placed.append(ankle[0] + corners @ matrix.reshape(3, 3).T)
    rolled, standing = placed
    pivot = 0 if pitch > 0.0 else 1
    np.testing.assert_allclose(rolled[pivot], standing[pivot], atol=1e-9)
    assert rolled[:, 2].min() == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(standing[:, 2], 0.0, atol=1e-9)


@pytest.mark.parametrize("at", GOALS)
def test_the_pendulum_over_the_feet_starts_and_ends_at_rest_between_them(
    model, way, at
):
    stations = route.path(START, goal(*at), way)
    steps = route.footsteps(way, stations, 0.6, 0)
    t = np.arange(0.0, steps[-1].end + 1.6, 1 / 30)
    feet = gait.walk(model, way, START, steps, t)
    middle = feet.ankle_pos_w[..., :2].mean(axis=1)
    for end in (0, -1):
        assert np.linalg.norm(feet.com_w[end] - middle[end]) < 0.06
    speed = np.linalg.norm(np.diff(feet.com_w, axis=0), axis=1) * 30
    assert speed[0] < 0.1
    assert speed[-1] < 0.02
    assert 0.3 < speed.max() < 1.8
    assert np.cos(feet.heading[-1] - at[2]) == pytest.approx(1.0, abs=1e-3)


def test_a_gait_grows_with_the_legs():
    lengths = []
    for height in (1.55, 1.95):
        model = make_spec(Actor(height=height)).compile()
        lengths.append(route.draw_gait(model, np.random.default_rng(0)).length)
    assert lengths[1] / lengths[0] == pytest.approx(1.95 / 1.55)


def test_phases_follow_each_other():
    time = Timeline(still=0.5, up=1.0, down=2.0)
    assert time.total == 3.5
    assert (time.start("up"), time.end("up")) == (0.5, 1.5)
    t = time.frames(20.0)
    assert len(t) == 70
    level = time.between(t, "up", "down")
    assert level[0] == 0.0
    assert level[t == 1.5] == 1.0
    assert (np.diff(level[t <= 1.5]) >= 0.0).all()
    assert time.ease(t, "up", wait=0.5)[t <= 1.0].max() == 0.0
    assert time.ease(t, "up", early=0.5)[t >= 1.0].min() == 1.0


def test_ease_has_no_speed_and_no_acceleration_at_its_ends():
    step = 1e-4
    for end in (0.0, 1.0):
        values = ease(np.array([end - step, end, end + step]), 0.0, 1.0)
        assert np.abs(np.diff(values)).max() / step < 1e-6
        assert abs(np.diff(values, n=2)[0]) / step**2 < 0.1
