"""The ROS 2 nodes, on the stand-in for rclpy and, where it is installed, the real."""

from pathlib import Path

import numpy as np
import pytest

from deploy.wire.records import LowCmd, LowState
from tests.deploy.ros2 import ros as places

SHIPPED = Path(__file__).parents[3] / "assets/bundles/lift_box"


@pytest.fixture(params=["stand-in", "rclpy"])
def ros(request):
    if request.param == "rclpy" and not places.REAL:
        pytest.skip("rclpy is not installed: source ROS 2's setup.bash first")
    place = places.Real() if request.param == "rclpy" else places.StandIn()
    yield place
    place.close()


class Listener:
    """Raw LowCmds as the robot gets them, with their times."""

    def __init__(self, ros, place):
        kind = ros.module("unitree_hg.msg").LowCmd
        qos = ros.module("sugarmill_ros.qos")
        self.commands = []
        place.create_subscription(kind, "/lowcmd", self.take, qos.command(), raw=True)

    def take(self, data):
        self.commands.append(LowCmd.deserialize(bytes(data)))

    @property
    def damped(self):
        motors = self.commands[-1].record["motor_cmd"][:29]
        return not motors["kp"].any() and (motors["kd"] > 0).all()


@pytest.fixture
def trio(ros, bundle_path):
    """robot_sim, command_generator and command_tracker, configured; and a listener."""
    bundle = str(bundle_path)
    sim = ros.node("robot_sim", bundle=bundle)
    generator = ros.node("command_generator", bundle=bundle)
    tracker = ros.node("command_tracker", bundle=bundle, hardware=False, release=0.05)
    success = ros.module("rclpy.lifecycle").TransitionCallbackReturn.SUCCESS
    for node in (sim, generator, tracker):
        assert node.trigger_configure() == success
    return sim, generator, tracker, Listener(ros, sim), success


def run(ros, trio, seconds=0.5):
    sim, generator, tracker, _, success = trio
    for node in (sim, generator):
        assert node.trigger_activate() == success
    ros.advance(0.2)
    assert tracker.trigger_activate() == success
    ros.advance(seconds)
    return tracker.runner.safety


def test_three_nodes_run_a_skill_and_end_in_damping(ros, trio):
    sim, generator, tracker, listener, success = trio
    safety = run(ros, trio, 1.0)
    assert (str(safety.mode), safety.reason) == ("run", "")
    assert generator.core.answered >= 2
    assert tracker.runner.commands.refused == 0
    assert not listener.damped
    assert all(message.is_sealed() for message in listener.commands)
    assert sim.core.counts["rejected"] == 0
    assert tracker.trigger_deactivate() == success
    ros.advance(0.05)
    assert listener.damped
    assert sim.core.released is not None


def test_the_tracker_is_not_activated_without_a_robot(ros, trio):
    _, _, tracker, listener, success = trio
    ros.advance(0.2)
    assert tracker.trigger_activate() != success
    assert not listener.commands


def test_two_trackers_never_drive_one_robot(ros, trio, bundle_path):
    _, _, tracker, listener, success = trio
    run(ros, trio)
    rival = ros.node("command_tracker", bundle=str(bundle_path), hardware=False)
    assert rival.trigger_configure() == success
    assert rival.trigger_activate() != success
    ros.advance(0.5)
    assert "other writer" in tracker.runner.safety.reason
    assert listener.damped
    count = len(listener.commands)
    ros.advance(0.3)
    assert len(listener.commands) == count


def test_the_emergency_stop_latches(ros, trio):
    sim, _, tracker, listener, success = trio
    safety = run(ros, trio)
    kind = ros.module("std_msgs.msg").Bool
    outlet = sim.create_publisher(
        kind, "/estop", ros.module("sugarmill_ros.qos").latched()
    )
    outlet.publish(kind(data=True))
    ros.advance(0.1)
    assert safety.reason == "emergency stop on /estop"
    assert listener.damped
    outlet.publish(kind(data=False))
    assert tracker.trigger_deactivate() == success
    assert tracker.trigger_activate() != success


def test_a_robot_that_falls_silent_is_a_fault_in_the_diagnostics(ros, trio):
    sim, _, tracker, _, success = trio
    safety = run(ros, trio)
    assert sim.trigger_deactivate() == success
    ros.advance(0.2)
    assert "old" in safety.reason
    level, message, values = tracker.report()
    error = ros.module("diagnostic_msgs.msg").DiagnosticStatus.ERROR
    assert level == error
    assert safety.reason in message
    assert values["mode"] == "fault"


def test_a_silent_generator_ends_in_a_stand_and_no_fault(ros, trio):
    _, generator, tracker, _, success = trio
    safety = run(ros, trio)
    assert generator.trigger_deactivate() == success
    ros.advance(1.2)
    assert tracker.runner.commands.standing
    assert str(safety.mode) == "run"
    assert "generator silent" in tracker.report()[1]


def test_garbage_on_every_topic_moves_nothing(ros, trio):
    sim, _, tracker, listener, _ = trio
    outlets = sim._states, listener
    rng = np.random.default_rng(0)
    good = LowState().seal().serialize()
    for _ in range(300):
        data = bytearray(good)
        for place in rng.integers(0, len(data), 3):
            data[place] = rng.integers(256)
        outlets[0].publish(bytes(data[: rng.integers(0, len(data) + 1)]))
        ros.advance(0.001)
        tracker.backend.read()
    assert tracker.backend.read() is None
    assert not listener.commands
    assert sum(tracker.backend.refused.values()) > 50


def test_a_bundle_that_is_missing_is_one_line_in_the_log(ros):
    node = ros.node("command_generator")
    success = ros.module("rclpy.lifecycle").TransitionCallbackReturn.SUCCESS
    assert node.trigger_configure() != success


def test_mocap_poses_are_relayed_in_the_torsos_frame(ros, bundle_path):
    node = ros.node("object_tracker", bundle=str(bundle_path))
    success = ros.module("rclpy.lifecycle").TransitionCallbackReturn.SUCCESS
    assert node.trigger_configure() == node.trigger_activate() == success
    messages, qos = (
        ros.module("sugarmill_ros.messages"),
        ros.module("sugarmill_ros.qos"),
    )
    kind, seen = ros.module("geometry_msgs.msg").PoseStamped, []
    node.create_subscription(kind, "/object_pose", seen.append, qos.state())
    torso = node.create_publisher(kind, "/mocap/torso", qos.state())
    box = node.create_publisher(kind, "/mocap/object", qos.state())
    stamp = node.get_clock().now().to_msg()
    half = np.sqrt(0.5)
    for _ in range(5):
        torso.publish(
            messages.pose_stamped((1, 0, 1), (half, 0, 0, half), "mocap", stamp)
        )
        ros.advance(0.05)
        box.publish(messages.pose_stamped((1, 2, 1), (1, 0, 0, 0), "mocap", stamp))
        ros.advance(0.05)
    pos, quat = messages.pose_arrays(seen[-1])
    np.testing.assert_allclose(pos, [2.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(quat, [half, 0, 0, -half], atol=1e-12)
    assert seen[-1].header.frame_id == "torso_link"


def test_autostart_waits_for_the_robot(ros, bundle_path):
    bundle = str(bundle_path)
    tracker = ros.node("command_tracker", bundle=bundle, hardware=False, autostart=True)
    ros.advance(2.0)
    assert tracker.state_label == "inactive"
    ros.node("robot_sim", bundle=bundle, autostart=True)
    ros.node("command_generator", bundle=bundle, autostart=True)
    ros.advance(3.0)
    assert tracker.state_label == "active"


def test_the_shipped_skill_lifts_the_box_through_the_nodes(ros):
    bundle = str(SHIPPED)
    sim = ros.node("robot_sim", bundle=bundle, seed=3, autostart=True)
    ros.node("command_generator", bundle=bundle, autostart=True)
    tracker = ros.node("command_tracker", bundle=bundle, hardware=False, autostart=True)
    ros.advance(9.0)
    assert tracker.runner.safety.reason == ""
    assert sim.core.recorder.result()["success"]


def test_contract_values_are_parameters_that_nobody_may_change(ros, trio):
    tracker = trio[2]
    assert tracker.get_parameter("contract.control_hz").value == 50.0
    assert tracker.describe_parameter("contract.kp").read_only
    assert tracker.describe_parameter("release").description
