"""A real G1: object tracker, generator and tracker, on the interface you name.

Nothing is activated by itself. Configure and activate by hand, the tracker last:
`ros2 lifecycle set /command_tracker configure`, then `... activate`.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode

PACKAGE = "sugarmill_ros"


def generate_launch_description() -> LaunchDescription:
    """Three nodes, unconfigured; the interface has no default."""
    share = Path(get_package_share_directory(PACKAGE))
    settings = str(share / "config" / "robot.yaml")
    bundle = {"bundle": LaunchConfiguration("bundle")}
    nodes = [
        LifecycleNode(
            package=PACKAGE,
            executable=name,
            name=name,
            namespace="",
            output="screen",
            parameters=[settings, *more],
        )
        for name, more in (
            ("object_tracker", [bundle]),
            ("command_generator", [bundle]),
            ("command_tracker", [bundle]),
        )
    ]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "bundle", description="Folder of the skill's bundle."
            ),
            DeclareLaunchArgument(
                "interface", description="Network interface that leads to the robot."
            ),
            SetEnvironmentVariable(
                "SUGARMILL_INTERFACE", LaunchConfiguration("interface")
            ),
            *nodes,
        ]
    )
