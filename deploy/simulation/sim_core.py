"""A simulated G1 as its messages show it: LowCmd in, LowState and poses out.

Knows no transport and no clock. A command with a wrong checksum, a value that is not
finite or a motor not enabled is ignored. Without a command for 100 ms it damps itself:
that is how the death of a policy looks from the robot's side.
"""

from __future__ import annotations

import numpy as np

from assets import rotations
from assets.robot import RobotSpec
from deploy.backend import JointCommand
from deploy.simulation.mujoco_backend import substeps
from deploy.simulation.recorder import Recorder
from deploy.simulation.simulated_robot import SimulatedRobot, World
from deploy.wire.motors import MODE_MACHINE, joint_command, low_state, motor_slots
from deploy.wire.records import LowCmd, LowState
from policies.contract import Contract

WATCHDOG = 0.1


class SimCore:
    """Physics, the robot's own checks and its watchdog; times [s] from the caller."""

    def __init__(
        self, contract: Contract, robot: RobotSpec, world: World, seed: int
    ) -> None:
        self.sim = SimulatedRobot(contract, robot, world, seed)
        self.recorder = Recorder(self.sim, contract)
        self._every = substeps(contract.control_hz, self.sim.timestep)
        self._motors = motor_slots(robot)
        self._kd = robot.array("kd")
        self._tick = self._steps = 0
        self._command_time = 0.0
        self._damped = False
        self.state = self.sim.state(0.0)
        """What the last LowState reported."""
        self.counts = {"commands": 0, "rejected": 0, "watchdog_trips": 0}
        self.released: float | None = None
        """Simulated time of the command that let go of the joints, if one did."""

    def receive(self, message: LowCmd, now: float) -> bool:
        """Apply a command that arrived at `now`; whether it was a valid one."""
        command = joint_command(message, self._motors)
        if command is None or message.record["mode_machine"] != MODE_MACHINE:
            self.counts["rejected"] += 1
            return False
        self.counts["commands"] += 1
        self._command_time, self._damped = now, False
        if self.sim.time > 0.0 and not command.kp.any():
            self.released = self.sim.time
        self.sim.apply(command)
        return True

    def step(self, now: float) -> None:
        """One physics step at `now`, damped if no command came for too long."""
        if self._steps == 0:
            self.recorder.add()
        if not self._damped and now - self._command_time >= WATCHDOG:
            self._damped = True
            self.counts["watchdog_trips"] += 1
            zero = np.zeros_like(self._kd)
            self.sim.apply(JointCommand(zero, zero, zero, zero, self._kd))
        self.sim.step()
        self._steps += 1
        if self._steps % self._every == 0:
            self.recorder.add()

    @property
    def damped(self) -> bool:
        """Whether the robot's own watchdog holds it."""
        return self._damped

    def low_state(self) -> LowState:
        """What the robot reports now, sealed; every call counts one tick."""
        self._tick += 1
        self.state = state = self.sim.state(self.sim.time)
        message = low_state(state, self._motors, self._tick, MODE_MACHINE)
        imu = message.record["imu_state"]
        imu["accelerometer"] = self.sim.proper_acceleration()
        imu["rpy"][2] = rotations.yaw(state.imu_quat_w)
        message.record["motor_state"]["tau_est"][self._motors] = self.sim.torque()
        return message.seal()

    def frames(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Every body's name, position [m] and orientation wxyz in the world."""
        model, data = self.sim.model, self.sim.data
        return [
            (model.body(index).name, data.xpos[index].copy(), data.xquat[index].copy())
            for index in range(1, model.nbody)
        ]
