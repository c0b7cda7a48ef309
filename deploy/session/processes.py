"""The processes beside a session: the simulated robot, and the command generator."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from deploy.control.guards import Limits
from deploy.dds import transport
from deploy.simulation.simulated_robot import World
from policies.bundle import Bundle

PATIENCE = 20.0
"""Seconds to wait for a robot to answer, or for the simulated one to finish."""

Generator = Literal["process", "thread"]
"""Where the command generator runs over DDS; in simulated time it runs inline."""


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
    generator: Generator = "process"
    bag: Path | None = None
    goal: tuple[float, float, float] | None = None

    @property
    def period(self) -> float:
        """Control period [s]."""
        return 1.0 / self.bundle.contract.control_hz

    @property
    def cycles(self) -> int:
        """Control periods per episode, standing up not counted."""
        return round(self.duration / self.period)


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


@contextlib.contextmanager
def robot_process(plan: Plan, seed: int) -> Iterator[RobotProcess]:
    """Start `robot_sim` if the plan asks for it; stopped on every way out."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        command = _sim_command(plan, seed, file)
        started = subprocess.Popen(command) if plan.spawn_sim else None
        process = RobotProcess(started, file)
        try:
            yield process
        finally:
            stop(started)


@contextlib.contextmanager
def generator_process(plan: Plan) -> Iterator[None]:
    """Start `command_generator` beside the loop; stopped on every way out."""
    words = ["--bundle", str(plan.bundle.path), "--domain", str(plan.domain)]
    if plan.interface is not None:
        words += ["--interface", plan.interface]
    module = [sys.executable, "-m", "deploy.planning.command_generator"]
    process = subprocess.Popen([*module, *words])
    try:
        yield
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes] | None) -> None:
    """End a process in good order, or by force after 5 s; safe to call twice."""
    if process is None:
        return
    process.terminate()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()


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
    if plan.goal is not None:
        words += ["--goal", *(str(value) for value in plan.goal)]
    return [sys.executable, "-m", "deploy.simulation.robot_sim", *words]


def _flags(prefix: str, settings: Any) -> dict[str, Any]:
    """A dataclass's values by the names that the command line gives them."""
    flags: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        name = f"{prefix}.{field.name.replace('_', '-')}"
        value = getattr(settings, field.name)
        nested = dataclasses.is_dataclass(value)
        flags |= _flags(name, value) if nested else {name: value}
    return flags
