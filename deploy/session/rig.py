"""A runner and what it is driven with: backend, clock, stop; on tape if wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from assets.robot import RobotSpec
from deploy.backend import RobotBackend
from deploy.bags import bag
from deploy.bags.recording import Recording
from deploy.control.loop import Pacer, Telemetry, drive, no_stop
from deploy.control.runner import PolicyRunner
from deploy.planning.planner import Planner
from deploy.session.processes import Plan


@dataclasses.dataclass
class Rig:
    """A runner and what it is driven with, recorded if the plan wants a bag."""

    runner: PolicyRunner
    backend: RobotBackend
    pacer: Pacer
    stop: Callable[[], str] = no_stop
    tape: bag.Tape | None = None

    def drive(self, plan: Plan) -> Telemetry:
        """Run the plan's cycles."""
        runner, period = self.runner, plan.period
        return drive(self.backend, runner, self.pacer, period, plan.cycles, self.stop)

    def save(self, plan: Plan, seed: int) -> None:
        """Write the bag, if there is one."""
        if self.tape is not None and plan.bag is not None:
            self.tape.save(plan.bag / f"episode_{seed}")


def make_rig(
    plan: Plan,
    robot: RobotSpec,
    backend: RobotBackend,
    pacer: Pacer,
    stop: Callable[[], str],
    planner: Planner,
) -> Rig:
    """Put one together for `plan`."""
    tape: bag.Tape | None = None
    if plan.bag is not None:
        tape = bag.new_tape(plan.bundle.path, plan.limits)
        tapes = Recording(tape, robot, plan.bundle.contract, backend, pacer, stop)
        backend, pacer, stop = tapes, tapes, tapes.stop
        planner = tapes.planner(planner)
    runner = PolicyRunner(plan.bundle, robot, plan.limits, planner=planner)
    return Rig(runner, backend, pacer, stop, tape)
