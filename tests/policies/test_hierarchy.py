import dataclasses

import numpy as np
import pytest

from assets import rotations
from envs.observations import Sense, generator_layout, size, tracker_layout
from policies.hierarchy import Hierarchy
from tests.bundles import make_contract

J, COMMAND = 29, 37
CONTRACT = make_contract()
PERIOD = CONTRACT.execute * CONTRACT.ticks_per_command


def make_sense(num, seed=0):
    rng = np.random.default_rng(seed)
    return Sense(
        joint_pos=rng.normal(size=(num, J)),
        joint_vel=rng.normal(size=(num, J)),
        imu_quat_w=rotations.normalize(rng.normal(size=(num, 4))),
        imu_gyro_b=rng.normal(size=(num, 3)),
        object_pos_b=rng.normal(size=(num, 3)),
        object_quat_b=rotations.normalize(rng.normal(size=(num, 4))),
    )


class Recorder:
    """A generator with made-up plans, and the inputs it was given."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.inputs, self.plans = [], []

    def __call__(self, obs):
        shape = (len(obs), CONTRACT.horizon, COMMAND)
        self.inputs.append(obs)
        self.plans.append(self.rng.normal(size=shape).astype(np.float32))
        return self.plans[-1]


def still(obs):
    return np.zeros((len(obs), J), np.float32)


def driven(num, ticks, generator, tracker=still):
    made = Hierarchy(CONTRACT, tracker, generator, num)
    made.reset(make_sense(num))
    commands = []
    for tick in range(ticks):
        made.step(make_sense(num, tick))
        commands.append(made.command.copy())
    return made, np.array(commands)


def test_commands_pass_through_the_plans_knots():
    generator = Recorder()
    _, commands = driven(2, 3 * PERIOD, generator)
    for index, plan in enumerate(generator.plans):
        for k in range(CONTRACT.execute):
            tick = index * PERIOD + (k + 1) * CONTRACT.ticks_per_command - 1
            np.testing.assert_allclose(commands[tick], plan[:, k], atol=1e-6)


def test_commands_move_evenly_between_knots():
    generator = Recorder()
    _, commands = driven(1, 2 * PERIOD, generator)
    knots = [CONTRACT.initial_command]
    for plan in generator.plans:
        knots += list(plan[0, : CONTRACT.execute])
    ticks = CONTRACT.ticks_per_command
    at = np.arange(1, 2 * PERIOD + 1) / ticks
    for column in range(COMMAND):
        line = np.interp(at, np.arange(len(knots)), np.array(knots)[:, column])
        np.testing.assert_allclose(commands[:, 0, column], line, atol=1e-5)


def test_a_plan_is_made_every_period_from_the_command_in_force():
    generator = Recorder()
    made, commands = driven(3, 2 * PERIOD + 1, generator)
    assert len(generator.plans) == 3
    start = size(generator_layout(J)) - COMMAND
    initial = np.tile(CONTRACT.initial_command, (3, 1))
    np.testing.assert_allclose(generator.inputs[0][:, start:], initial, atol=1e-6)
    seen = generator.inputs[1][:, start:]
    np.testing.assert_array_equal(seen, commands[PERIOD - 1])
    np.testing.assert_array_equal(made.tick, 2 * PERIOD + 1)


def row(sense, index):
    values = {f.name: getattr(sense, f.name) for f in dataclasses.fields(Sense)}
    return Sense(**{k: v[[index]] for k, v in values.items() if v is not None})


def linear(width, shape, seed):
    """A fixed linear network `(N, width)` to `(N, *shape)`."""
    weight = np.random.default_rng(seed).normal(size=(width, int(np.prod(shape))))
    weight = (0.01 * weight).astype(np.float32)
    return lambda x: (x @ weight).reshape(-1, *shape)


TRACKER = linear(size(tracker_layout(J, CONTRACT.history)), (J,), 1)
GENERATOR = linear(size(generator_layout(J)), (CONTRACT.horizon, COMMAND), 2)


def test_robots_do_not_hear_each_other():
    num, ticks = 3, PERIOD + 7
    together = Hierarchy(CONTRACT, TRACKER, GENERATOR, num)
    alone = [Hierarchy(CONTRACT, TRACKER, GENERATOR, 1) for _ in range(num)]
    together.reset(make_sense(num))
    for index, one in enumerate(alone):
        one.reset(row(make_sense(num), index))
    for tick in range(ticks):
        sense = make_sense(num, tick)
        targets = together.step(sense)
        each = [one.step(row(sense, i))[0] for i, one in enumerate(alone)]
        np.testing.assert_allclose(targets, each, atol=1e-5)


def test_a_reset_robot_starts_anew_and_the_others_go_on():
    num, ticks = 3, 13
    made, twin = (Hierarchy(CONTRACT, TRACKER, GENERATOR, num) for _ in range(2))
    fresh = Hierarchy(CONTRACT, TRACKER, GENERATOR, num)
    for one in (made, twin):
        one.reset(make_sense(num))
        for tick in range(ticks):
            one.step(make_sense(num, tick))
    again = make_sense(num, 99)
    made.reset(again, np.array([1]))
    fresh.reset(again)
    for tick in range(PERIOD + 3):
        sense = make_sense(num, 100 + tick)
        seen, kept, new = (one.step(sense) for one in (made, twin, fresh))
        np.testing.assert_array_equal(seen[[0, 2]], kept[[0, 2]])
        np.testing.assert_array_equal(seen[1], new[1])
        assert not np.array_equal(seen[1], kept[1])


def test_targets_are_the_commands_joints_and_the_scaled_action():
    def one(obs):
        return np.ones((len(obs), J), np.float32)

    made = Hierarchy(CONTRACT, one, Recorder(), 2)
    made.reset(make_sense(2))
    targets = made.step(make_sense(2))
    expected = made.command[:, :J] + np.asarray(CONTRACT.action_scale, np.float32)
    np.testing.assert_allclose(targets, expected, atol=1e-6)


def test_the_tracker_sees_its_last_action_in_the_newest_frame():
    seen = []

    def count(obs):
        seen.append(obs)
        return np.full((len(obs), J), float(len(seen)), np.float32)

    driven(1, 3, Recorder(), count)
    frame = 6 + 3 * J
    newest = COMMAND + (CONTRACT.history - 1) * frame
    actions = [obs[0, newest + 3 + 2 * J] for obs in seen]
    assert actions == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("num", [1, 4])
def test_targets_have_a_row_per_robot(num):
    made = Hierarchy(CONTRACT, TRACKER, GENERATOR, num)
    made.reset(make_sense(num))
    assert made.step(make_sense(num)).shape == (num, J)
