"""Two places to run nodes in: the stand-in, and the real rclpy where there is one."""

import importlib
import importlib.util
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "deploy/ros2/sugarmill_ros"
REAL = importlib.util.find_spec("rclpy") is not None


class StandIn:
    """Simulated time, everything in this process."""

    def __init__(self):
        from tests.deploy.ros2.stand_in import messages, rclpy_modules, world

        world.reset()
        self.world = world.WORLD
        self._before = set(sys.modules)
        sys.modules.update({**messages.modules(), **rclpy_modules.modules()})
        sys.path.insert(0, str(PACKAGE))
        self.module("rclpy").init()
        self.nodes = []

    def module(self, name):
        return importlib.import_module(name)

    def node(self, name, **parameters):
        kind = "".join(part.title() for part in name.split("_"))
        make = getattr(self.module(f"sugarmill_ros.{name}"), kind)
        parameter = self.module("rclpy.parameter").Parameter
        given = [parameter(k, value=v) for k, v in parameters.items()]
        node = make(parameter_overrides=given)
        self.nodes.append(node)
        return node

    def advance(self, seconds):
        self.world.advance(seconds)

    def close(self):
        for node in self.nodes:
            node.deactivate()
            node.destroy_node()
        sys.path.remove(str(PACKAGE))
        for name in set(sys.modules) - self._before:
            root = name.split(".")[0]
            if (
                root.endswith(("_msgs", "_interfaces", "_hg", "_ros"))
                or root == "rclpy"
            ):
                del sys.modules[name]


class Real(StandIn):
    """The real rclpy: wall time, an executor that we spin."""

    def __init__(self):
        import os

        sys.path.insert(0, str(PACKAGE))
        self.module("sugarmill_ros.local").bind(os.environ)
        os.environ["ROS_DOMAIN_ID"] = str(100 + os.getpid() % 100)
        self.module("rclpy").init()
        executors = self.module("rclpy.executors")
        self.executor = executors.SingleThreadedExecutor()
        self.nodes = []

    def node(self, name, **parameters):
        node = super().node(name, **parameters)
        self.executor.add_node(node)
        return node

    def advance(self, seconds):
        import time

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)

    def close(self):
        for node in self.nodes:
            node.deactivate()
            node.destroy_node()
        self.module("rclpy").try_shutdown()
        sys.path.remove(str(PACKAGE))
