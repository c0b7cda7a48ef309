"""A skill that brings its object somewhere is told where, all the way to the plan."""

import dataclasses

import numpy as np
import pytest

from assets import rotations
from deploy.backend import GoalPose
from deploy.bags.replay import replay
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode
from deploy.dds.ros_messages import JointState_
from deploy.planning.command_generator import GeneratorCore
from deploy.planning.plan_messages import channels, fill_request
from deploy.planning.planner import InlinePlanner, Request
from deploy.robots import known_robot
from deploy.session.run import run_bundle
from deploy.simulation.mujoco_backend import MujocoBackend
from deploy.simulation.simulated_robot import World
from policies.bundle import Bundle
from policies.contract import Goal
from tests.bundles import make_bundle
from tests.deploy.real_time import run_in_real_time
from tests.deploy.ros2 import ros as places

GOAL = Goal((1.4, -0.3, 0.25), (1.0, 0.0, 0.0, 0.0))
ELSEWHERE = (2.0, 0.5, 90.0)
ELSEWHERE_IN_WORLD = {"goal": ELSEWHERE, "world": World()}
POS, QUAT = np.array([0.4, 0.1, -0.5]), np.array([1.0, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def goal_path(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("goal"), GOAL)


@pytest.fixture(scope="module")
def bundle(goal_path):
    return Bundle.load(goal_path)


class Noting:
    """A generator, and what it was asked."""

    def __init__(self, generator):
        self.generator, self.inputs = generator, []

    def __call__(self, obs):
        self.inputs.append(obs)
        return self.generator(obs)


@pytest.mark.parametrize("goal", [None, ELSEWHERE])
def test_the_generator_sees_the_goal_from_where_the_robot_is(bundle, goal):
    contract = bundle.contract.with_goal(goal)
    robot, noting = known_robot(contract), Noting(bundle.generator)
    backend = MujocoBackend(contract, robot)
    runner = PolicyRunner(bundle, robot, planner=InlinePlanner(noting))
    runner.stand(backend.read(), backend.time)
    runner.activate(backend.read(), backend.time)
    sim, expected = backend.sim, []
    for _ in range(45):
        state, place = backend.read(), sim.data.body(robot.anchor_body)
        target = np.array(contract.goal.pos_w)
        pos, _ = rotations.relative(place.xpos, place.xquat, target, QUAT)
        before = len(noting.inputs)
        backend.write(runner.step(state, backend.time))
        expected += [pos] * (len(noting.inputs) - before)
    assert len(noting.inputs) == 1 + len(expected) == 3
    for asked, pos in zip(noting.inputs[1:], expected, strict=True):
        np.testing.assert_allclose(asked[0, 9:12], pos, atol=1e-5)


def test_nobody_is_driven_towards_an_unknown_goal(bundle, make_state):
    robot = known_robot(bundle.contract)
    runner = PolicyRunner(bundle, robot)
    runner.stand(make_state(), 0.0)
    with pytest.raises(ValueError, match="needs a goal, none arrives on /goal_pose"):
        runner.activate(make_state(), 0.0)
    with pytest.raises(ValueError, match="needs a goal"):
        runner.activate(make_state(goal=GoalPose(POS, QUAT, -0.6)), 0.0)
    runner.activate(make_state(goal=GoalPose(POS, QUAT, -0.1)), 0.0)
    assert runner.safety.mode is Mode.BLEND


def test_a_goal_that_falls_silent_brings_the_robot_to_a_stand(bundle):
    robot = known_robot(bundle.contract)
    backend = MujocoBackend(bundle.contract, robot)
    runner = PolicyRunner(bundle, robot)
    last = backend.read()
    assert last is not None
    runner.stand(last, backend.time)
    runner.activate(last, backend.time)
    for _ in range(75):
        state = backend.read()
        assert state is not None
        heard = dataclasses.replace(state, goal=last.goal)
        backend.write(runner.step(heard, backend.time))
    assert runner.commands.standing
    assert runner.safety.mode is Mode.RUN


def test_a_bag_with_a_goal_replays_bit_for_bit(goal_path, tmp_path):
    options = {"bag": tmp_path / "bag", "quiet": True, **ELSEWHERE_IN_WORLD}
    run_bundle(goal_path, "mujoco", 1.5, **options)
    found = replay(tmp_path / "bag/episode_0", goal_path)
    assert found.cycles >= 75
    assert (found.different, found.first) == (0, "")


def test_a_goal_travels_over_dds(goal_path):
    """Robot, generator and loop are three processes; without a goal nobody plans."""
    run = run_in_real_time(goal_path, 1.5, 75, **ELSEWHERE_IN_WORLD)
    episode = run.episodes[0]
    assert (episode.mode, episode.cycles) == (Mode.DAMP, 75), episode.reason
    assert episode.sim["why"] in ("object left behind", "robot fell")


def test_a_generator_elsewhere_needs_a_fresh_goal(bundle):
    core = GeneratorCore(bundle)
    command = np.zeros(37, np.float32)
    request = Request(1, command, POS, QUAT)
    message = fill_request(JointState_(), request, channels(bundle.contract))
    core.pose("torso_link", POS, QUAT, 0.0)
    assert core.answer(message, 0.1) is None
    core.goal("world", POS, QUAT, 0.0)
    core.goal("torso_link", POS * np.inf, QUAT, 0.0)
    assert core.answer(message, 0.1) is None
    core.goal("torso_link", POS, QUAT, 0.0)
    assert core.answer(message, 0.4) is not None
    core.pose("torso_link", POS, QUAT, 1.0)
    assert core.answer(message, 1.0) is None


def test_a_skill_without_goal_takes_none(bundle_path):
    with pytest.raises(ValueError, match="brings nothing anywhere; it takes no goal"):
        run_bundle(bundle_path, goal=ELSEWHERE, quiet=True)
    with pytest.raises(ValueError, match="is not finite"):
        make = Bundle.load(bundle_path).contract
        dataclasses.replace(make, goal=GOAL).with_goal((np.nan, 0.0, 0.0))


def test_three_nodes_pass_the_goal_on(goal_path):
    place = places.StandIn()
    try:
        names = ("robot_sim", "command_generator", "command_tracker")
        options = {"command_tracker": {"hardware": False, "release": 0.05}}
        nodes = [
            place.node(name, bundle=str(goal_path), **options.get(name, {}))
            for name in names
        ]
        for node in nodes:
            node.trigger_configure()
        sim, generator, tracker = nodes
        for node in (sim, generator):
            node.trigger_activate()
        place.advance(0.2)
        tracker.trigger_activate()
        place.advance(1.0)
        assert str(tracker.runner.safety.mode) == "run"
        assert generator.core.answered >= 2
        assert not generator.core.inbox.refused
        assert not tracker.runner.commands.standing
    finally:
        place.close()
