import numpy as np
import pytest

from deploy.dds.ros_messages import JointState_, JointTrajectory_, JointTrajectoryPoint_
from deploy.planning.command_generator import GeneratorCore
from deploy.planning.plan_link import PlanServer, TopicPlanner
from deploy.planning.plan_messages import (
    channels,
    fill_plan,
    fill_request,
    read_plan,
    read_request,
)
from deploy.planning.planner import InlinePlanner, Plan, Request
from policies.bundle import Bundle
from tests.bundles import make_contract
from tests.deploy.waiting import until

CONTRACT = make_contract()
NAMES = channels(CONTRACT)
POS, QUAT = np.array([0.4, 0.1, -0.5]), np.array([1.0, 0.0, 0.0, 0.0])


def some(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_channels_name_every_value_of_a_command_once():
    assert len(NAMES) == len(set(NAMES)) == len(CONTRACT.initial_command)
    assert NAMES[:29] == list(CONTRACT.robot.joint_names)
    assert NAMES[-1] == "progress"


def test_requests_and_plans_survive_the_wire_whatever_the_order_of_names():
    request = Request(12, some(37), POS, QUAT)
    message = fill_request(JointState_(), request, NAMES)
    order = np.random.default_rng(1).permutation(37)
    message.name = [message.name[i] for i in order]
    message.position = [message.position[i] for i in order]
    kept = read_request(JointState_.deserialize(message.serialize()), NAMES, POS, QUAT)
    assert kept.serial == 12
    np.testing.assert_array_equal(kept.command, request.command)
    plan = Plan(13, some((8, 37)))
    made = fill_plan(JointTrajectory_(), JointTrajectoryPoint_, plan, CONTRACT)
    times = [
        p.time_from_start.nanosec + 10**9 * p.time_from_start.sec for p in made.points
    ]
    assert times == [100_000_000 * k for k in range(1, 9)]
    kept = read_plan(JointTrajectory_.deserialize(made.serialize()), NAMES)
    assert kept.serial == 13
    np.testing.assert_array_equal(kept.commands, plan.commands)


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda m: m.name.pop(), "no 'progress'"),
        (lambda m: m.name.append("tail"), "names twice, or too many"),
        (lambda m: m.name.__setitem__(3, m.name[4]), "no 'left_knee_joint'"),
        (lambda m: m.position.pop(), "length"),
        (lambda m: m.position.__setitem__(0, float("nan")), "not finite"),
        (lambda m: m.position.__setitem__(0, 1e300), "not finite"),
        (lambda m: setattr(m.header, "frame_id", "-1"), "not a request's number"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_a_request_that_is_none_is_named(spoil, match):
    message = fill_request(JointState_(), Request(1, some(37), POS, QUAT), NAMES)
    spoil(message)
    with pytest.raises(ValueError, match=match):
        read_request(message, NAMES, POS, QUAT)


def test_a_generator_elsewhere_answers_as_one_inside(bundle_path, domain):
    bundle = Bundle.load(bundle_path)
    core = GeneratorCore(bundle)
    server, planner = (
        PlanServer(core, domain, None),
        TopicPlanner(CONTRACT, domain, None),
    )
    assert until(planner.ready)
    request, found, inline = Request(5, some(37), POS, QUAT), [], None
    core.pose("torso_link", POS, QUAT, 0.0)

    def exchange():
        planner.ask(request)
        server.serve_once(0.1)
        found.append(planner.answer())
        return found[-1]

    assert until(exchange)
    inline = InlinePlanner(bundle.generator)
    inline.ask(request)
    expected = inline.answer()
    assert expected is not None
    assert found[-1].serial == 5
    np.testing.assert_array_equal(found[-1].commands, expected.commands)


def test_without_a_fresh_object_there_is_no_plan(bundle_path):
    core = GeneratorCore(Bundle.load(bundle_path))
    message = fill_request(JointState_(), Request(1, some(37), POS, QUAT), NAMES)
    assert core.answer(message, 0.0) is None
    core.pose("camera", POS, QUAT, 0.0)
    core.pose("torso_link", POS * np.nan, QUAT, 0.0)
    assert core.answer(message, 0.0) is None
    core.pose("torso_link", POS, QUAT, 0.0)
    assert core.answer(message, 0.4) is not None
    assert core.answer(message, 0.6) is None
