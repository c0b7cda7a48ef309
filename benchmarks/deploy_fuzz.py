"""Fuzzed DDS payloads on every topic that anything of ours reads; LowCmd's checksum."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
from cyclonedds.core import DDSException

from deploy.dds import transport
from deploy.dds.dds_backend import DdsBackend
from deploy.dds.poses import pose_stamped
from deploy.dds.ros_messages import Bool_, JointState_, JointTrajectory_
from deploy.dds.ros_messages import JointTrajectoryPoint_ as Point
from deploy.estop import Stop, stop_topic
from deploy.planning.command_generator import GeneratorCore
from deploy.planning.command_stream import CommandStream
from deploy.planning.plan_link import PlanServer, TopicPlanner
from deploy.planning.plan_messages import channels, fill_plan, fill_request
from deploy.planning.planner import Plan, Request
from deploy.robots import known_robot
from deploy.simulation.sim_core import SimCore
from deploy.simulation.simulated_robot import World
from deploy.wire.records import LowCmd
from policies.bundle import Bundle


class Payload:
    """Bytes that call themselves a message of some type."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def serialize(self, use_version_2: bool | None = None) -> bytes:
        """The bytes."""
        return self.data


class Rig:
    """Every reader of ours on a private domain, and a good message of each topic."""

    def __init__(self, bundle_path: Path, domain: int) -> None:
        bundle = Bundle.load(bundle_path)
        contract, robot = bundle.contract, known_robot(bundle.contract)
        self.member = transport.participant(domain, None)
        self.backend = DdsBackend(robot, domain=domain)
        self.planner = TopicPlanner(contract, domain, None)
        self.stream = CommandStream(contract)
        self.stop = Stop(stop_topic(domain, None))
        self.server = PlanServer(GeneratorCore(bundle), domain, None)
        self.core = SimCore(contract, robot, World(), 0)
        self._commands = transport.Latest(
            self.member, transport.LOWCMD, LowCmd, transport.COMMAND_QOS
        )
        self._now = 0.0
        state = self.core.low_state()
        sample = self.core.state
        request = Request(
            1, self.stream.command, sample.object_pos_b, sample.object_quat_b
        )
        plan = Plan(1, np.zeros((contract.horizon, len(self.stream.command)), "f4"))
        self.good: dict[str, Any] = {
            transport.LOWSTATE: state,
            transport.OBJECT_POSE: pose_stamped(sample, robot.anchor_body),
            transport.PLAN: fill_plan(JointTrajectory_(), Point, plan, contract),
            transport.COMMAND: fill_request(JointState_(), request, channels(contract)),
            transport.ESTOP: Bool_(False),
            transport.LOWCMD: LowCmd(),
        }

    def listen(self) -> None:
        """Everything of ours reads once."""
        self._now += 0.02
        self.backend.read()
        plan = self.planner.answer()
        if plan is not None:
            self.stream.offer(plan)
        self.stop()
        self.server.serve_once(self._now)
        message = self._commands.take()
        if message is not None:
            self.core.receive(message, self._now)


def run_fuzz(bundle_path: Path, count: int, seed: int) -> dict[str, Any]:
    """`count` payloads on each topic; what of it moved or broke anything."""
    rig = Rig(bundle_path, transport.private_domain())
    rng = np.random.default_rng(seed)
    before, rows = rig.core.sim.qpos, {}
    command = rig.stream.command.copy()
    for topic, good in rig.good.items():
        kind = type("Fuzz", (Payload,), {"__idl__": type(good).__idl__})
        qos = transport.STATE_QOS if "state" in topic or "pose" in topic else None
        qos = transport.LATCHED_QOS if topic == transport.ESTOP else qos
        outlet = transport.writer(rig.member, topic, kind, qos or transport.COMMAND_QOS)
        base, sent = good.serialize(), 0
        for index in range(count):
            with contextlib.suppress(DDSException):  # refused by the C library
                outlet.write(kind(_spoil(base, rng, index)))
                sent += 1
            rig.listen()
        rows[topic] = {"written": count, "accepted_by_dds": sent}
        del outlet
    moved = int(rig.core.counts["commands"]) + int(rig.stream.standing)
    moved += int(not np.array_equal(rig.core.sim.qpos, before))
    moved += int(not np.array_equal(rig.stream.command, command))
    state = rig.backend.read()
    rig.backend.close()
    return {
        "payloads": count * len(rows),
        "crashes": 0,
        "motions": moved,
        "states_taken": int(state is not None),
        "topics": rows,
    }


def _spoil(base: bytes, rng: np.random.Generator, index: int) -> bytes:
    """A good message with bytes changed, cut short, or random altogether."""
    if index % 10 == 0:
        return base[:4] + rng.bytes(int(rng.integers(0, 2 * len(base))))
    data = bytearray(base)
    for place in rng.integers(4, len(data), 1 + index % 8):
        data[place] ^= 1 << int(rng.integers(8))
    cut = len(data) if index % 3 else int(rng.integers(4, len(data) + 1))
    return bytes(data[:cut])


def run_mutations(count: int, seed: int) -> dict[str, Any]:
    """Change every field of `count` random LowCmds; how often the checksum stays."""
    rng = np.random.default_rng(seed)
    places = np.flatnonzero(LowCmd.meaningful)[:-4]
    unchanged = tried = 0
    for _ in range(count):
        raw = rng.integers(0, 256, LowCmd.dtype.itemsize).astype(np.uint8)
        raw &= LowCmd.meaningful
        before = _checksum(raw)
        for place in places:
            changed = raw.copy()
            changed[place] ^= 1 << int(rng.integers(8))
            tried += 1
            unchanged += _checksum(changed) == before
    return {"mutations": tried, "checksum_unchanged": unchanged, "golden": golden()}


def golden() -> bool:
    """Whether the three published checksums come out."""
    message, i = LowCmd(), np.arange(29)
    found = [message.checksum()]
    message.record["mode_machine"] = 5
    motors = message.record["motor_cmd"][:29]
    motors["mode"], motors["q"], motors["dq"] = 1, 0.1 * i, -0.05 * i
    motors["tau"], motors["kp"], motors["kd"] = 0.5, 60.0, 1.0
    found.append(message.checksum())
    message.record["reserve"] = (1, 2, 3, 4)
    found.append(message.checksum())
    return found == [0xFE172F9F, 0x5E8CB20E, 0x9EFB733B]


def _checksum(raw: np.ndarray) -> int:
    message = LowCmd()
    message.record = raw.view(LowCmd.dtype)[0]
    return message.checksum()
