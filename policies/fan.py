"""Several training runs: tasks times seeds, one after another or over a Ray cluster."""

from __future__ import annotations

import dataclasses
import importlib
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from policies.run_dir import RunDir
from policies.settings import TrainSettings

Engine = Literal["local", "ray"]

MISSING = (
    "--engine ray needs Ray, which is not installed: pip install 'sugarmill[ray]', "
    "or leave --engine out"
)
POLL_S = 1.0


@dataclasses.dataclass(frozen=True)
class RunJob:
    """One run of many: what `train_run` takes."""

    task: str
    priors: Path
    out: Path
    settings: TrainSettings
    robot_xml: Path | None = None
    init: Path | None = None
    resume: bool = False
    """Go on from the run's pickled checkpoint, where it has one."""

    @property
    def name(self) -> str:
        """The run's folder."""
        return self.out.name


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What came of a run; `fault` is one line, empty if there was none."""

    name: str
    steps: int = 0
    seconds: float = 0.0
    completion: float = 0.0
    fault: str = ""

    def __str__(self) -> str:
        if self.fault:
            return f"{self.name}: {self.fault}"
        done = f"{self.completion:.0%} of episodes complete while exploring"
        return f"{self.name}: {self.steps:,} steps, {done}"


def jobs_of(
    tasks: Sequence[str],
    seeds: Sequence[int],
    priors: Path,
    out: Path,
    settings: TrainSettings,
    robot_xml: Path | None = None,
    init: Path | None = None,
    *,
    resume: bool = False,
) -> list[RunJob]:
    """A job for each task and seed, in `OUT/TASK-SEED`; `init` as for `train_run`."""
    return [
        RunJob(
            task,
            priors,
            out / f"{task}-{seed}",
            dataclasses.replace(settings, seed=seed),
            robot_xml,
            init,
            resume,
        )
        for task in dict.fromkeys(tasks)
        for seed in dict.fromkeys(seeds)
    ]


def check_jobs(jobs: Sequence[RunJob]) -> None:
    """Raise ValueError for what would make every run of a kind fail, before any."""
    from envs.tasks import task_by_name
    from policies.stages import task_priors

    if not jobs:
        msg = "no runs to make: name at least one task"
        raise ValueError(msg)
    for job in jobs:
        job.settings.validate()
        task_priors(job.priors, task_by_name(job.task).name)


def run_job(job: RunJob, *, show: bool = False) -> RunRecord:
    """Train one run, and go on with it if the job says so; faults become words.

    This is what a worker of the cluster does.
    """
    from policies.stages import train_run

    if not job.priors.is_dir():
        here = platform.node()
        fault = f"{job.priors} is not on {here}; use folders that all machines share"
        return RunRecord(job.name, fault=fault)
    run = RunDir(job.out)
    try:
        train_run(
            job.task,
            job.priors,
            job.out,
            job.settings,
            init=job.init,
            resume=job.resume and run.checkpoint.is_file(),
            robot_xml=job.robot_xml,
            show=show,
        )
    except (ValueError, OSError, RuntimeError) as error:
        return RunRecord(job.name, fault=" ".join(str(error).split()))
    rows = run.read_curve()
    last = rows[-1] if rows else {}
    names = ("steps", "seconds", "completion")
    return RunRecord(job.name, **{name: last[name] for name in names if name in last})


def run_jobs(jobs: Sequence[RunJob], engine: Engine, cores: int) -> Iterator[RunRecord]:
    """Yield records as runs end; on Ray each takes `cores` of the cluster.

    Joins the cluster that RAY_ADDRESS names, or starts one on this machine. Raises
    ValueError without Ray.
    """
    if engine == "local":
        return (run_job(job, show=True) for job in jobs)
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise ValueError(MISSING) from error
    return _run_on_ray(ray, jobs, cores)


def _run_on_ray(ray: Any, jobs: Sequence[RunJob], cores: int) -> Iterator[RunRecord]:
    ours = not ray.is_initialized()
    if ours:
        ray.init(log_to_driver=False, include_dashboard=False)
    cores = min(cores, int(ray.cluster_resources().get("CPU", 1)))
    gpus = int(any(job.settings.device.startswith("cuda") for job in jobs))
    work = ray.remote(num_cpus=cores, num_gpus=gpus)(run_job)
    busy = {work.remote(_everywhere(job, cores)): job for job in jobs}
    try:
        while busy:
            for done in ray.wait(list(busy), timeout=POLL_S)[0]:
                job = busy.pop(done)
                try:
                    yield ray.get(done)
                except ray.exceptions.RayError as error:
                    fault = f"lost on the cluster ({type(error).__name__})"
                    yield RunRecord(job.name, fault=fault)
    finally:
        if ours:
            ray.shutdown()


def _everywhere(job: RunJob, cores: int) -> RunJob:
    """The job with paths that hold on every machine, and as many threads as cores."""
    mjcf, init = job.robot_xml, job.init
    return RunJob(
        task=job.task,
        priors=job.priors.resolve(),
        out=job.out.resolve(),
        settings=dataclasses.replace(job.settings, threads=cores),
        robot_xml=None if mjcf is None else mjcf.resolve(),
        init=None if init is None else init.resolve(),
        resume=job.resume,
    )
