"""The stages after priors, each from files to files: what the command line calls."""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.g1.spec import g1
from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.tasks import task_by_name
from perception.prior import Prior
from policies import bundle as bundles
from policies.contract import Contract
from policies.distill import DistillSettings, distill
from policies.evaluate import evaluate_hierarchy, evaluate_refiner
from policies.export import export_bundle
from policies.refiner import Agent, load_network, save_network
from policies.run_dir import (
    RunDir,
    load_priors,
    provenance,
    save_priors,
    write_json,
)
from policies.train import TrainSettings, train


def robot_of(mjcf: Path | None) -> RobotSpec:
    """The G1, on another MJCF with the same joints if one is given."""
    return g1(mjcf)


def train_run(
    task_name: str,
    priors: Path,
    out: Path,
    settings: TrainSettings,
    *,
    resume: bool = False,
    robot_xml: Path | None = None,
) -> list[dict[str, Any]]:
    """Train a refiner on a folder of priors; returns the curve's rows."""
    task = task_by_name(task_name)
    chosen = task_priors(priors, task.name)
    run = RunDir(out)
    rows = train(task, robot_of(robot_xml), chosen, out, settings, resume=resume)
    if rows:
        last = {k: rows[-1][k] for k in ("steps", "seconds", "completion", "reached")}
        run.add_metrics("training", {**last, **provenance(), "seed": settings.seed})
    return rows


def task_priors(folder: Path, task_name: str) -> list[Prior]:
    """A folder's priors of one task; ValueError if it holds none or odd names."""
    priors = load_priors(folder)
    names = collections.Counter(prior.name for prior in priors)
    for name, count in names.items():
        if count > 1 or not name or Path(name).name != name:
            what = "is the name of two priors" if count > 1 else "is no file name"
            msg = f"{folder}: prior name '{name}' {what}; make them again with `priors`"
            raise ValueError(msg)
    chosen = [prior for prior in priors if prior.task == task_name]
    if not chosen:
        found = ", ".join(sorted({prior.task for prior in priors}))
        msg = f"{folder}: no prior of task '{task_name}', only of {found}"
        raise ValueError(msg)
    return chosen


def distill_run(path: Path, out: Path, settings: DistillSettings) -> dict[str, Any]:
    """Distil the run's refiner; writes tracker, generator and contract to `out`."""
    run, target = RunDir(path), RunDir(out)
    config = run.read_config()
    task, robot = task_by_name(config["task"]), robot_of(None)
    contract, tracker, generator, rows = distill(
        task,
        robot,
        load_priors(run.priors),
        Agent(load_network(run.refiner)),
        settings,
        feedforward=config["settings"]["feedforward"],
    )
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != path.resolve():
        write_json(target.config, config)
        save_priors(target.priors, load_priors(run.priors))
        if run.metrics.exists():
            write_json(target.metrics, json.loads(run.metrics.read_text()))
    save_network(target.tracker, tracker)
    save_network(target.generator, generator)
    contract.save(out / bundles.CONTRACT)
    figures = {**rows[-1], **dataclasses.asdict(settings), **provenance()}
    target.add_metrics("distillation", figures)
    return figures


def export_run(path: Path, out: Path, *, episodes: int = 0, seed: int = 1000) -> Path:
    """Export a distilled run as a bundle; returns its path.

    With `episodes` the exported files themselves are evaluated without reference, from
    the run's own starts, and the figures go into the bundle's metrics and card.
    """
    run = RunDir(path)
    if not run.tracker.is_file():
        msg = f"{path}: holds no tracker; run `distill` on it first"
        raise ValueError(msg)
    contract = Contract.load(path / bundles.CONTRACT)
    networks = load_network(run.tracker), load_network(run.generator)
    metrics = json.loads(run.metrics.read_text()) if run.metrics.exists() else {}
    metrics.pop("bundle", None)
    export_bundle(out, contract, *networks, metrics)
    if episodes > 0:
        figures = evaluate_path(out, run.priors, episodes, seed)
        run.add_metrics("bundle", figures["bundle"])
        export_bundle(out, contract, *networks, {**metrics, **figures})
    return out


def evaluate_path(
    path: Path, priors: Path | None, episodes: int, seed: int
) -> dict[str, Any]:
    """Evaluate a run's refiner, or a bundle without reference; returns its figures."""
    if episodes < 1:
        msg = f"evaluation: episodes is {episodes}, expected at least 1"
        raise ValueError(msg)
    if (path / bundles.CHECKSUMS).is_file():
        bundle = bundles.Bundle.load(path)
        task = task_by_name(bundle.contract.task)
        if priors is None:
            msg = f"{path}: a bundle carries no priors; name the starts with --priors"
            raise ValueError(msg)
        figures = evaluate_hierarchy(
            task,
            robot_of(None),
            task_priors(priors, task.name),
            bundle.hierarchy,
            episodes=episodes,
            seed=seed,
        )
        return {"bundle": {**figures, **provenance()}}
    run = RunDir(path)
    config = run.read_config()
    task = task_by_name(config["task"])
    figures = evaluate_refiner(
        task,
        robot_of(None),
        task_priors(priors or run.priors, task.name),
        Agent(load_network(run.refiner)),
        episodes=episodes,
        seed=seed,
        feedforward=config["settings"]["feedforward"],
    )
    figures |= provenance()
    run.add_metrics("refiner", figures)
    return {"refiner": figures}


def rollout_qpos(
    env: BatchEnv, agent: Callable[[NDArray], NDArray]
) -> tuple[NDArray[np.float64], int]:
    """States `(T, nq)` of the first simulation's episode, and its clip."""
    obs = env.reset()
    clip, states = int(env.clip[0]), []
    for _ in range(int(env.reference.length.max())):
        states.append(np.array(env.batch.qpos[0]))
        env.step_async(agent(obs))
        obs, _, done, _ = env.step_wait()
        if done[0]:
            break
    return np.array(states), clip
