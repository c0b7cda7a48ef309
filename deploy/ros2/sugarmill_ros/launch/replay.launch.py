"""A bag's states and object poses into the generator, for RViz and for comparison.

No tracker runs and /lowcmd is not played: a replay moves nothing. To compare commands
bit for bit, use `python -m deploy.bags.replay BAG BUNDLE`, which needs no ROS.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    SetEnvironmentVariable,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode

PACKAGE = "sugarmill_ros"
PLAYED = ("/lowstate", "/object_pose", "/command", "/joint_states", "/tf")


def generate_launch_description() -> LaunchDescription:
    """`ros2 bag play` beside the command generator, on this machine alone."""
    share = Path(get_package_share_directory(PACKAGE))
    generator = LifecycleNode(
        package=PACKAGE,
        executable="command_generator",
        name="command_generator",
        namespace="",
        output="screen",
        parameters=[
            str(share / "config" / "simulation.yaml"),
            {"bundle": LaunchConfiguration("bundle")},
        ],
    )
    bag = LaunchConfiguration("bag")
    play = ExecuteProcess(
        cmd=["ros2", "bag", "play", bag, "--topics", *PLAYED], output="screen"
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bundle", description="Folder of the skill's bundle."
            ),
            DeclareLaunchArgument("bag", description="Folder of the bag."),
            SetEnvironmentVariable("SUGARMILL_INTERFACE", ""),
            SetEnvironmentVariable("ROS_LOCALHOST_ONLY", "1"),
            generator,
            play,
        ]
    )
