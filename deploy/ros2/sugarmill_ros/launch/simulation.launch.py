"""A simulated G1, the command generator and the command tracker, on this machine."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

PACKAGE = "sugarmill_ros"


def generate_launch_description() -> LaunchDescription:
    """Everything starts by itself; nothing leaves this machine."""
    share = Path(get_package_share_directory(PACKAGE))
    settings = str(share / "config" / "simulation.yaml")
    bundle = {"bundle": LaunchConfiguration("bundle")}
    nodes = [
        LifecycleNode(
            package=PACKAGE,
            executable=name,
            name=name,
            namespace="",
            output="screen",
            parameters=[settings, bundle],
        )
        for name in ("robot_sim", "command_generator", "command_tracker")
    ]
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(share / "config" / "sugarmill.rviz")],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bundle", description="Folder of the skill's bundle."
            ),
            DeclareLaunchArgument("rviz", default_value="false"),
            SetEnvironmentVariable("SUGARMILL_INTERFACE", ""),
            SetEnvironmentVariable("ROS_LOCALHOST_ONLY", "1"),
            *nodes,
            rviz,
        ]
    )
