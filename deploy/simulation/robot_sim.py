"""The simulated robot as a process of its own: unitree_hg over DDS, in real time.

It hangs on the gantry, publishing its state, until the first valid LowCmd arrives;
then physics runs: see `deploy.simulation.sim_core` for what it accepts.
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

from deploy.dds import transport
from deploy.dds.poses import goal_stamped, pose_stamped
from deploy.dds.ros_messages import PoseStamped_
from deploy.robots import known_robot
from deploy.simulation.display import Display
from deploy.simulation.sim_core import SimCore
from deploy.simulation.simulated_robot import World
from deploy.wire.records import LowCmd, LowState
from policies.bundle import CONTRACT
from policies.contract import Contract

SHOW_HZ = 50.0
"""Rate of joints and frames for RViz, while somebody listens."""


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
    goal: tuple[float, float, float] | None = None
    """Where the object should come to: ahead [m], left [m], turned [deg]."""


class RobotSim:
    """The DDS endpoints of one simulated robot, and real time."""

    def __init__(self, settings: Settings) -> None:
        contract = Contract.load(settings.bundle / CONTRACT).with_goal(settings.goal)
        robot = known_robot(contract)
        self.settings = settings
        self.core = SimCore(contract, robot, settings.world, settings.seed)
        member = transport.participant(settings.domain, settings.interface)
        state, command = transport.STATE_QOS, transport.COMMAND_QOS
        self._commands = transport.Latest(member, transport.LOWCMD, LowCmd, command)
        self._states = transport.writer(member, transport.LOWSTATE, LowState, state)
        self._poses = transport.writer(
            member, transport.OBJECT_POSE, PoseStamped_, state
        )
        every = max(round(1.0 / (SHOW_HZ * self.core.sim.timestep)), 1)
        self._goals = transport.writer(member, transport.GOAL_POSE, PoseStamped_, state)
        self._display = Display(member, self.core, robot, every)
        self._frame = robot.anchor_body
        self.stopping = False

    def run(self) -> dict[str, Any]:
        """Hang, then run until the duration, the release or a signal; the result."""
        started = self._hang()
        overruns = self._fall_in() if started else 0
        result = self.core.recorder.result() if started else {"success": False}
        return {
            "seed": self.settings.seed,
            "started": started,
            **result,
            **self.core.counts,
            "malformed": self._commands.malformed,
            "released_s": self.core.released,
            "overruns": overruns,
        }

    def _hang(self) -> bool:
        """Publish the start state at 200 Hz until a valid command came."""
        end = time.monotonic() + self.settings.wait
        while not self.stopping and time.monotonic() < end:
            self._publish()
            if self._receive():
                return True
            time.sleep(self.core.sim.timestep)
        return False

    def _fall_in(self) -> int:
        """Step in real time; returns how often physics fell behind by 20 ms."""
        timestep, due, overruns = self.core.sim.timestep, time.monotonic(), 0
        for _ in range(round(self.settings.duration / timestep)):
            if self.stopping or self.core.released is not None:
                break
            self._receive()
            self.core.step(time.monotonic())
            self._publish()
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
        return message is not None and self.core.receive(message, time.monotonic())

    def _publish(self) -> None:
        self._states.write(self.core.low_state())
        self._poses.write(pose_stamped(self.core.state, self._frame))
        if self.core.state.goal is not None:
            self._goals.write(goal_stamped(self.core.state.goal, self._frame))
        self._display.show()


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
        robot.core.recorder.save(settings.trajectory)
    return result


if __name__ == "__main__":
    import tyro

    simulate(tyro.cli(Settings))
