"""Random faults against the runner in simulated time: is it damped, how soon, and why.

Messages pass through the wire's own encoding; `deploy.simulation.sim_core` is the
robot, with its own checks and watchdog. A command is unsafe if it is not finite, leaves
the range a joint may be sent to, or still carries stiffness 100 ms after the fault
began.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from deploy.backend import JointCommand, RobotState
from deploy.control.guards import Limits
from deploy.control.loop import cycle
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode
from deploy.robots import known_robot
from deploy.simulation.sim_core import SimCore
from deploy.simulation.simulated_robot import training_world
from deploy.wire.inbox import Inbox
from deploy.wire.motors import joint_command, low_cmd, motor_slots
from deploy.wire.records import LowCmd, LowState
from policies.bundle import CONTRACT, Bundle, write_checksums

MESSAGES = "nan length permuted stale frozen clock tilted killed".split()
FILES = ("bundle", "contract")
KINDS = (*MESSAGES, *FILES)
SOON = 0.1
"""Seconds within which a fault must end in damping."""


class FaultyLink:
    """A simulated robot behind the wire, whose messages go wrong from one time on."""

    def __init__(self, bundle: Bundle, seed: int) -> None:
        contract = bundle.contract
        self.robot = known_robot(contract)
        self.core = SimCore(contract, self.robot, training_world(contract), seed)
        self._motors = motor_slots(self.robot)
        self._inbox = Inbox(self.robot, self._motors)
        self._rng = np.random.default_rng(seed)
        self._steps = round(1.0 / (contract.control_hz * self.core.sim.timestep))
        self.fault = ""
        self.commands: list[JointCommand] = []
        self._before: LowState | None = None
        self._order = self._rng.permutation(self.robot.num_joints)
        self._value = self._rng.choice([np.nan, np.inf, -np.inf])
        self._field = self._rng.choice(["q", "dq", "quaternion", "gyroscope"])
        self._angle = self._rng.uniform(1.5, 3.0)
        self._jump = self._rng.choice([-1.0, 1.0]) * 10 ** self._rng.uniform(-0.3, 5)

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return 1e-9 * round(1e9 * self.core.sim.time)

    def now(self) -> float:
        """The policy's clock, which may jump."""
        return self.time + (self._jump if self.fault == "clock" else 0.0)

    def read(self) -> RobotState | None:
        """The newest state that got through."""
        data, frame = self._spoiled(self.core.low_state()), self.robot.anchor_body
        state, now = self.core.state, self.time
        if self.fault != "stale":
            self._inbox.pose(frame, state.object_pos_b, state.object_quat_b, now)
        if data is not None:
            try:
                self._inbox.low_state(LowState.deserialize(data), now)
            except ValueError:
                self._inbox.refuse("LowState of another length")
        return self._inbox.state()

    def write(self, command: JointCommand) -> None:
        """Send a command and let a control period pass."""
        message = low_cmd(command, self._motors, self._inbox.mode_machine)
        received = LowCmd.deserialize(message.serialize())
        kept = joint_command(received, self._motors)
        assert kept is not None
        self.commands.append(kept)
        self.core.receive(received, self.time)
        self.pass_time()

    def pass_time(self) -> None:
        """One control period of physics."""
        for _ in range(self._steps):
            self.core.step(self.time)

    def close(self) -> None:
        """Nothing to release."""

    def _spoiled(self, message: LowState) -> bytes | None:
        """The message as the fault leaves it."""
        kind, record = self.fault, message.record
        motors = record["motor_state"]
        if kind == "stale":
            return None
        if kind == "length":
            data = message.serialize()
            return data[: self._rng.integers(0, len(data))]
        if kind == "frozen" and self._before is not None:
            message = LowState.deserialize(self._before.serialize())
            message.record["tick"] = record["tick"]
        elif kind == "nan":
            imu = self._field in ("quaternion", "gyroscope")
            place = record["imu_state"] if imu else motors
            place[self._field].reshape(-1)[self._rng.integers(3)] = self._value
        elif kind == "permuted":
            for name in ("q", "dq"):
                motors[name][self._motors] = motors[name][self._motors[self._order]]
        elif kind == "tilted":
            half = 0.5 * self._angle
            record["imu_state"]["quaternion"] = (np.cos(half), np.sin(half), 0, 0)
        self._before = message
        return message.seal().serialize()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One fault: whether all commands were safe, when it was damped, and why."""

    kind: str
    unsafe: bool
    seconds: float
    reason: str


def message_fault(bundle: Bundle, kind: str, seed: int) -> Outcome:
    """Run up to a random moment of the skill, begin the fault, and watch."""
    link, rng = FaultyLink(bundle, seed), np.random.default_rng(seed + 10**6)
    runner = PolicyRunner(bundle, link.robot, Limits())
    for _ in range(int(rng.integers(25, 120))):
        cycle(link, runner, link.read(), link.now(), "")
    if runner.safety.mode is Mode.FAULT:
        return Outcome(kind, True, np.inf, f"before the fault: {runner.safety.reason}")
    link.fault, begin = kind, link.time
    sent, damped = len(link.commands), np.inf
    for _ in range(10):
        now = link.time
        if kind == "killed":
            link.pass_time()
            now, soft = link.time, link.core.damped
        else:
            cycle(link, runner, link.read(), link.now(), "")
            soft = not link.commands[-1].kp.any()
        damped = min(damped, now - begin) if soft else np.inf
    reason = "robot's watchdog" if kind == "killed" else runner.safety.reason
    bad = any(_unsafe(runner, command) for command in link.commands[sent:])
    return Outcome(kind, bad or damped > SOON + 1e-6, float(damped), reason)


def _unsafe(runner: PolicyRunner, command: JointCommand) -> bool:
    robot, limits = runner.safety.robot, runner.safety.limits
    beyond = limits.overtravel * robot.array("effort") / robot.array("kp") + 1e-5
    values = (command.q, command.dq, command.tau, command.kp, command.kd)
    finite = all(np.isfinite(v).all() for v in values)
    if not command.kp.any():
        return not finite
    low, high = robot.array("lower") - beyond, robot.array("upper") + beyond
    return not (finite and (command.q >= low).all() and (command.q <= high).all())


def file_fault(bundle: Path, kind: str, seed: int, folder: Path) -> Outcome:
    """Spoil a copy of a bundle; it must be refused, by name, before anything moves."""
    rng = np.random.default_rng(seed)
    copy = folder / f"{kind}_{seed}"
    shutil.copytree(bundle, copy)
    if kind == "bundle":
        file = copy / str(rng.choice(["tracker.onnx", "generator.onnx", CONTRACT]))
        data = bytearray(file.read_bytes())
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        file.write_bytes(data)
    else:
        values = json.loads((copy / CONTRACT).read_text())
        _spoil_contract(values, rng)
        (copy / CONTRACT).write_text(json.dumps(values))
        write_checksums(copy)
    reason, refused = "accepted", False
    try:
        loaded = Bundle.load(copy)
        PolicyRunner(loaded, known_robot(loaded.contract))
    except ValueError as error:
        reason, refused = str(error).replace(str(copy), "BUNDLE"), True
    shutil.rmtree(copy)
    return Outcome(kind, not refused, 0.0 if refused else np.inf, reason)


def _spoil_contract(values: dict[str, Any], rng: np.random.Generator) -> None:
    robot = values["robot"]
    kind = int(rng.integers(5))
    index = int(rng.integers(29))
    if kind == 0:
        names = robot["joint_names"]
        names[0], names[index or 1] = names[index or 1], names[0]
    elif kind == 1:
        robot["kp"][index] *= 1.0 + float(rng.uniform(0.01, 1.0))
    elif kind == 2:
        values["history"] = int(rng.integers(6, 20))
    elif kind == 3:
        values["object_frame"] = "pelvis"
    else:
        values["action_scale"] = values["action_scale"][:index]


def run_faults(bundle_path: Path, count: int, seed: int, folder: Path) -> dict:
    """`count` faults, kinds in turn; totals, slowest damping and reasons by kind."""
    bundle = Bundle.load(bundle_path)
    done: list[Outcome] = []
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        if kind in FILES:
            done.append(file_fault(bundle_path, kind, seed + index, folder))
        else:
            done.append(message_fault(bundle, kind, seed + index))
    rows = {}
    for kind in KINDS:
        mine = [o for o in done if o.kind == kind]
        words = Counter(_gist(o.reason) for o in mine)
        rows[kind] = {
            "faults": len(mine),
            "unsafe": sum(o.unsafe for o in mine),
            "slowest_ms": 1e3 * max((o.seconds for o in mine), default=0.0),
            "unnamed": sum(not o.reason for o in mine),
            "reasons": dict(words.most_common(4)),
        }
    return {
        "faults": len(done),
        "unsafe": sum(o.unsafe for o in done),
        "slowest_ms": max(row["slowest_ms"] for row in rows.values()),
        "unnamed": sum(row["unnamed"] for row in rows.values()),
        "kinds": rows,
    }


def _gist(reason: str) -> str:
    """A reason without its numbers."""
    return " ".join("#" if any(map(str.isdigit, w)) else w for w in reason.split())[:90]
