"""What the four nodes share: lifecycle, diagnostics, autostart, and a clean way out."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

from sugarmill_ros import local, qos
from sugarmill_ros.parameters import Parameter, declare

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE

COMMON = (
    Parameter("autostart", False, "Configure and activate without being asked to."),
)
BUNDLE = Parameter("bundle", "", "Folder of the skill's bundle; required.")
RETRY = 0.5
"""Seconds between two tries of autostart, and between two diagnostics."""


class SugarmillNode(LifecycleNode):
    """A lifecycle node that says why a transition failed, and is damped on the way out.

    Subclasses fill in `configure`, `activate`, `deactivate` and `cleanup`, raise an
    error in one line where something is amiss, and give `report`.
    """

    def __init__(
        self, name: str, parameters: tuple[Parameter, ...], **more: Any
    ) -> None:
        super().__init__(name, **more)
        self.steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.values = declare(self, (*COMMON, *parameters))
        self.state_label = "unconfigured"
        self._starting = bool(self.values["autostart"])
        self._diagnostics = self.create_publisher(
            DiagnosticArray, "/diagnostics", qos.stream()
        )
        self.create_timer(RETRY, self._beat, clock=self.steady)

    def now(self) -> float:
        """Seconds of a clock that never jumps."""
        return 1e-9 * self.steady.now().nanoseconds

    def configure(self) -> None:
        """Load what is needed; create publishers and subscriptions."""

    def activate(self) -> None:
        """Begin; raise ValueError or RuntimeError to refuse."""

    def deactivate(self) -> None:
        """Stop; safe at any time, and safe to call twice."""

    def cleanup(self) -> None:
        """Give back what `configure` took."""

    def report(self) -> tuple[bytes, str, dict[str, str]]:
        """Diagnostics: level, message and values."""
        return DiagnosticStatus.OK, self.state_label, {}

    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        """Configure; FAILURE with the reason in the log."""
        return self._try("configure", self.configure, super().on_configure, state)

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        """Activate; FAILURE with the reason in the log."""
        return self._try("activate", self.activate, super().on_activate, state)

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        """Stop, then disable what is managed."""
        return self._try("deactivate", self.deactivate, super().on_deactivate, state)

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        """Stop, and give everything back."""
        self.deactivate()
        return self._try("cleanup", self.cleanup, super().on_cleanup, state)

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        """The same release as on deactivation."""
        return self._try("shutdown", self.deactivate, super().on_shutdown, state)

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        """The same release as on deactivation."""
        return self._try("error", self.deactivate, super().on_error, state)

    def _try(
        self, what: str, own: Any, inherited: Any, state: Any
    ) -> TransitionCallbackReturn:
        try:
            own()
        except (ValueError, RuntimeError, OSError, ImportError) as error:
            line = " ".join(str(error).split())
            self.get_logger().error(f"cannot {what}: {line}")
            return FAILURE
        result = inherited(state)
        if result == SUCCESS:
            after = {"configure": "inactive", "activate": "active"}
            inactive = {"deactivate": "inactive", "shutdown": "finalized"}
            self.state_label = {**after, **inactive}.get(what, "unconfigured")
            self.get_logger().info(f"{what}: done")
        return result

    def _beat(self) -> None:
        """Autostart one step further, and publish diagnostics."""
        if self._starting and self.state_label == "unconfigured":
            self.trigger_configure()
        elif self._starting and self.state_label == "inactive":
            self.trigger_activate()
        if self.state_label == "active":
            self._starting = False
        self._publish_diagnostics()

    def _publish_diagnostics(self) -> None:
        level, message, values = self.report()
        status = DiagnosticStatus(
            level=level,
            name=f"{self.get_name()}: {self.state_label}",
            message=message,
            hardware_id="unitree_g1",
            values=[KeyValue(key=k, value=v) for k, v in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)


def run(make: Any, args: list[str] | None = None) -> None:
    """Spin one node; whatever ends it, it is released before ROS shuts down.

    rclpy's own signal handlers would close the context first, and the last damping
    command could not leave any more: ours raise KeyboardInterrupt instead.
    """
    try:
        where = local.bind(os.environ)
    except ValueError as error:
        sys.exit(str(error))
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    node = None
    try:
        node = make()
        node.get_logger().info(f"talking on {where}")
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.deactivate()
            node.destroy_node()
        rclpy.try_shutdown()


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def bundle_folder(value: str) -> str:
    """The parameter `bundle`; ValueError if it was left empty."""
    if not value:
        msg = "parameter 'bundle' is empty; set it to a bundle's folder"
        raise ValueError(msg)
    return os.path.expanduser(value)
