"""A simulated G1: LowCmd in; LowState, object pose, joints and frames out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from tf2_msgs.msg import TFMessage

from sugarmill_ros import qos
from sugarmill_ros.messages import (
    hardware_types,
    joint_state,
    pose_stamped,
    transforms,
)
from sugarmill_ros.node import BUNDLE, SugarmillNode, bundle_folder, run
from sugarmill_ros.parameters import Parameter

PARAMETERS = (
    BUNDLE,
    Parameter("seed", 0, "Seed of the world's shifts and noise.", 0, 10**6),
    Parameter("latency", 0.0, "Seconds from a command to its effect.", 0.0, 0.5),
    Parameter("drop", 0.0, "Share of commands that are lost.", 0.0, 1.0),
    Parameter("object_mass", 1.0, "Factor on the object's mass.", 0.1, 10.0),
    Parameter("friction", 1.0, "Factor on all friction.", 0.1, 10.0),
    Parameter("show_hz", 50.0, "Rate of joints and frames for RViz.", 1.0, 200.0),
    Parameter("state_deadline", 0.0, "Deadline of states [s]; 0: none.", 0.0, 1.0),
)
MOST_STEPS = 20
"""Physics steps made up for at once after a pause."""


class RobotSim(SugarmillNode):
    """Physics in real time; it hangs still until the first valid command."""

    def __init__(self, **more: Any) -> None:
        super().__init__("robot_sim", PARAMETERS, **more)
        self._timer: Any = None
        self._running = False

    def configure(self) -> None:
        """Compile the scene; create the endpoints."""
        from deploy.robots import known_robot
        from deploy.simulation.sim_core import SimCore
        from deploy.simulation.simulated_robot import World, training_world
        from policies.bundle import CONTRACT
        from policies.contract import Contract

        v = self.values
        contract = Contract.load(Path(bundle_folder(v["bundle"])) / CONTRACT)
        self.robot = known_robot(contract)
        names = ("latency", "drop", "object_mass", "friction")
        start = training_world(contract).start
        world = World(start=start, **{name: v[name] for name in names})
        self.core = SimCore(contract, self.robot, world, v["seed"])
        LowState, LowCmd = hardware_types()
        newest = qos.state(v["state_deadline"])
        self._states = self.create_publisher(LowState, "/lowstate", newest)
        self._poses = self.create_publisher(PoseStamped, "/object_pose", qos.state())
        self._goals = self.create_publisher(PoseStamped, "/goal_pose", qos.state())
        self._joints = self.create_publisher(JointState, "/joint_states", qos.stream())
        self._frames = self.create_publisher(TFMessage, "/tf", qos.stream())
        self._commands = self.create_subscription(
            LowCmd, "/lowcmd", self._command, qos.command(), raw=True
        )

    def activate(self) -> None:
        """Hang, publish, and wait for a command."""
        step = self.core.sim.timestep
        self._shown_every = max(round(1.0 / (self.values["show_hz"] * step)), 1)
        self._count, self._running = 0, False
        self._timer = self.create_timer(step, self._tick, clock=self.steady)

    def deactivate(self) -> None:
        """Stop the clock of the physics."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def cleanup(self) -> None:
        """Remove the endpoints."""
        self.destroy_subscription(self._commands)
        poses = self._poses, self._goals
        for outlet in (self._states, *poses, self._joints, self._frames):
            self.destroy_publisher(outlet)

    def report(self) -> tuple[bytes, str, dict[str, str]]:
        """Commands taken and refused, and whether the watchdog holds the robot."""
        if self._timer is None:
            return DiagnosticStatus.OK, self.state_label, {}
        values = {name: str(count) for name, count in self.core.counts.items()}
        values["time"] = f"{self.core.sim.time:.2f}"
        held = self._running and self.core.damped
        level = DiagnosticStatus.WARN if held else DiagnosticStatus.OK
        return level, "damped: no command" if held else "driven", values

    def _command(self, data: bytes) -> None:
        from deploy.wire.records import LowCmd

        if self._timer is None:
            return
        try:
            message = LowCmd.deserialize(bytes(data))
        except ValueError:
            self.core.counts["rejected"] += 1
            return
        if self.core.receive(message, self.now()) and not self._running:
            self._running, self._due = True, self.now()

    def _tick(self) -> None:
        """Physics up to now, then publish the newest state."""
        now, step = self.now(), self.core.sim.timestep
        for _ in range(MOST_STEPS):
            if not self._running or self._due > now:
                break
            self.core.step(now)
            self._due += step
        if self._running and now - self._due > MOST_STEPS * step:
            self._due = now
        self._states.publish(self.core.low_state().serialize())
        state, stamp = self.core.state, self.get_clock().now().to_msg()
        pose = state.object_pos_b, state.object_quat_b
        frame = self.robot.anchor_body
        self._poses.publish(pose_stamped(*pose, frame, stamp))
        if state.goal is not None:
            goal = state.goal.pos_b, state.goal.quat_b
            self._goals.publish(pose_stamped(*goal, frame, stamp))
        self._count += 1
        if self._count % self._shown_every == 0:
            names = self.robot.joint_names
            self._joints.publish(
                joint_state(names, state.joint_pos, state.joint_vel, stamp)
            )
            self._frames.publish(transforms(self.core.frames(), stamp))


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(RobotSim, args)
