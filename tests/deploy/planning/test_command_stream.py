import time

import numpy as np
import pytest

from deploy.control.runner import PolicyRunner
from deploy.planning.command_stream import CommandStream
from deploy.planning.planner import InlinePlanner, Plan, ThreadPlanner
from deploy.robots import known_robot
from policies.bundle import Bundle
from policies.hierarchy import Hierarchy
from tests.bundles import make_contract
from tests.deploy.waiting import until
from tests.policies.test_hierarchy import Recorder, make_sense, still

CONTRACT = make_contract()
J, C = 29, 37
POS, QUAT = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
PERIOD = CONTRACT.execute * CONTRACT.ticks_per_command


class Gentle(Recorder):
    """Made-up plans that a robot could follow."""

    def __call__(self, obs):
        self.plans.append(np.float32(0.1) * super().__call__(obs))
        del self.plans[-2]
        return self.plans[-1]


def driven(plans, ticks, delay=0):
    """Commands of a stream whose generator takes `delay` ticks for each plan."""
    stream, due, commands = CommandStream(CONTRACT), [], []
    plans = iter(plans)

    def ask(tick):
        request = stream.request(POS, QUAT)
        if request is not None:
            due.append((tick + delay, Plan(request.serial, next(plans))))

    ask(-1)
    for tick in range(ticks):
        while due and due[0][0] < tick:
            stream.offer(due.pop(0)[1])
        commands.append(stream.next().copy())
        ask(tick)
    return stream, np.array(commands)


def asked(stream, pos=POS):
    request = stream.request(pos, QUAT)
    assert request is not None
    return request


def made_up(seed=0):
    rng = np.random.default_rng(seed)
    while True:
        yield 0.1 * rng.normal(size=(CONTRACT.horizon, C)).astype(np.float32)


def test_a_generator_in_time_gives_the_hierarchys_commands():
    """The stream of one robot is the batched hierarchy's interpolation, bit for bit."""
    recorder = Gentle()
    batch = Hierarchy(CONTRACT, still, recorder, 1)
    batch.reset(make_sense(1))
    expected = []
    for tick in range(3 * PERIOD):
        batch.step(make_sense(1, tick))
        expected.append(batch.command[0].copy())
    _, commands = driven([plan[0] for plan in recorder.plans] + [None], 3 * PERIOD)
    np.testing.assert_array_equal(commands, expected)


@pytest.mark.parametrize("delay", [1, 5, 14])
def test_a_late_plan_is_waited_for_and_nothing_jumps(delay):
    stream, commands = driven(made_up(), 6 * PERIOD, delay)
    _, prompt = driven(made_up(), 6 * PERIOD)
    assert stream.held > 0
    assert not stream.standing
    steps = np.abs(np.diff(commands, axis=0)).max()
    assert steps <= np.abs(np.diff(prompt, axis=0)).max() + 1e-6


def test_a_generator_that_stays_away_ends_in_a_stand():
    stream, commands = CommandStream(CONTRACT), []
    request = asked(stream)
    stream.offer(Plan(request.serial, next(made_up())))
    commands += [stream.next().copy() for _ in range(6 * PERIOD)]
    held = np.array(commands[PERIOD - 1 : PERIOD + 15])
    np.testing.assert_array_equal(held, np.broadcast_to(held[0], held.shape))
    assert stream.standing
    np.testing.assert_allclose(
        commands[-1][:J], CONTRACT.initial_command[:J], atol=1e-6
    )
    assert not commands[-1][J : J + 6].any()
    np.testing.assert_array_equal(commands[-1][J + 6 :], held[0][J + 6 :])
    largest = np.abs(held[0] - commands[-1]).max() / 50
    assert np.abs(np.diff(commands[PERIOD:], axis=0)).max() <= largest * 1.01
    stream.offer(Plan(request.serial + 1, next(made_up())))
    assert (stream.next() == commands[-1]).all()


def test_answers_that_are_of_no_use_are_refused():
    stream = CommandStream(CONTRACT)
    request = asked(stream)
    good = next(made_up())
    for bad in (good[:3], good[:, :36], good[0], good * np.nan, good + 30.0):
        stream.offer(Plan(request.serial, bad))
    stream.offer(Plan(request.serial - 1, good))
    assert stream.refused == 6
    before = stream.command.copy()
    np.testing.assert_array_equal(stream.next(), before)


def test_thread_and_inline_planners_give_the_same_plans(bundle_path):
    bundle = Bundle.load(bundle_path)
    request = asked(CommandStream(CONTRACT), np.array([0.4, 0.1, -0.5]))
    inline, thread = InlinePlanner(bundle.generator), ThreadPlanner(bundle.generator)
    for planner in (inline, thread):
        planner.ask(request)
    found = []
    assert until(lambda: found.append(thread.answer()) or found[-1])
    expected = inline.answer()
    assert expected is not None
    assert found[-1].serial == expected.serial == request.serial
    np.testing.assert_array_equal(found[-1].commands, expected.commands)
    assert inline.answer() is thread.answer() is None
    thread.close()
    thread.close()
    assert until(lambda: not thread._thread.is_alive())


def test_a_slow_generator_never_makes_the_loop_wait(bundle_path, make_state):
    bundle = Bundle.load(bundle_path)
    release = []

    def stuck(obs):
        while not release:
            time.sleep(0.001)
        raise RuntimeError("generator broke")

    planner = ThreadPlanner(stuck)
    robot = known_robot(bundle.contract)
    runner = PolicyRunner(bundle, robot, planner=planner)
    pose = runner.start_pose.copy()
    runner.stand(make_state(joint_pos=pose), 0.0)
    for cycle in range(30):
        now, gyro = 0.02 * cycle, np.full(3, 1e-3 * cycle)
        state = make_state(joint_pos=pose, stamp=now, object_stamp=now, imu_gyro_b=gyro)
        if cycle == 0:
            runner.activate(state, now)
        runner.step(state, now)
    assert runner.commands.standing
    release.append(True)
    assert until(lambda: not planner._made.empty())
    with pytest.raises(RuntimeError, match="generator broke"):
        planner.answer()
