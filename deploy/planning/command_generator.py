"""The command generator as a process: poses and /command in, /plan out.

Poses are /object_pose and, for a skill that brings its object somewhere, /goal_pose.

`sugarmill run --backend dds` starts it beside the loop; a ROS 2 node does the same with
the same `GeneratorCore`.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np

from deploy.dds.service import until_stopped
from deploy.planning.plan_messages import channels, read_request
from deploy.planning.planner import Plan, plan_for
from deploy.robots import known_robot
from deploy.wire.inbox import Inbox, plausible
from deploy.wire.motors import motor_slots
from policies.bundle import Bundle

MAX_OBJECT_AGE = 0.5
"""Seconds; an older object pose gives no plan, and the robot comes to a stand."""


class GeneratorCore:
    """Answers requests for one bundle; knows no transport and no clock."""

    def __init__(self, bundle: Bundle) -> None:
        robot = known_robot(bundle.contract)
        self.contract = bundle.contract
        self.names = channels(bundle.contract)
        self.inbox = Inbox(robot, motor_slots(robot))
        self.answered = 0
        self.call_ms = 0.0
        """How long the last call of the network took."""
        self._generator = bundle.generator
        self._pose: tuple[np.ndarray, np.ndarray, float] | None = None
        self._goal: tuple[np.ndarray, np.ndarray, float] | None = None
        self._frame = robot.anchor_body

    def pose(self, frame: str, pos: np.ndarray, quat: np.ndarray, now: float) -> None:
        """Take an object pose that arrived at `now` [s]."""
        if frame == self._frame and plausible(pos, quat):
            self._pose = (pos, quat, now)
        else:
            self.inbox.refuse("object pose of no use")

    def goal(self, frame: str, pos: np.ndarray, quat: np.ndarray, now: float) -> None:
        """Take a goal pose that arrived at `now` [s]."""
        if frame == self._frame and plausible(pos, quat):
            self._goal = (pos, quat, now)
        else:
            self.inbox.refuse("goal pose of no use")

    def answer(self, message: object, now: float) -> Plan | None:
        """The plan for a request, a JointState; None if it or a pose is unfit."""
        if self._pose is None or now - self._pose[2] > MAX_OBJECT_AGE:
            self.inbox.refuse("request without a fresh object pose")
            return None
        goal: tuple[np.ndarray, ...] = ()
        if self.contract.goal is not None:
            if self._goal is None or now - self._goal[2] > MAX_OBJECT_AGE:
                self.inbox.refuse("request without a fresh goal pose")
                return None
            goal = self._goal[:2]
        try:
            request = read_request(message, self.names, *self._pose[:2], *goal)
        except ValueError as error:
            self.inbox.refuse(str(error))
            return None
        begin = time.perf_counter()
        plan = plan_for(self._generator, request)
        self.call_ms = 1e3 * (time.perf_counter() - begin)
        self.answered += 1
        return plan


@dataclasses.dataclass
class Settings:
    """Run a bundle's command generator over DDS, on loopback unless told otherwise."""

    bundle: Path
    domain: int = 42
    """DDS domain."""
    interface: str | None = None
    """Network interface; loopback if none is named."""


def serve(settings: Settings) -> int:
    """Answer requests until SIGTERM, SIGINT or the parent's end; how many."""
    from deploy.planning.plan_link import PlanServer

    going_on = until_stopped()
    core = GeneratorCore(Bundle.load(settings.bundle))
    server = PlanServer(core, settings.domain, settings.interface)
    while going_on():
        if not server.serve_once(1e-9 * time.monotonic_ns()):
            time.sleep(0.001)
    return core.answered


if __name__ == "__main__":
    import tyro

    serve(tyro.cli(Settings))
