"""The simulated robot as a process of its own: unitree_hg over DDS, in real time.

It hangs on the gantry, publishing its state, until the first valid LowCmd arrives;
then physics runs. A command with a wrong checksum, a value that is not finite or a
motor not enabled is ignored. Without a command for 100 ms it damps itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from assets import rotations
from deploy import transport
from deploy.backend import JointCommand, RobotState
from deploy.dds_backend import joint_command, motor_slots
from deploy.mujoco_backend import substeps
from deploy.recorder import Recorder
from deploy.ros_messages import (
    Header_,
    Point_,
    Pose_,
    PoseStamped_,
    Quaternion_,
    Time_,
)
from deploy.runner import known_robot
from deploy.simulated_robot import SimulatedRobot, World
from deploy.wire import LowCmd, LowState
from policies.bundle import CONTRACT
from policies.contract import Contract

WATCHDOG = 0.1
MODE_MACHINE = 5
"""What a G1 with 29 joints reports; a policy must copy it into its commands."""


@dataclasses.dataclass
class Settings:
    """Run a bundle's robot and object over DDS, on loopback unless told otherwise."""

    bundle: Path
    """The folder whose contract says which robot, object and start."""
    domain: int = transport.LOOPBACK_DOMAIN
    """DDS domain."""
    interface: str | None = None
    """Network interface; loopback if none is named."""
    seed: int = 0
    """Seed of the world's random shifts and noise."""
    duration: float = 20.0
    """Seconds of physics after the first command."""
    wait: float = 30.0
    """Seconds to hang on the gantry before giving up."""
    result: Path | None = None
    """Where to write what happened, as JSON."""
    trajectory: Path | None = None
    """Where to write positions, as npz."""
    world: World = dataclasses.field(default_factory=World)
    """How this world differs from the one in training."""


class RobotSim:
    """Physics, endpoints and the watchdog of one simulated robot."""

    def __init__(self, settings: Settings) -> None:
        contract = Contract.load(settings.bundle / CONTRACT)
        robot = known_robot(contract)
        self.settings = settings
        self.sim = SimulatedRobot(contract, robot, settings.world, settings.seed)
        self.recorder = Recorder(self.sim, contract)
        self._every = substeps(contract.control_hz, self.sim.timestep)
        self._motors = motor_slots(robot)
        self._kd = robot.array("kd")
        member = transport.participant(settings.domain, settings.interface)
        state, command = transport.STATE_QOS, transport.COMMAND_QOS
        self._commands = transport.Latest(member, transport.LOWCMD, LowCmd, command)
        self._states = transport.writer(member, transport.LOWSTATE, LowState, state)
        self._poses = transport.writer(
            member, transport.OBJECT_POSE, PoseStamped_, state
        )
        self._frame = robot.anchor_body
        self._tick = 0
        self._command_time = 0.0
        self._damped = False
        self.counts = {"commands": 0, "rejected": 0, "watchdog_trips": 0}
        self.released: float | None = None
        """Simulated time of the command that let go of the joints, if one did."""
        self.stopping = False

    def run(self) -> dict[str, Any]:
        """Hang, then run until the duration, the release or a signal; the result."""
        started = self._hang()
        overruns = self._fall_in() if started else 0
        result = self.recorder.result() if started else {"success": False}
        return {
            "seed": self.settings.seed,
            "started": started,
            **result,
            **self.counts,
            "malformed": self._commands.malformed,
            "released_s": self.released,
            "overruns": overruns,
        }

    def _hang(self) -> bool:
        """Publish the start state at 200 Hz until a valid command came."""
        end = time.monotonic() + self.settings.wait
        while not self.stopping and time.monotonic() < end:
            self._publish()
            if self._receive():
                return True
            time.sleep(self.sim.timestep)
        return False

    def _fall_in(self) -> int:
        """Step in real time; returns how often physics fell behind by 20 ms."""
        timestep, due, overruns = self.sim.timestep, time.monotonic(), 0
        self.recorder.add()
        for step in range(1, round(self.settings.duration / timestep) + 1):
            if self.stopping or self.released is not None:
                break
            self._receive()
            self._watch()
            self.sim.step()
            self._publish()
            if step % self._every == 0:
                self.recorder.add()
            due += timestep
            late = time.monotonic() - due
            if late > 0.02:
                due, overruns = time.monotonic(), overruns + 1
            elif late < 0.0:
                time.sleep(-late)
        return overruns

    def _receive(self) -> bool:
        """Apply the newest command; whether there was a valid one."""
        message = self._commands.take()
        if message is None:
            return False
        command = joint_command(message, self._motors)
        sane = message.record["mode_machine"] == MODE_MACHINE
        if command is None or not sane:
            self.counts["rejected"] += 1
            return False
        self.counts["commands"] += 1
        self._command_time, self._damped = time.monotonic(), False
        if self.sim.time > 0.0 and not command.kp.any():
            self.released = self.sim.time
        self.sim.apply(command)
        return True

    def _watch(self) -> None:
        if self._damped or time.monotonic() - self._command_time < WATCHDOG:
            return
        self._damped = True
        self.counts["watchdog_trips"] += 1
        zero = np.zeros_like(self._kd)
        self.sim.apply(JointCommand(zero, zero, zero, zero, self._kd))

    def _publish(self) -> None:
        self._tick += 1
        state = self.sim.state(self.sim.time)
        self._states.write(self._low_state(state))
        self._poses.write(pose_stamped(state, self._frame))

    def _low_state(self, state: RobotState) -> LowState:
        message = LowState()
        record, imu = message.record, message.record["imu_state"]
        record["mode_machine"], record["tick"] = MODE_MACHINE, self._tick
        imu["quaternion"] = state.imu_quat_w
        imu["gyroscope"] = state.imu_gyro_b
        imu["accelerometer"] = self.sim.proper_acceleration()
        imu["rpy"][2] = rotations.yaw(state.imu_quat_w)
        slots = record["motor_state"]
        slots["mode"][self._motors] = 1
        slots["q"][self._motors] = state.joint_pos
        slots["dq"][self._motors] = state.joint_vel
        slots["tau_est"][self._motors] = self.sim.torque()
        return message.seal()


def pose_stamped(state: RobotState, frame: str) -> PoseStamped_:
    """The object's pose as a message in the anchor's `frame`."""
    w, x, y, z = (float(v) for v in state.object_quat_b)
    nanoseconds = time.time_ns()
    stamp = Time_(nanoseconds // 10**9, nanoseconds % 10**9)
    position = Point_(*(float(v) for v in state.object_pos_b))
    return PoseStamped_(Header_(stamp, frame), Pose_(position, Quaternion_(x, y, z, w)))


def simulate(settings: Settings) -> dict[str, Any]:
    """Run one simulated robot and write its files; SIGTERM ends it in good order."""
    robot = RobotSim(settings)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        robot.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    result = robot.run()
    if settings.result is not None:
        part = settings.result.with_suffix(".part")
        part.write_text(json.dumps(result) + "\n")
        os.replace(part, settings.result)
    if settings.trajectory is not None and result["started"]:
        robot.recorder.save(settings.trajectory)
    return result


if __name__ == "__main__":
    import tyro

    simulate(tyro.cli(Settings))
