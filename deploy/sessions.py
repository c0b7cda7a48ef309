"""Episodes on each backend: in lockstep, or over DDS with a robot process beside us."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy import transport
from deploy.dds_backend import BackendError, DdsBackend
from deploy.episode import Episode
from deploy.estop import Keyboard, Stop, stop_topic
from deploy.guards import Limits, hardware
from deploy.loop import Lockstep, RealTime, Telemetry, drive, first_in_line
from deploy.mujoco_backend import MujocoBackend
from deploy.planner import ThreadPlanner
from deploy.runner import PolicyRunner, known_robot
from deploy.simulated_robot import World
from policies.bundle import Bundle

PATIENCE = 20.0
"""Seconds to wait for a robot to answer, or for the simulated one to finish."""
SETTLE = 0.3
"""Seconds of listening for other writers of commands before the first is sent."""
RELEASE = 1.0
"""Seconds for which a real robot is sent damping at the end."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What every episode of a run shares."""

    bundle: Bundle
    duration: float
    limits: Limits
    world: World
    out: Path | None = None
    interface: str | None = None
    domain: int = transport.LOOPBACK_DOMAIN
    spawn_sim: bool = True

    @property
    def period(self) -> float:
        """Control period [s]."""
        return 1.0 / self.bundle.contract.control_hz

    @property
    def cycles(self) -> int:
        """Control periods per episode, standing up not counted."""
        return round(self.duration / self.period)


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
    contract = plan.bundle.contract
    robot = known_robot(contract)
    backend = MujocoBackend(contract, robot, plan.world, seed)
    runner = PolicyRunner(plan.bundle, robot, plan.limits)
    pacer = Lockstep(lambda: backend.time)
    telemetry = drive(backend, runner, pacer, plan.period, plan.cycles)
    if plan.out is not None:
        backend.recorder.save(plan.out / f"episode_{seed}.npz")
    return _episode(seed, runner, telemetry, backend.recorder.result())


def over_dds(plan: Plan, seed: int) -> Episode:
    """One episode in real time over DDS; starts the simulated robot if asked to.

    The command generator runs in a thread of its own. Space, Enter or a message on
    /estop stops the robot.
    """
    robot = known_robot(plan.bundle.contract)
    planner = ThreadPlanner(plan.bundle.generator)
    runner = PolicyRunner(plan.bundle, robot, plan.limits, planner=planner)
    where = {"interface": plan.interface, "domain": plan.domain}
    release = 0.02 if plan.interface is None else RELEASE
    with first_in_line(), _robot_process(plan, seed) as process, Keyboard() as keys:
        backend = DdsBackend(robot, **where, release=release)
        stop = Stop(stop_topic(**where), keys.fd)
        telemetry = Telemetry()
        try:
            _wait_for_robot(backend, process)
            pacer = RealTime(plan.period)
            telemetry = drive(backend, runner, pacer, plan.period, plan.cycles, stop)
        except BackendError as error:
            runner.safety.fault(str(error))
        finally:
            backend.close()
            planner.close()
        sim = process.result()
    return _episode(seed, runner, telemetry, sim)


def _wait_for_robot(backend: DdsBackend, process: RobotProcess) -> None:
    """Return when state and object arrive and nobody else commands the robot."""
    backend.claim()
    begin = time.monotonic()
    while True:
        state, waited = backend.read(), time.monotonic() - begin
        alone = _alone(backend, waited)
        if alone and state is not None and state.object_stamp > 0.0:
            return
        if process.failed():
            msg = "the simulated robot ended before it began; its error is above"
            raise BackendError(msg)
        if waited > PATIENCE:
            what = transport.OBJECT_POSE if state else transport.LOWSTATE
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


@dataclasses.dataclass
class RobotProcess:
    """The simulated robot beside us, or none."""

    process: subprocess.Popen[bytes] | None
    file: Path

    def failed(self) -> bool:
        """Whether it is gone already."""
        return self.process is not None and self.process.poll() is not None

    def result(self) -> dict[str, Any]:
        """Wait for its end and read what it wrote; empty if there is nothing."""
        if self.process is None:
            return {}
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        return json.loads(self.file.read_text()) if self.file.is_file() else {}

    def stop(self) -> None:
        """End it in good order, or by force after 5 s."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextlib.contextmanager
def _robot_process(plan: Plan, seed: int) -> Iterator[RobotProcess]:
    """Start `robot_sim` if the plan asks for it; stopped on every way out."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        command = _sim_command(plan, seed, file)
        started = subprocess.Popen(command) if plan.spawn_sim else None
        process = RobotProcess(started, file)
        try:
            yield process
        finally:
            process.stop()


def _sim_command(plan: Plan, seed: int, result: Path) -> list[str]:
    options: dict[str, Any] = {
        "bundle": plan.bundle.path,
        "domain": plan.domain,
        "seed": seed,
        "duration": plan.limits.stand_time + plan.duration + 1.0,
        "wait": PATIENCE,
        "result": result,
    }
    if plan.out is not None:
        options["trajectory"] = plan.out / f"episode_{seed}.npz"
    options |= _flags("world", plan.world)
    words = [w for name, value in options.items() for w in (f"--{name}", str(value))]
    return [sys.executable, "-m", "deploy.robot_sim", *words]


def _flags(prefix: str, settings: Any) -> dict[str, Any]:
    """A dataclass's values by the names that the command line gives them."""
    flags: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        name = f"{prefix}.{field.name.replace('_', '-')}"
        value = getattr(settings, field.name)
        nested = dataclasses.is_dataclass(value)
        flags |= _flags(name, value) if nested else {name: value}
    return flags


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
