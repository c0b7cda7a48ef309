"""Episodes on each backend: in lockstep, or over DDS with a robot process beside us."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any

from deploy.bags.replay import replay
from deploy.control.guards import Limits, hardware
from deploy.control.loop import Lockstep, RealTime, Telemetry, first_in_line, no_stop
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode
from deploy.dds import transport
from deploy.dds.dds_backend import DdsBackend
from deploy.estop import Keyboard, Stop, stop_topic
from deploy.planning.plan_link import TopicPlanner
from deploy.planning.planner import InlinePlanner, Planner, ThreadPlanner
from deploy.robots import known_robot
from deploy.session.episode import Episode
from deploy.session.processes import (
    PATIENCE,
    Plan,
    RobotProcess,
    generator_process,
    robot_process,
)
from deploy.session.rig import make_rig
from deploy.simulation.mujoco_backend import MujocoBackend
from deploy.wire.motors import BackendError

SETTLE = 0.3
"""Seconds of listening for other writers of commands before the first is sent."""
RELEASE = 1.0
"""Seconds for which a real robot is sent damping at the end."""


def limits_for(interface: str | None, blend_time: float | None) -> Limits:
    """Simulation's limits on loopback, a real robot's where an interface is named."""
    limits = Limits() if interface is None else hardware()
    if blend_time is None:
        return limits
    return dataclasses.replace(limits, blend_time=blend_time)


def pick_domain(domain: int | None, interface: str | None, private: bool) -> int:
    """The user's domain; else a robot's 0, or on loopback one that suits."""
    if domain is not None:
        return domain
    if interface is not None:
        return transport.ROBOT_DOMAIN
    return transport.private_domain() if private else transport.LOOPBACK_DOMAIN


def lockstep(plan: Plan, seed: int) -> Episode:
    """One episode with physics in this process and simulated time."""
    contract = plan.bundle.contract.with_goal(plan.goal)
    robot = known_robot(contract)
    backend = MujocoBackend(contract, robot, plan.world, seed)
    planner = InlinePlanner(plan.bundle.generator)
    pacer = Lockstep(lambda: backend.time)
    rig = make_rig(plan, robot, backend, pacer, no_stop, planner)
    telemetry = rig.drive(plan)
    rig.save(plan, seed)
    if plan.out is not None:
        backend.recorder.save(plan.out / f"episode_{seed}.npz")
    return _episode(seed, rig.runner, telemetry, backend.recorder.result())


def replayed(plan: Plan, seed: int) -> Episode:
    """A bag through the runner again: it succeeds if every command is the same."""
    assert plan.bag is not None
    folder = plan.bag / f"episode_{seed}"
    found = replay(folder if folder.is_dir() else plan.bag, plan.bundle.path)
    same = found.different == 0
    mode, reason = (Mode.DAMP, "") if same else (Mode.FAULT, found.first)
    sim = {"cycles": found.cycles, "different": found.different}
    return Episode(
        seed=seed,
        success=same,
        mode=str(mode),
        reason=reason,
        cycles=found.cycles,
        seconds=found.cycles * plan.period,
        late=0,
        clamped=0,
        step_ms=(0.0,),
        sim=sim,
    )


def over_dds(plan: Plan, seed: int) -> Episode:
    """One episode in real time over DDS; starts the simulated robot if asked to.

    The command generator runs in a process or a thread of its own. Space, Enter or a
    message on /estop stops the robot.
    """
    robot = known_robot(plan.bundle.contract)
    where: dict[str, Any] = {"interface": plan.interface, "domain": plan.domain}
    release = 0.02 if plan.interface is None else RELEASE
    with contextlib.ExitStack() as stack:
        stack.enter_context(first_in_line())
        process = stack.enter_context(robot_process(plan, seed))
        planner = _planner(plan, stack)
        backend = DdsBackend(robot, **where, release=release)
        stack.callback(backend.close)
        stop = Stop(stop_topic(**where), stack.enter_context(Keyboard()).fd)
        rig = make_rig(plan, robot, backend, RealTime(plan.period), stop, planner)
        telemetry = Telemetry()
        try:
            goal = plan.bundle.contract.goal is not None
            _wait_for_robot(backend, process, goal=goal)
            _wait_for_generator(planner)
            telemetry = rig.drive(plan)
        except BackendError as error:
            rig.runner.safety.fault(str(error))
        backend.close()
        sim = process.result()
    rig.save(plan, seed)
    return _episode(seed, rig.runner, telemetry, sim)


def _planner(plan: Plan, stack: contextlib.ExitStack) -> Planner:
    """The command generator where the plan wants it."""
    if plan.generator == "thread":
        return ThreadPlanner(plan.bundle.generator)
    stack.enter_context(generator_process(plan))
    return TopicPlanner(plan.bundle.contract, plan.domain, plan.interface)


def _wait_for_generator(planner: Planner) -> None:
    """Return when a generator in another process listens and can be heard."""
    end = time.monotonic() + PATIENCE
    while isinstance(planner, TopicPlanner) and not planner.ready():
        if time.monotonic() > end:
            msg = f"no command generator answers on {transport.PLAN}"
            raise BackendError(msg)
        time.sleep(0.005)


def _wait_for_robot(backend: DdsBackend, process: RobotProcess, *, goal: bool) -> None:
    """Return when state, object and goal arrive and nobody else commands the robot."""
    backend.claim()
    begin = time.monotonic()
    while True:
        state, waited = backend.read(), time.monotonic() - begin
        alone = _alone(backend, waited)
        seen = state is not None and state.object_stamp > 0.0
        told = not goal or (state is not None and state.goal is not None)
        if alone and seen and told:
            return
        if process.failed():
            msg = "the simulated robot ended before it began; its error is above"
            raise BackendError(msg)
        if waited > PATIENCE:
            what = transport.OBJECT_POSE if state else transport.LOWSTATE
            what = transport.GOAL_POSE if seen else what
            refused = "".join(f"; refused: {reason}" for reason in backend.refused)
            msg = f"nothing usable on {what} within {PATIENCE:.0f} s{refused}"
            raise BackendError(msg)
        time.sleep(0.005)


def _alone(backend: DdsBackend, waited: float) -> bool:
    """Whether no other writer of commands was heard of for long enough.

    DDS forgets a killed process only after its lease, so one that stays is given
    that time; BackendError after it.
    """
    if backend.other_writers() == 0:
        return waited > SETTLE
    longest = 2.0 * transport.LEASE_SECONDS
    if waited > longest:
        msg = (
            f"{transport.LOWCMD} has another writer, still there after {longest:.0f} s "
            "(a process that was killed is forgotten sooner); stop it first"
        )
        raise BackendError(msg)
    return False


def _episode(
    seed: int, runner: PolicyRunner, telemetry: Telemetry, sim: dict[str, Any]
) -> Episode:
    return Episode(
        seed=seed,
        success=sim.get("success"),
        mode=str(runner.safety.mode),
        reason=runner.safety.reason,
        cycles=telemetry.cycles,
        seconds=telemetry.seconds,
        late=telemetry.late,
        clamped=runner.safety.clamped,
        step_ms=tuple(telemetry.step_ms),
        sim=sim,
    )
