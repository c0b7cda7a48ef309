"""The command generator: an object pose and a command in force in, a plan out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from sugarmill_ros import qos
from sugarmill_ros.messages import pose_arrays
from sugarmill_ros.node import BUNDLE, SugarmillNode, bundle_folder, run

PARAMETERS = (BUNDLE,)


class CommandGenerator(SugarmillNode):
    """Answers every request on /command with a plan on /plan."""

    def __init__(self, **more: Any) -> None:
        super().__init__("command_generator", PARAMETERS, **more)
        self._active = False

    def configure(self) -> None:
        """Load the bundle; create the endpoints."""
        from deploy.planning.command_generator import GeneratorCore
        from policies.bundle import Bundle

        folder = bundle_folder(self.values["bundle"])
        self.core = GeneratorCore(Bundle.load(Path(folder)))
        self._plans = self.create_publisher(JointTrajectory, "/plan", qos.command())
        self._inputs = (
            self.create_subscription(
                PoseStamped, "/object_pose", self._pose, qos.state()
            ),
            self.create_subscription(
                PoseStamped, "/goal_pose", self._goal, qos.state()
            ),
            self.create_subscription(
                JointState, "/command", self._request, qos.command()
            ),
        )

    def activate(self) -> None:
        """Begin to answer."""
        self._active = True

    def deactivate(self) -> None:
        """Answer no more."""
        self._active = False

    def cleanup(self) -> None:
        """Remove the endpoints."""
        for inlet in self._inputs:
            self.destroy_subscription(inlet)
        self.destroy_publisher(self._plans)

    def report(self) -> tuple[bytes, str, dict[str, str]]:
        """Plans made, the last call's time, and what was refused."""
        if not self._active:
            return DiagnosticStatus.OK, self.state_label, {}
        refused = {f"refused: {k}": str(n) for k, n in self.core.inbox.refused.items()}
        level = DiagnosticStatus.WARN if refused else DiagnosticStatus.OK
        values = {
            "plans": str(self.core.answered),
            "inference_ms": f"{self.core.call_ms:.2f}",
        }
        return level, "answering", {**values, **refused}

    def _pose(self, message: PoseStamped) -> None:
        self.core.pose(message.header.frame_id, *pose_arrays(message), self.now())

    def _goal(self, message: PoseStamped) -> None:
        self.core.goal(message.header.frame_id, *pose_arrays(message), self.now())

    def _request(self, message: JointState) -> None:
        from deploy.planning.plan_messages import fill_plan

        if not self._active:
            return
        plan = self.core.answer(message, self.now())
        if plan is not None:
            contract = self.core.contract
            made = fill_plan(JointTrajectory(), JointTrajectoryPoint, plan, contract)
            self._plans.publish(made)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(CommandGenerator, args)
