"""The commands that drive a robot: what the front door offers of this room."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import tyro

NOT_DONE = 4
"""Exit code when the robot did not do it."""


@dataclasses.dataclass(frozen=True)
class Run:
    """Run a bundle on a robot: simulated here, in another process, or real."""

    bundle: tyro.conf.Positional[Path]
    backend: Literal["mujoco", "dds", "replay"] = "mujoco"
    duration: float = 8.0
    episodes: int = 1
    seed: int = 0
    interface: str | None = None
    """Network interface of a real robot; without it nothing leaves this machine."""
    domain: int | None = None
    """DDS domain; by default one of our own."""
    spawn_sim: bool = True
    """Start the simulated robot; off drives whatever answers."""
    generator: Literal["process", "thread"] = "process"
    """Where the command generator runs over DDS."""
    bag: Path | None = None
    """Folder to record into, or with --backend replay to compare with."""
    goal: tuple[float, float, float] | None = None
    """Where a simulated robot brings the object: ahead, left [m], turned [deg]."""

    def run(self) -> int:
        """Run; exit 4 if an episode failed."""
        from deploy.session.run import run_bundle

        options = dataclasses.asdict(self)
        result = run_bundle(options.pop("bundle"), options.pop("backend"), **options)
        return 0 if result.success_rate == 1.0 else NOT_DONE


@dataclasses.dataclass(frozen=True)
class Report:
    """Write one HTML page about a folder of priors, a run, or both."""

    folder: tyro.conf.Positional[Path]
    out: Path | None = None
    """The page; by default report.html in the folder."""

    def run(self) -> int:
        """Write the page."""
        from deploy.demo_report import folder_report

        print(folder_report(self.folder, self.out or self.folder / "report.html"))
        return 0


@dataclasses.dataclass(frozen=True)
class Demo:
    """The whole line on sample clips: videos, priors, training, robot, report."""

    from_scratch: bool = False
    """Use nothing trained: learn the skill from the videos now."""
    out: Path = Path("out/demo")
    seed: int = 0

    def run(self) -> int:
        """Run the line and print the report's path."""
        from deploy.demo import demo

        return 0 if demo(self.out, self.from_scratch, self.seed) else NOT_DONE


@dataclasses.dataclass(frozen=True)
class Doctor:
    """Say what this machine has, what is missing, and what to do next."""

    robot: str | None = None
    """Network interface that leads to a robot: look at it too, sending nothing."""

    def run(self) -> int:
        """Examine the machine."""
        from deploy.doctor.doctor import doctor

        return 0 if doctor(robot=self.robot) else NOT_DONE
