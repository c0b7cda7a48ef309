"""The simulation's launch file on a real ROS 2: three nodes come up and drive."""

import os
import time
import unittest
from pathlib import Path

import launch
import launch_testing.actions
import pytest
import rclpy
from ament_index_python.packages import get_package_share_directory
from diagnostic_msgs.msg import DiagnosticArray
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

BUNDLE = os.environ.get("SUGARMILL_BUNDLE", "")
PATIENCE = 60.0


@pytest.mark.launch_test
def generate_test_description() -> launch.LaunchDescription:
    """The launch file as a user starts it."""
    share = Path(get_package_share_directory("sugarmill_ros"))
    source = PythonLaunchDescriptionSource(
        str(share / "launch" / "simulation.launch.py")
    )
    nodes = IncludeLaunchDescription(
        source, launch_arguments={"bundle": BUNDLE}.items()
    )
    return launch.LaunchDescription([nodes, launch_testing.actions.ReadyToTest()])


@unittest.skipUnless(BUNDLE, "set SUGARMILL_BUNDLE to a bundle's folder")
class TestSimulation(unittest.TestCase):
    """What the diagnostics say while it runs."""

    def test_the_tracker_reaches_run(self) -> None:
        """Diagnostics name the mode; it becomes 'run' with no fault on the way."""
        os.environ["ROS_LOCALHOST_ONLY"] = "1"
        rclpy.init()
        node = rclpy.create_node("watcher")
        modes: list[str] = []

        def take(message: DiagnosticArray) -> None:
            for status in message.status:
                modes.extend(v.value for v in status.values if v.key == "mode")

        node.create_subscription(DiagnosticArray, "/diagnostics", take, 10)
        end = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < end and "run" not in modes:
                rclpy.spin_once(node, timeout_sec=0.1)
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
        self.assertIn("run", modes)
        self.assertNotIn("fault", modes)
