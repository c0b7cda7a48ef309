"""The command tracker: the only writer of /lowcmd, behind Sugarmill's safety."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from trajectory_msgs.msg import JointTrajectory

from sugarmill_ros import qos
from sugarmill_ros.backend import RosBackend, RosPlanner
from sugarmill_ros.messages import hardware_types, pose_arrays
from sugarmill_ros.node import BUNDLE, SugarmillNode, bundle_folder, run
from sugarmill_ros.parameters import Parameter, declare

PARAMETERS = (
    BUNDLE,
    Parameter("hardware", True, "Limits of a real robot: slow to stand and to blend."),
    Parameter("state_deadline", 0.0, "Deadline of states [s]; 0: none.", 0.0, 1.0),
    Parameter("release", 1.0, "Seconds of damping at the end.", 0.02, 5.0),
)


class CommandTracker(SugarmillNode):
    """Stands the robot up, follows the generator's commands, and damps in the end."""

    def __init__(self, **more: Any) -> None:
        super().__init__("command_tracker", PARAMETERS, **more)
        self._timer: Any = None
        self.runner: Any = None
        self._pressed = ""
        self._missed = 0
        self._clamped = 0

    def configure(self) -> None:
        """Load the bundle; create the endpoints."""
        from deploy.control.guards import Limits, hardware
        from deploy.control.runner import PolicyRunner
        from deploy.robots import known_robot
        from policies.bundle import Bundle

        v = self.values
        self.bundle = Bundle.load(Path(bundle_folder(v["bundle"])))
        robot = known_robot(self.bundle.contract)
        LowState, LowCmd = hardware_types()
        command, stop = qos.command(), qos.latched()
        outlet = self.create_publisher(LowCmd, "/lowcmd", command)
        requests = self.create_publisher(JointState, "/command", command)
        self.planner = RosPlanner(self.bundle.contract, requests)
        self.backend = RosBackend(self, robot, outlet, v["release"])
        limits = hardware() if v["hardware"] else Limits()
        self.runner = PolicyRunner(self.bundle, robot, limits, planner=self.planner)
        events = self.backend.deadline_events(self._late)
        newest = qos.state(v["state_deadline"])
        self._inputs = (
            self.create_subscription(
                LowState,
                "/lowstate",
                self.backend.take_state,
                newest,
                raw=True,
                event_callbacks=events if v["state_deadline"] > 0.0 else None,
            ),
            self.create_subscription(
                PoseStamped, "/object_pose", self._pose, qos.state()
            ),
            self.create_subscription(
                PoseStamped, "/goal_pose", self._goal, qos.state()
            ),
            self.create_subscription(
                JointTrajectory, "/plan", self.planner.take, command
            ),
            self.create_subscription(Bool, "/estop", self._stop, stop),
        )
        self._outlets = (outlet, requests)
        declare(self, _contract_parameters(self.bundle.contract))

    def activate(self) -> None:
        """Stand the robot up; refused without fresh state or beside another writer."""
        if self._pressed:
            msg = f"{self._pressed}: clean up and configure again to release it"
            raise ValueError(msg)
        self.runner.safety.reset()
        self.backend.open()
        self.runner.stand(self.backend.read(), self.now())
        state = self.backend.read()
        if state is None or state.object_stamp < 0.0:
            self.runner.safety.reset()
            msg = "cannot activate: nothing usable on /object_pose yet"
            raise ValueError(msg)
        if self.bundle.contract.goal is not None and state.goal is None:
            self.runner.safety.reset()
            msg = "cannot activate: nothing usable on /goal_pose yet"
            raise ValueError(msg)
        self._step_ms: list[float] = []
        self._missed = self._clamped = 0
        period = 1.0 / self.bundle.contract.control_hz
        self._timer = self.create_timer(period, self._tick, clock=self.steady)

    def deactivate(self) -> None:
        """Damp, whatever the state was; safe to call twice."""
        if self._timer is None:
            return
        self.destroy_timer(self._timer)
        self._timer = None
        self.runner.safety.damp("deactivated")
        self.backend.close()

    def cleanup(self) -> None:
        """Remove the endpoints; an emergency stop is forgotten with them."""
        for inlet in self._inputs:
            self.destroy_subscription(inlet)
        for outlet in self._outlets:
            self.destroy_publisher(outlet)
        self._pressed = ""

    def report(self) -> tuple[bytes, str, dict[str, str]]:
        """Mode, reason, times, age of the state, clamps and refusals."""
        from deploy.control.safety import Mode

        fault = self.runner is not None and self.runner.safety.mode is Mode.FAULT
        if self.runner is None or (self._timer is None and not fault):
            return DiagnosticStatus.OK, self.state_label, {}
        safety, times = self.runner.safety, sorted(self._step_ms) or [0.0]
        state = self.backend.read()
        age = float("inf") if state is None else self.now() - state.stamp
        values = {
            "mode": str(safety.mode),
            "reason": safety.reason,
            "step_ms_p99": f"{times[int(0.99 * (len(times) - 1))]:.2f}",
            "state_age_ms": f"{1e3 * age:.0f}",
            "clamped": str(safety.clamped),
            "deadlines_missed": str(self._missed),
            "plan_held_cycles": str(self.runner.commands.held),
            **{f"refused: {k}": str(n) for k, n in self.backend.refused.items()},
        }
        if safety.mode is Mode.FAULT:
            return DiagnosticStatus.ERROR, f"fault: {safety.reason}", values
        late = self.runner.commands.standing
        if late:
            return DiagnosticStatus.WARN, "generator silent: standing", values
        return DiagnosticStatus.OK, str(safety.mode), values

    def _tick(self) -> None:
        """One control period; an error of any kind is a fault, and damping goes on.

        Beside another writer of /lowcmd it does not: we damp, and stop writing.
        """
        from deploy.control.loop import cycle
        from deploy.control.safety import Mode
        from deploy.wire.motors import BackendError

        begin = time.perf_counter()
        safety = self.runner.safety
        before = safety.mode
        try:
            state = self.backend.read()
            cycle(self.backend, self.runner, state, self.now(), self._pressed)
        except BackendError as error:
            safety.fault(str(error))
            self.deactivate()
        except Exception as error:
            safety.fault(str(error) or type(error).__name__)
            self.backend.damp_once()
        self._step_ms.append(1e3 * (time.perf_counter() - begin))
        del self._step_ms[:-500]
        if safety.mode is before:
            return
        if safety.mode is Mode.FAULT:  # rclpy allows one severity per line of code
            self.get_logger().error(f"{before} -> {safety.mode}: {safety.reason}")
        else:
            self.get_logger().info(f"{before} -> {safety.mode}")

    def _pose(self, message: PoseStamped) -> None:
        frame = message.header.frame_id
        self.backend.inbox.pose(frame, *pose_arrays(message), self.now())

    def _goal(self, message: PoseStamped) -> None:
        frame = message.header.frame_id
        self.backend.inbox.goal(frame, *pose_arrays(message), self.now())

    def _stop(self, message: Bool) -> None:
        if message.data:
            self._pressed = "emergency stop on /estop"

    def _late(self, _event: Any) -> None:
        self._missed += 1


def _contract_parameters(contract: Any) -> tuple[Parameter, ...]:
    """What the bundle fixes, for everybody to read and nobody to change."""
    return (
        Parameter("contract.task", contract.task, "The skill's task."),
        Parameter("contract.robot", contract.robot.name, "The robot it is for."),
        Parameter("contract.control_hz", contract.control_hz, "Control rate [Hz]."),
        Parameter("contract.joint_names", list(contract.robot.joint_names), "Joints."),
        Parameter("contract.kp", list(contract.robot.kp), "Stiffness [N·m/rad]."),
        Parameter("contract.kd", list(contract.robot.kd), "Damping [N·m·s/rad]."),
    )


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(CommandTracker, args)
