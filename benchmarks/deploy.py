"""Every figure of the robot's side: `make bench-deploy`, or `--only PART`.

Parts: step, generator, loop, links, dds-links, faults, mutations, fuzz. What runs in
real time stands beside how often the machine itself stood still meanwhile.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from rich.console import Console

from benchmarks.deploy_faults import run_faults
from benchmarks.deploy_fuzz import run_fuzz, run_mutations
from benchmarks.result import FOLDER, write_result
from benchmarks.stalls import StallWatch
from deploy.control.loop import Lockstep, cycle, drive, first_in_line
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode
from deploy.dds.poses import pose_stamped
from deploy.dds.ros_messages import PoseStamped_
from deploy.planning.planner import Request, ThreadPlanner, plan_for
from deploy.robots import known_robot
from deploy.session.run import run_bundle
from deploy.simulation.mujoco_backend import MujocoBackend
from deploy.simulation.sim_core import SimCore
from deploy.simulation.simulated_robot import training_world
from deploy.wire.inbox import Inbox
from deploy.wire.motors import low_cmd, motor_slots
from deploy.wire.records import LowState
from policies.bundle import Bundle
from policies.metrics import rate
from policies.tables import print_figures

Part = Literal[
    "step", "generator", "loop", "links", "dds-links", "faults", "mutations", "fuzz"
]
LATENCIES = (0.0, 0.01, 0.02, 0.04)
LOSSES = (0.0, 0.05, 0.2)
ACROSS = ((0.0, 0.0), (0.01, 0.05), (0.02, 0.05), (0.04, 0.2))
STATE_CHANCES = 4
"""States a robot sends within one control period: all must be lost for none to come."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    bundle: Path = Path("assets/bundles/lift_box")
    only: tuple[Part, ...] = ()
    """Parts to measure; the others keep the figures of their last run. None: all."""
    seed: int = 7000
    cycles: int = 3000
    """Control steps timed."""
    loop_episodes: int = 9
    """Episodes of 7 s in real time: 9 are a minute."""
    link_episodes: int = 20
    """Episodes for each latency and loss, in simulated time."""
    dds_episodes: int = 5
    """Episodes for each latency and loss over DDS, in real time."""
    faults: int = 1000
    payloads: int = 10_000
    """Fuzzed payloads on each topic."""
    duration: float = 7.0


def main(settings: Settings) -> None:
    """Measure, print the tables, write the JSON."""
    parts: dict[Part, Callable[[Settings], dict[str, Any]]] = {
        "step": step,
        "generator": generator,
        "loop": loop,
        "links": links,
        "dds-links": dds_links,
        "faults": lambda s: _in_folder(run_faults, s),
        "mutations": lambda s: run_mutations(20, s.seed),
        "fuzz": lambda s: run_fuzz(s.bundle, s.payloads, s.seed),
    }
    path = FOLDER / "deploy.json"
    known = json.loads(path.read_text())["figures"] if path.exists() else {}
    for name in settings.only or tuple(parts):
        known[name] = parts[name](settings)
        print_figures("On the robot", {name: known[name]})
    path = write_result("deploy", [settings.seed], known)
    Console().print(f"written to {path}")


def _in_folder(measure: Callable[..., dict[str, Any]], s: Settings) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return measure(s.bundle, s.faults, s.seed, Path(folder))


def step(settings: Settings) -> dict[str, Any]:
    """From a state's bytes to a command's: decode, observe, infer, check, encode, CRC.

    The generator runs beside it, in its thread. Physics is not part of the time.
    """
    bundle = Bundle.load(settings.bundle)
    contract, times = bundle.contract, []
    robot = known_robot(contract)
    with StallWatch() as watch, first_in_line():
        seed = settings.seed
        while len(times) < settings.cycles:
            times += _timed_episode(bundle, robot, seed, round(50 * settings.duration))
            seed += 1
    return {"cycles": len(times), **_quantiles(times), **watch.figures()}


def _timed_episode(bundle: Bundle, robot: Any, seed: int, cycles: int) -> list[float]:
    core = SimCore(bundle.contract, robot, training_world(bundle.contract), seed)
    motors, planner = motor_slots(robot), ThreadPlanner(bundle.generator)
    inbox, runner = Inbox(robot, motors), PolicyRunner(bundle, robot, planner=planner)
    link, times = _Bytes(motors, inbox), []
    for tick in range(cycles):
        data, now = core.low_state().serialize(), 0.02 * tick
        pose = pose_stamped(core.state, robot.anchor_body).serialize()
        begin = time.perf_counter()
        stamped = PoseStamped_.deserialize(pose)
        p, q = stamped.pose.position, stamped.pose.orientation
        pos, quat = np.array([p.x, p.y, p.z]), np.array([q.w, q.x, q.y, q.z])
        inbox.pose(stamped.header.frame_id, pos, quat, now)
        inbox.low_state(LowState.deserialize(data), now)
        cycle(link, runner, inbox.state(), now, "")
        times.append(1e3 * (time.perf_counter() - begin))
        core.sim.apply(link.command)
        for _ in range(4):
            core.sim.step()
    planner.close()
    if runner.safety.mode is not Mode.RUN:
        msg = f"the timed episode was stopped: {runner.safety.reason}"
        raise RuntimeError(msg)
    return times


class _Bytes:
    """A backend that encodes commands and keeps the last one."""

    def __init__(self, motors: Any, inbox: Inbox) -> None:
        self._motors, self._inbox = motors, inbox
        self.command: Any = None

    def read(self) -> None:
        """States are handed over by the caller."""

    def write(self, command: Any) -> None:
        """Encode, checksum included."""
        self.command = command
        low_cmd(command, self._motors, self._inbox.mode_machine).serialize()

    def close(self) -> None:
        """Nothing to release."""


def generator(settings: Settings) -> dict[str, Any]:
    """One call of the command generator, observation included, on one core."""
    bundle = Bundle.load(settings.bundle)
    command = np.asarray(bundle.contract.initial_command, np.float32)
    pose = np.array([0.4, 0.0, -0.4]), np.array([1.0, 0.0, 0.0, 0.0])
    times = []
    with StallWatch() as watch, first_in_line():
        for serial in range(settings.cycles):
            begin = time.perf_counter()
            plan_for(bundle.generator, Request(serial, command, *pose))
            times.append(1e3 * (time.perf_counter() - begin))
    return {"calls": len(times), **_quantiles(times), **watch.figures()}


def loop(settings: Settings) -> dict[str, Any]:
    """Real time over DDS: robot, generator and tracker in three processes."""
    with StallWatch() as watch:
        result = run_bundle(
            settings.bundle,
            "dds",
            duration=settings.duration,
            episodes=settings.loop_episodes,
            seed=settings.seed,
        )
    passed = sum(e.passed for e in result.episodes)
    return {
        "seconds": sum(e.seconds for e in result.episodes),
        "late_cycles": result.late_share,
        "hz": result.loop_hz,
        "step_ms_p50": result.step_ms(50),
        "step_ms_p99": result.step_ms(99),
        "success": rate(passed, len(result.episodes)),
        "reasons": sorted({e.reason for e in result.episodes if e.mode == Mode.FAULT}),
        **watch.figures(),
    }


class LossyBackend(MujocoBackend):
    """Lockstep, but a share of states never comes; commands are lost in the robot."""

    loss: float = 0.0

    def read(self) -> Any:
        """The newest state that came; the one before, if all of a period were lost."""
        if not hasattr(self, "_luck"):
            self._luck, self._came = np.random.default_rng(1), super().read()
        if self._luck.random() >= self.loss**STATE_CHANCES:
            self._came = super().read()
        return self._came


def links(settings: Settings) -> dict[str, Any]:
    """Success for each added latency and loss, in simulated time: no stall disturbs."""
    bundle = Bundle.load(settings.bundle)
    robot, world = known_robot(bundle.contract), training_world(bundle.contract)
    rows = {}
    for latency in LATENCIES:
        for loss in LOSSES:
            passed = 0
            for seed in range(settings.link_episodes):
                there = dataclasses.replace(world, latency=latency, drop=loss)
                backend = LossyBackend(
                    bundle.contract, robot, there, settings.seed + seed
                )
                backend.loss = loss
                runner = PolicyRunner(bundle, robot)
                pacer = Lockstep(lambda backend=backend: backend.time)
                cycles = round(settings.duration * bundle.contract.control_hz)
                drive(backend, runner, pacer, 0.02, cycles)
                good = backend.recorder.result()["success"]
                passed += bool(good) and runner.safety.mode is not Mode.FAULT
            rows[_cell(latency, loss)] = rate(passed, settings.link_episodes)
    return rows


def dds_links(settings: Settings) -> dict[str, Any]:
    """Some of the same across DDS, in real time: here a stall of the machine counts."""
    world = training_world(Bundle.load(settings.bundle).contract)
    rows: dict[str, Any] = {}
    for latency, loss in ACROSS:
        there = dataclasses.replace(world, latency=latency, drop=loss)
        with StallWatch() as watch:
            result = run_bundle(
                settings.bundle,
                "dds",
                duration=settings.duration,
                episodes=settings.dds_episodes,
                seed=settings.seed,
                world=there,
            )
        passed = sum(e.passed for e in result.episodes)
        row = {"success": rate(passed, len(result.episodes)), **watch.figures()}
        row["reasons"] = sorted(
            {e.reason for e in result.episodes if e.mode == Mode.FAULT}
        )
        rows[_cell(latency, loss)] = row
    return rows


def _cell(latency: float, loss: float) -> str:
    return f"{1e3 * latency:.0f} ms, {100 * loss:.0f} % lost"


def _quantiles(times: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(times, [50, 99])
    return {"p50_ms": float(p50), "p99_ms": float(p99), "max_ms": float(max(times))}


if __name__ == "__main__":
    main(tyro.cli(Settings))
