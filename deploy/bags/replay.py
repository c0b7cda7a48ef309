"""A bag through the runner again: the same states give the same commands, bit for bit.

`sugarmill run BUNDLE --backend replay --bag BAG`, or `python -m deploy.bags.replay`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.bags import bag
from deploy.control.guards import Limits
from deploy.control.loop import drive
from deploy.control.runner import PolicyRunner
from deploy.dds.poses import pose_arrays
from deploy.dds.ros_messages import JointTrajectory_, PoseStamped_
from deploy.planning.plan_messages import channels, read_plan
from deploy.planning.planner import Plan, Request
from deploy.robots import known_robot
from deploy.wire.inbox import Inbox
from deploy.wire.motors import MODE_MACHINE, low_cmd, motor_slots
from deploy.wire.records import LowCmd, LowState
from policies.bundle import Bundle

MANY = 10**9


class BagEndError(RuntimeError):
    """Every recorded cycle was replayed."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How a replay went: cycles compared, how many differ, and the first that does."""

    cycles: int
    different: int
    first: str


class Replay:
    """The robot, clock, planner and stop of a recorded run; commands are compared."""

    def __init__(self, tape: bag.Tape, robot: RobotSpec, names: list[str]) -> None:
        self._tape, self._robot, self._names = tape, robot, names
        self._motors = motor_slots(robot)
        self._inbox = Inbox(robot, self._motors)
        self._taken = dict.fromkeys(bag.TYPES, 0)
        self._cycle = 0
        self._stopped = ""
        self.different = 0
        self.first = ""

    @property
    def cycles(self) -> int:
        """Commands compared so far."""
        return self._cycle

    def read(self) -> RobotState | None:
        """What the recorded cycle had read; BagEndError after the last one."""
        if self._cycle >= len(self._tape.messages[bag.LOWCMD]):
            raise BagEndError("the bag is over")
        takers = {bag.OBJECT_POSE: self._inbox.pose, bag.GOAL_POSE: self._inbox.goal}
        for topic, take in takers.items():
            for stamp, data in self._until_now(topic):
                pose = PoseStamped_.deserialize(data)
                take(pose.header.frame_id, *pose_arrays(pose), 1e-9 * stamp)
        for stamp, data in self._until_now(bag.LOWSTATE):
            self._inbox.low_state(LowState.deserialize(data), 1e-9 * stamp)
        return self._inbox.state()

    def write(self, command: JointCommand) -> None:
        """Compare with the command recorded."""
        ours = low_cmd(command, self._motors, MODE_MACHINE)
        data = self._tape.messages[bag.LOWCMD][self._cycle][1]
        if ours.serialize() != data:
            self.different += 1
            self.first = self.first or self._describe(ours, LowCmd.deserialize(data))
        self._cycle += 1

    def close(self) -> None:
        """Nothing to release."""

    def now(self) -> float:
        """The recorded cycle's time."""
        rows = self._tape.messages[bag.LOWCMD]
        return 1e-9 * rows[min(self._cycle, len(rows) - 1)][0]

    def start(self) -> None:
        """Nothing to start."""

    def wait(self) -> float:
        """Never waits, never late."""
        return 0.0

    def stop(self) -> str:
        """Whether the stop was pressed by this cycle."""
        for _ in self._until_now(bag.ESTOP):
            self._stopped = "emergency stop"
        return self._stopped

    def ask(self, request: Request) -> None:
        """The answer is on the tape."""

    def answer(self) -> Plan | None:
        """The plan that this cycle had taken up."""
        plan = None
        for _, data in self._until_now(bag.PLAN):
            plan = read_plan(JointTrajectory_.deserialize(data), self._names)
        return plan

    def _until_now(self, topic: str) -> list[tuple[int, bytes]]:
        rows, begin = self._tape.messages[topic], self._taken[topic]
        now = self._tape.messages[bag.LOWCMD][self._cycle][0]
        end = begin
        while end < len(rows) and rows[end][0] <= now:
            end += 1
        self._taken[topic] = end
        return rows[begin:end]

    def _describe(self, ours: LowCmd, recorded: LowCmd) -> str:
        for name in ("q", "dq", "tau", "kp", "kd"):
            a = ours.record["motor_cmd"][name][self._motors]
            b = recorded.record["motor_cmd"][name][self._motors]
            if not np.array_equal(a, b):
                at = int(np.argmax(a != b))
                joint = self._robot.joint_names[at]
                return f"cycle {self._cycle}: {joint} {name} {a[at]}, recorded {b[at]}"
        return f"cycle {self._cycle}: outside the motors"


def replay(folder: Path, bundle_path: Path) -> Comparison:
    """Replay a bag through the bundle that it was made with, and compare.

    Raises ValueError if the bag is damaged or belongs to another bundle.
    """
    tape, bundle = bag.Tape.load(folder), Bundle.load(bundle_path)
    if tape.bundle != bag.digest(bundle_path):
        msg = f"{folder}: recorded with another bundle than {bundle_path}"
        raise ValueError(msg)
    if not tape.messages[bag.LOWCMD]:
        msg = f"{folder}: no command was recorded"
        raise ValueError(msg)
    robot = known_robot(bundle.contract)
    source = Replay(tape, robot, channels(bundle.contract))
    limits = Limits(**tape.limits)
    runner = PolicyRunner(bundle, robot, limits, planner=source)
    period = 1.0 / bundle.contract.control_hz
    drive(source, runner, source, period, MANY, source.stop)
    return Comparison(source.cycles, source.different, source.first)


def main(bag: Path, bundle: Path) -> int:
    """Replay BAG through BUNDLE; exit 1 if a command differs."""
    result = replay(bag, bundle)
    print(f"{bag}: {result.cycles} cycles, {result.different} differ {result.first}")
    return int(result.different > 0)


if __name__ == "__main__":
    import sys

    import tyro

    sys.exit(tyro.cli(main))
