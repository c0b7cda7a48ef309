"""The front door: one command whose subcommands import their rooms when called."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Literal

import tyro

BAD_INPUT = 2
NOTHING_KEPT = 3
NOT_DONE = 4
INTERRUPTED = 130


@dataclasses.dataclass(frozen=True)
class Studio:
    """Render clips of an actor doing a task, with the truth beside each."""

    task: tyro.conf.Positional[str]
    out: Path
    """Folder for NAME.mp4, NAME.truth.npz and scene.toml."""
    count: int = 4
    seed: int = 0

    def run(self) -> int:
        """Render."""
        from perception.studio.render import render_clips

        for path in render_clips(self.task, self.count, self.seed, self.out):
            print(path)
        return 0


@dataclasses.dataclass(frozen=True)
class Priors:
    """Turn a folder of human videos into robot priors; resumes where it stopped."""

    folder: tyro.conf.Positional[Path]
    out: Path
    """Folder for NAME.prior.npz, NAME.track.npz, overlays and manifest.json."""
    task: str | None = None
    """Task of clips whose scene.toml names none."""
    workers: int = 1
    robot_xml: Path | None = None
    """Another MJCF with the G1's joints."""

    def run(self) -> int:
        """Process every video; exit 3 if no prior came of it."""
        from assets.g1.spec import g1
        from perception.pipeline import make_priors

        manifest = make_priors(
            self.folder,
            self.out,
            task=self.task,
            workers=self.workers,
            robot=g1(self.robot_xml),
        )
        print(manifest.lines()[-1])
        return 0 if manifest.count("kept") else NOTHING_KEPT


@dataclasses.dataclass(frozen=True)
class Train:
    """Train a refiner on a folder of priors; checkpoints every minute."""

    task: tyro.conf.Positional[str]
    priors: Path
    out: Path
    """The run's directory."""
    steps: int = 4_000_000
    """Control steps in all."""
    num_envs: int = 256
    seed: int = 0
    feedforward: bool = True
    """Add inverse-dynamics torque to the targets."""
    stop_at: float = 0.0
    """Stop once this share of episodes completes from the first frame; 0: never."""
    device: Literal["cpu", "cuda"] = "cpu"
    resume: bool = False
    """Continue the run in --out; loads its pickled checkpoint."""
    robot_xml: Path | None = None

    def run(self) -> int:
        """Train and say where the run stands."""
        from policies.stages import train_run
        from policies.train import TrainSettings

        names = ("steps", "num_envs", "seed", "feedforward", "stop_at", "device")
        settings = TrainSettings(**{name: getattr(self, name) for name in names})
        rows = train_run(
            self.task,
            self.priors,
            self.out,
            settings,
            resume=self.resume,
            robot_xml=self.robot_xml,
        )
        if rows:
            last = rows[-1]
            done = f"{last['completion']:.0%} of episodes complete while exploring"
            print(f"{self.out}: {last['steps']:,} steps, {done}")
        return 0


@dataclasses.dataclass(frozen=True)
class Distill:
    """Distil a run's refiner into a tracker and a command generator."""

    source: tyro.conf.Positional[Path]
    """A run that `train` wrote."""
    out: Path | None = None
    """Where to write; by default into the run itself."""
    rounds: int = 30
    seed: int = 0

    def run(self) -> int:
        """Distil."""
        from policies.distill import DistillSettings
        from policies.stages import distill_run

        out = self.out or self.source
        settings = DistillSettings(rounds=self.rounds, seed=self.seed)
        figures = distill_run(self.source, out, settings)
        print(f"{out}: tracker loss {figures['tracker_loss']:.4f}")
        return 0


@dataclasses.dataclass(frozen=True)
class Export:
    """Export a distilled run as a bundle that a robot can run."""

    source: tyro.conf.Positional[Path]
    out: Path
    episodes: int = 200
    """Episodes without reference for the bundle's own figures; 0: none."""

    def run(self) -> int:
        """Export."""
        from policies.stages import export_run

        print(export_run(self.source, self.out, episodes=self.episodes))
        return 0


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Evaluate a run's refiner, or a bundle without any reference."""

    source: tyro.conf.Positional[Path]
    """A run or a bundle."""
    priors: Path | None = None
    """Clips whose first frames are the starts; by default the run's own."""
    episodes: int = 200
    seed: int = 1000
    out: Path | None = None
    """Where to write the figures as JSON."""

    def run(self) -> int:
        """Evaluate and print a table."""
        from policies.run_dir import write_json
        from policies.stages import evaluate_path
        from policies.tables import print_figures

        figures = evaluate_path(self.source, self.priors, self.episodes, self.seed)
        print_figures(str(self.source), figures)
        if self.out is not None:
            write_json(self.out, figures)
        return 0


@dataclasses.dataclass(frozen=True)
class Play:
    """Film a task done by some agent."""

    task: tyro.conf.Positional[str]
    video: Path
    agent: Literal["zero", "random", "trained"] = "zero"
    source: Path | None = None
    """A run, for --agent trained."""
    priors: Path | None = None
    seed: int = 0

    def run(self) -> int:
        """Film one episode."""
        from policies.play import play

        options = {"run": self.source, "priors": self.priors, "seed": self.seed}
        steps = play(self.task, self.agent, self.video, **options)
        print(f"{self.video}: {steps} control steps")
        return 0


@dataclasses.dataclass(frozen=True)
class Run:
    """Run a bundle on a robot: simulated here, in another process, or real."""

    bundle: tyro.conf.Positional[Path]
    backend: Literal["mujoco", "dds", "replay"] = "mujoco"
    bag: Path | None = None
    """Folder to record into, or with --backend replay to compare with."""
    duration: float = 8.0
    episodes: int = 1
    seed: int = 0
    interface: str | None = None
    """Network interface of a real robot; without it nothing leaves this machine."""
    domain: int | None = None
    """DDS domain; by default one of our own."""
    spawn_sim: bool = True
    """Start the simulated robot; off drives whatever answers."""

    def run(self) -> int:
        """Run; exit 4 if an episode failed."""
        from deploy.run import run_bundle

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
    """Interface that leads to a robot: look at it too, sending nothing."""

    def run(self) -> int:
        """Examine the machine."""
        from deploy.doctor import doctor

        return 0 if doctor(robot=self.robot) else NOT_DONE


_COMMANDS = (
    *(Studio, Priors, Train, Distill, Export, Evaluate),
    *(Play, Run, Report, Demo, Doctor),
)


def main(args: list[str] | None = None) -> None:
    """Run the command line; bad input is one line and exit code 2."""
    commands = {c.__name__.lower(): c for c in _COMMANDS}
    command = tyro.extras.subcommand_cli_from_dict(
        commands, args=args, prog="sugarmill", description=__doc__
    )
    try:
        code = command.run()
    except (ValueError, OSError, RuntimeError) as error:
        line = " ".join(str(error).split())
        print(f"sugarmill: {line}", file=sys.stderr)
        code = BAD_INPUT
    except KeyboardInterrupt:
        print("sugarmill: interrupted; what was finished is kept", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
