"""`sugarmill run`: a bundle on a simulated robot here, beside us, or on a real one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Literal

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from deploy.session import sessions
from deploy.session.episode import RunResult
from deploy.session.processes import Generator, Plan
from deploy.simulation.simulated_robot import World, training_world
from policies.bundle import Bundle

Backend = Literal["mujoco", "dds", "replay"]

SESSIONS = {
    "mujoco": sessions.lockstep,
    "dds": sessions.over_dds,
    "replay": sessions.replayed,
}
WARNING = (
    "[bold red]Driving what answers on {interface}.[/] Robot on the gantry, its own "
    "mode released, a hand on the remote: software damping is not an emergency stop."
)


def run_bundle(
    bundle_path: Path,
    backend: Backend = "mujoco",
    duration: float = 8.0,
    interface: str | None = None,
    domain: int | None = None,
    episodes: int = 1,
    seed: int = 0,
    spawn_sim: bool = True,
    generator: Generator = "process",
    blend_time: float | None = None,
    world: World | None = None,
    out: Path | None = None,
    bag: Path | None = None,
    goal: tuple[float, float, float] | None = None,
    quiet: bool = False,
) -> RunResult:
    """Run `episodes` of `duration` [s] and return what happened.

    `mujoco` steps physics in this process, in lockstep. `dds` drives a robot over DDS
    at the contract's rate in real time: a simulated one in a second process, started
    here for each episode, or, with an `interface` named or `spawn_sim` off, whatever
    answers; the command generator is a third process, or a thread. Loopback unless
    an interface is named. `world` is the training world with its reset noise unless
    one is given. With `out`, trajectories are written there; with `bag`, what was read
    and sent, one bag an episode, which `replay` runs again and compares. `goal` is
    where a simulated robot should bring the object: ahead [m], left [m] of where it
    starts, turned by [deg]; the contract's own unless one is given. Episode k uses seed
    `seed + k`. ValueError in one line on a bad bundle, robot or interface.
    """
    bundle = Bundle.load(bundle_path)
    spawn_sim = spawn_sim and interface is None
    console = Console(quiet=quiet)
    if interface is not None:
        console.print(WARNING.format(interface=interface))
    if backend == "replay" and bag is None:
        msg = "replay needs --bag, the folder that a run recorded into"
        raise ValueError(msg)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    bundle.contract.with_goal(goal)
    plan = Plan(
        bundle=bundle,
        duration=duration,
        limits=sessions.limits_for(interface, blend_time),
        world=world or training_world(bundle.contract),
        out=out,
        interface=interface,
        domain=sessions.pick_domain(domain, interface, spawn_sim),
        spawn_sim=spawn_sim,
        generator=generator,
        bag=bag,
        goal=goal,
    )
    with _stoppable(), _progress(backend, console) as progress:
        seeds = range(seed, seed + episodes)
        shown = progress.track(seeds, description=f"{backend}: {bundle_path.name}")
        result = RunResult(backend, tuple(SESSIONS[backend](plan, k) for k in shown))
    print_result(result, console)
    return result


def print_result(result: RunResult, console: Console) -> None:
    """Print the figures of a run as a table."""
    table = Table(title=f"run on {result.backend}", show_header=False)
    for name, value in result.rows():
        table.add_row(name, value)
    console.print(table)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn SIGTERM into KeyboardInterrupt, so that every exit path damps."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress(backend: Backend, console: Console) -> Progress:
    """A bar that, in real time, draws between episodes and never beside the loop."""
    simulated = backend == "mujoco"
    return Progress(console=console, transient=True, auto_refresh=simulated)
