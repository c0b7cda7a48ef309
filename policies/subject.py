"""What is evaluated: a run's refiner, or a bundle's hierarchy, each with its clips."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.robot import RobotSpec
from envs.task import Task
from perception.prior import Prior
from policies import bundle as bundles
from policies.bodies import task_on
from policies.clips import task_priors
from policies.evaluate import evaluate_hierarchy, evaluate_refiner
from policies.refiner import Agent, load_network
from policies.run_dir import RunDir, prior_digest

SWITCHES = ("feedforward", "balance", "reach")
"""Settings of a run that change what a refiner's actions mean."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A policy and how to judge it: `judge(priors=, episodes=, seed=, prepare=)`.

    `taught` has the digests of the clips that it learnt from, by name; it is empty
    where nobody noted them. `run` is its directory, None for a bundle.
    """

    kind: str
    path: Path
    task: Task
    judge: Callable[..., dict[str, Any]]
    taught: Mapping[str, str]
    run: RunDir | None = None

    def clips(self, folder: Path | None) -> list[Prior]:
        """The clips of a folder, or a run's own; ValueError if there are none."""
        if folder is None and self.run is not None:
            folder = self.run.priors
        if folder is None:
            msg = f"{self.path}: a bundle carries no priors; name the starts with "
            raise ValueError(msg + "--priors")
        return task_priors(folder, self.task.name)

    def section(self, priors: Sequence[Prior]) -> str:
        """What figures on these clips are called: `_test` if none was learnt from."""
        known = set(self.taught.values())
        seen = [prior_digest(prior) in known for prior in priors]
        if not known or all(seen):
            return self.kind
        return f"{self.kind}_mixed" if any(seen) else f"{self.kind}_test"


def load_subject(path: Path, robot: RobotSpec) -> Subject:
    """The bundle or run in a folder; ValueError in one line if it is neither."""
    if (path / bundles.CHECKSUMS).is_file():
        return _bundle(path, robot)
    run = RunDir(path)
    config = run.read_config()
    task = task_on(config["task"], robot)
    agent = Agent(load_network(run.refiner))
    judge = functools.partial(
        evaluate_refiner,
        task,
        robot,
        agent=agent,
        options=switches(config),
    )
    return Subject("refiner", path, task, judge, config["priors"], run)


def switches(config: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of `BatchEnv` that a refiner was trained with, from its configuration.

    What a configuration does not name was not there when it was written: off.
    """
    settings = config["settings"]
    return {name: settings.get(name, False) for name in SWITCHES}


def _bundle(path: Path, robot: RobotSpec) -> Subject:
    bundle = bundles.Bundle.load(path)
    task = task_on(bundle.contract.task, robot)
    judge = functools.partial(evaluate_hierarchy, task, robot, make=bundle.hierarchy)
    about = bundle.metrics.get("priors", {})
    return Subject("bundle", path, task, judge, about.get("digests", {}))
