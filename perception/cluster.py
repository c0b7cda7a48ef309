"""Spreads a folder's videos over a Ray cluster, with the same limits and records."""

from __future__ import annotations

import dataclasses
import importlib
import multiprocessing.connection
import platform
from collections.abc import Iterator
from typing import Any

from perception.manifest import ClipRecord
from perception.pool import POLL_S, Limits, Slot
from perception.worker import Job

MISSING = (
    "--engine ray needs Ray, which is not installed: pip install 'sugarmill[ray]', "
    "or leave --engine out"
)


class Desk:
    """Lives on one machine of the cluster: does jobs in a process beside it."""

    def __init__(self, limits: Limits) -> None:
        self._slot = Slot(limits)

    def do(self, job: Job) -> ClipRecord:
        """One video to its record; the process may crash, this does not."""
        here = platform.node()
        if not job.video.exists() or not job.out.is_dir():
            lacks = job.out if job.video.exists() else job.video
            fault = f"{lacks} is not on {here}; use folders that all machines share"
            return job.record("failed", fault, seconds=0.0)
        if not job.model.exists():
            from perception.person.pose_model import resolve_model

            job = dataclasses.replace(job, model=resolve_model())
        self._slot.give(job)
        while True:
            multiprocessing.connection.wait([self._slot.waitable], POLL_S)
            record = self._slot.result()
            if record is not None:
                return record


def run_on_ray(jobs: list[Job], workers: int, limits: Limits) -> Iterator[ClipRecord]:
    """Yield records as they come; `workers` 0 is one for every core of the cluster.

    Joins the cluster that RAY_ADDRESS names, or starts one on this machine. Videos and
    results lie in folders that all machines share. Raises ValueError without Ray.
    """
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise ValueError(MISSING) from error
    return _run(ray, jobs, workers, limits)


def _run(
    ray: Any, jobs: list[Job], workers: int, limits: Limits
) -> Iterator[ClipRecord]:
    ours = not ray.is_initialized()
    if ours:
        ray.init(log_to_driver=False, include_dashboard=False)
    workers = workers or int(ray.cluster_resources().get("CPU", 1))
    make = ray.remote(num_cpus=1)(Desk).remote
    absolute = [
        dataclasses.replace(job, video=job.video.resolve(), out=job.out.resolve())
        for job in jobs
    ]
    waiting = list(reversed(absolute))
    free = [make(limits) for _ in range(min(workers, len(jobs)))]
    busy: dict[Any, tuple[Any, Job]] = {}
    try:
        while waiting or busy:
            while waiting and free:
                desk, job = free.pop(), waiting.pop()
                busy[desk.do.remote(job)] = desk, job
            for done in ray.wait(list(busy), timeout=POLL_S)[0]:
                desk, job = busy.pop(done)
                try:
                    record = ray.get(done)
                except ray.exceptions.RayError as error:
                    fault = f"lost on the cluster ({type(error).__name__})"
                    record, desk = (
                        job.record("failed", fault, seconds=0.0),
                        make(limits),
                    )
                free.append(desk)
                yield record
    finally:
        if ours:
            ray.shutdown()
