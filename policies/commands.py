"""The commands that learn: what the front door offers of this room."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

if TYPE_CHECKING:
    from policies.settings import TrainSettings

RUN_FAILED = 3
"""Exit code when one of several runs failed."""


@dataclasses.dataclass(frozen=True)
class Train:
    """Train refiners on a folder of priors; checkpoints every minute.

    Several tasks or seeds make several runs, each in OUT/TASK-SEED.
    """

    tasks: tyro.conf.Positional[tuple[str, ...]]
    """One or more tasks."""
    priors: Path
    out: Path
    """The run's directory, or the folder of many."""
    steps: int = 4_000_000
    """Control steps in all."""
    num_envs: int = 256
    seed: int = 0
    seeds: tuple[int, ...] = ()
    """Several seeds in place of one."""
    feedforward: bool = True
    """Add inverse-dynamics torque to the targets."""
    balance: bool = True
    """Add what the standing feet do against a body out of place."""
    reach: bool = True
    """Let hands and feet follow the object when it is not where the prior has it."""
    starts: Literal["first", "reference", "progressive", "pool"] = "reference"
    """Start at first frames alone, in the priors' states, or in those reached."""
    draw: Literal["uniform", "failures", "progress"] = "uniform"
    """Which starts: all alike, where episodes fail, where learning moves."""
    max_depth: float = 0.04
    """Start from no prior state whose object is deeper in the robot [m]; 0: any."""
    contact_term: bool = True
    """Reward contact where the prior says so."""
    assist: bool = False
    """Lead the object by a virtual spring that fades as episodes complete."""
    gamma: float = 0.99
    """Discount; 0.97 does not see what goes wrong slowly, as an object that slips."""
    learning_rate: float = 2e-4
    desired_kl: float = 0.0
    """Let the learning rate follow this much KL an iteration; 0: fixed."""
    initial_log_std: float = -1.0
    """Log of the noise that exploration begins with; less suits a run with --init."""
    final_log_std: float | None = None
    """Log of the noise that it ends with, lowered evenly; None: as PPO has it."""
    trials: int = 64
    """Episodes without noise, twenty times a run; the best keeps its networks."""
    stop_at: float = 0.0
    """Stop once this share of a trial's episodes completes; 0: never."""
    seconds: float = 0.0
    """Stop after this much time; 0: never."""
    device: Literal["cpu", "cuda"] = "cpu"
    randomize: bool = False
    """Draw friction, mass and more anew each episode, and push the robot."""
    film: bool = True
    """Film the policy when training ends."""
    init: Path | None = None
    """Another task's run to start from: its robot can walk already."""
    resume: bool = False
    """Continue what is in --out, with the settings it was made with but for those named
    here; loads its pickled checkpoint."""
    robot_xml: Path | None = None
    engine: Literal["local", "ray"] = "local"
    """ray: runs over the cluster that RAY_ADDRESS names; needs the extra "ray"."""
    cores: int = 2
    """Cores that a run takes of the cluster."""

    def run(self) -> int:
        """Train and say where each run stands; exit 3 if one has failed."""
        from policies.stages import train_run

        settings = self._settings()
        if len(self.tasks) != 1 or self.seeds or self.engine != "local":
            return self._many(settings)
        rows = train_run(
            self.tasks[0],
            self.priors,
            self.out,
            settings,
            init=self.init,
            resume=self.resume,
            robot_xml=self.robot_xml,
        )
        if rows:
            last = rows[-1]
            done = f"{last['completion']:.0%} of episodes complete while exploring"
            print(f"{self.out}: {last['steps']:,} steps, {done}")
        return 0

    def _settings(self) -> TrainSettings:
        from policies.settings import TrainSettings

        shared = {field.name for field in dataclasses.fields(TrainSettings)}
        own = [field.name for field in dataclasses.fields(self) if field.name in shared]
        return TrainSettings(**{name: getattr(self, name) for name in own})

    def _many(self, settings: TrainSettings) -> int:
        from policies.fan import check_jobs, jobs_of, run_jobs

        seeds = self.seeds or (self.seed,)
        paths = self.priors, self.out, settings, self.robot_xml, self.init
        jobs = jobs_of(self.tasks, seeds, *paths, resume=self.resume)
        check_jobs(jobs)
        failed = False
        for record in run_jobs(jobs, self.engine, self.cores):
            print(record)
            failed = failed or bool(record.fault)
        return RUN_FAILED if failed else 0


@dataclasses.dataclass(frozen=True)
class Distill:
    """Distil a run's refiner into a tracker and a command generator."""

    source: tyro.conf.Positional[Path]
    """A run that `train` wrote."""
    out: Path | None = None
    """Where to write; by default into the run itself."""
    rounds: int = 30
    """Rounds of collecting and learning; 60 taught a walk."""
    updates: int = 40
    """Minibatches per round and network."""
    seed: int = 0

    def run(self) -> int:
        """Distil."""
        from policies.distill import DistillSettings
        from policies.stages import distill_run

        out = self.out or self.source
        settings = DistillSettings(
            rounds=self.rounds, updates=self.updates, seed=self.seed
        )
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
    test: Path | None = None
    """Clips that the run never saw, for figures of their own."""
    videos: str = ""
    """For the model card: what kind of videos the clips were made from."""

    def run(self) -> int:
        """Export."""
        from policies.stages import export_run

        made = export_run(
            self.source,
            self.out,
            episodes=self.episodes,
            test=self.test,
            videos=self.videos,
        )
        print(made)
        return 0


@dataclasses.dataclass(frozen=True)
class Keep:
    """Keep a run's refiner to give away or to start from, with figures and a card."""

    source: tyro.conf.Positional[Path]
    """An evaluated run."""
    out: Path
    videos: str = ""
    """For the card: what kind of videos the clips were made from."""

    def run(self) -> int:
        """Copy networks, settings and figures; neither checkpoint nor priors."""
        from policies.keep import keep_refiner

        print(keep_refiner(self.source, self.out, self.videos))
        return 0


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Evaluate a run's refiner, or a bundle without any reference."""

    source: tyro.conf.Positional[Path]
    """A run or a bundle."""
    priors: tuple[Path, ...] = ()
    """Folders of clips to start from, side by side; by default the run's own."""
    episodes: int = 200
    seed: int = 1000
    robot_xml: Path | None = None
    """Another MJCF with the G1's joints, say assets/g1/other_shapes.xml."""
    out: Path | None = None
    """Where to write the figures as JSON."""
    keep: bool = False
    """Write them into a bundle's metrics and card too, as a run's always are."""

    def run(self) -> int:
        """Evaluate and print a table."""
        from policies.run_dir import write_json
        from policies.stages import evaluate_path
        from policies.tables import print_beside

        figures: dict[str, Any] = {}
        for folder in self.priors or (None,):
            found = evaluate_path(
                self.source,
                folder,
                self.episodes,
                self.seed,
                robot_xml=self.robot_xml,
                keep=self.keep,
            )
            for section, values in found.items():
                again = f" ({folder})" if section in figures else ""
                figures[section + again] = values
        print_beside(str(self.source), figures)
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

        steps = play(
            self.task,
            self.agent,
            self.video,
            run=self.source,
            priors=self.priors,
            seed=self.seed,
        )
        print(f"{self.video}: {steps} control steps")
        return 0
