"""The stages after priors, each from files to files: what the command line calls."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.batch_env import BatchEnv
from perception.claim import claimed
from policies import bundle as bundles
from policies.bodies import robot_of, task_on
from policies.card import continue_command
from policies.clips import about_priors, task_priors
from policies.contract import Contract
from policies.distill import DistillSettings, distill
from policies.export import add_figures, export_bundle
from policies.film import film_run
from policies.keep import write_card
from policies.lessons import followed, pool_of_clips
from policies.refiner import Agent, load_network, save_network
from policies.report import refresh_report
from policies.run_dir import (
    RunDir,
    load_priors,
    provenance,
    save_priors,
    write_json,
)
from policies.subject import load_subject, switches
from policies.train import TrainSettings, train
from policies.trials import milestones


def train_run(
    task_name: str,
    priors: Path,
    out: Path,
    settings: TrainSettings,
    *,
    init: Path | None = None,
    resume: bool = False,
    robot_xml: Path | None = None,
    show: bool = True,
) -> list[dict[str, Any]]:
    """Train a refiner on a folder of priors; returns the curve's rows.

    A resumed run keeps what it was made with wherever `settings` leave the default. At
    the end the policy is filmed, if the settings say so, for the run's own page.
    Raises ValueError if another process trains in `out`.
    """
    robot, run = robot_of(robot_xml), RunDir(out)
    if resume:
        run.require_checkpoint()
        settings = settings.resuming(run.read_config()["settings"])
    task = task_on(task_name, robot)
    chosen = task_priors(priors, task.name)
    with claimed(out):
        rows = train(
            task, robot, chosen, out, settings, init=init, resume=resume, show=show
        )
        curve = run.read_curve()
        if curve:
            _note_training(run, curve, settings.seed)
        if rows and settings.film and film_run(run, robot):
            refresh_report(run)
    return rows


def _note_training(run: RunDir, curve: list[dict[str, Any]], seed: int) -> None:
    """Put where a run's curve stands, and what it began from, into its metrics."""
    last = {k: curve[-1][k] for k in ("steps", "seconds", "completion", "reached")}
    begun = {"init": run.read_config()["init"], "seed": seed}
    run.add_metrics("training", {**last, **milestones(curve), **begun, **provenance()})


def distill_run(path: Path, out: Path, settings: DistillSettings) -> dict[str, Any]:
    """Distil the run's refiner; writes tracker, generator and contract to `out`.

    Clips that the refiner cannot follow are left out; the student starts from the
    states that the refiner itself reached.
    """
    run, target, robot = RunDir(path), RunDir(out), robot_of(None)
    config, priors = run.read_config(), load_priors(run.priors)
    task = task_on(config["task"], robot)
    teacher, options = Agent(load_network(run.refiner)), switches(config)
    kept = followed(
        *(task, robot, priors, teacher, settings.trials),
        seed=settings.seed,
        options=options,
    )
    states = None
    if run.progress.is_file():
        hold = round(task.hold * task.control_hz)
        lengths = [prior.num_frames + hold for prior in priors]
        states = pool_of_clips(run.progress, lengths, kept)
    contract, tracker, generator, rows = distill(
        *(task, robot, [priors[index] for index in kept], teacher, settings),
        options=options,
        states=states,
    )
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != path.resolve():
        write_json(target.config, config)
        save_priors(target.priors, priors)
        if run.metrics.exists():
            write_json(target.metrics, json.loads(run.metrics.read_text()))
    save_network(target.tracker, tracker)
    save_network(target.generator, generator)
    contract.save(out / bundles.CONTRACT)
    clips = {"clips_followed": len(kept), "clips": len(priors)}
    figures = {**rows[-1], **clips, **dataclasses.asdict(settings), **provenance()}
    target.add_metrics("distillation", figures)
    return figures


def export_run(
    path: Path,
    out: Path,
    *,
    episodes: int = 0,
    seed: int = 1000,
    test: Path | None = None,
    videos: str = "",
) -> Path:
    """Export a distilled run as a bundle; returns its path.

    With `episodes` the exported files themselves are evaluated without reference, from
    the run's own starts and those of the clips `test`, and the figures go into the
    bundle's metrics and card. `videos` says for the card what kind of videos the priors
    were made from.
    """
    run = RunDir(path)
    if not run.tracker.is_file():
        msg = f"{path}: holds no tracker; run `distill` on it first"
        raise ValueError(msg)
    contract = Contract.load(path / bundles.CONTRACT)
    networks = load_network(run.tracker), load_network(run.generator)
    run.add_metrics("priors", about_priors(load_priors(run.priors), videos))
    export_bundle(out, contract, *networks, _metrics_for_bundle(run))
    for folder in (run.priors, test) if episodes > 0 else ():
        if folder is not None:
            figures = evaluate_path(out, folder, episodes, seed, keep=True)
            for section, values in figures.items():
                run.add_metrics(section, values)
    return out


def _metrics_for_bundle(run: RunDir) -> dict[str, Any]:
    """The run's figures without older ones of a bundle, and how to train it on."""
    config, metrics = run.read_config(), json.loads(run.metrics.read_text())
    kept = {k: v for k, v in metrics.items() if not k.startswith("bundle")}
    if "training" in kept:
        command = continue_command(config["task"], config["settings"])
        kept["training"] = {**kept["training"], "continue": command}
    return kept


def evaluate_path(
    path: Path,
    priors: Path | None,
    episodes: int,
    seed: int,
    *,
    robot_xml: Path | None = None,
    keep: bool = False,
) -> dict[str, Any]:
    """Evaluate a run's refiner, or a bundle without reference; returns its figures.

    They stand under `refiner` or `bundle`, with `_test` for clips that it was not
    taught by, and the file's name where `robot_xml` puts another robot model under it.
    A run keeps them among its metrics, and in its card if it has one; a bundle with
    `keep`.
    """
    if episodes < 1:
        msg = f"evaluation: episodes is {episodes}, expected at least 1"
        raise ValueError(msg)
    subject = load_subject(path, robot_of(robot_xml))
    clips = subject.clips(priors)
    figures = subject.judge(priors=clips, episodes=episodes, seed=seed)
    section = subject.section(clips)
    if robot_xml is not None:
        section += f"_in_{robot_xml.stem}"
    figures |= provenance()
    if subject.run is not None:
        subject.run.add_metrics(section, figures)
        if subject.run.card.is_file():
            write_card(subject.run)
    elif keep:
        add_figures(path, {section: figures})
    return {section: figures}


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
