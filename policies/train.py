"""Train a refiner: PPO on a task's priors, resumable at any moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import configure

from assets.robot import RobotSpec
from envs.assistance import Assistance, AssistanceSettings
from envs.batch_env import BatchEnv
from envs.guard import Guard
from envs.penetration import reference_depth
from envs.randomize import Randomization
from envs.refiner_observation import layout
from envs.rewards.lint import lint
from envs.state_pool import PoolSettings
from envs.task import Task
from perception.prior import Prior
from policies import callbacks
from policies.assist import Assist
from policies.average import Average
from policies.curve import Curve
from policies.exploration import FadeNoise
from policies.learning_rate import FollowKl
from policies.moment import Moment
from policies.network import NormalizedFeatures
from policies.refiner import Agent
from policies.report import refresh_report
from policies.rollouts import Attempt, roll_refiner
from policies.run_dir import (
    RunDir,
    load_arrays,
    prior_digest,
    provenance,
    save_priors,
    write_json,
)
from policies.settings import TrainSettings, pool_of, switched
from policies.trials import IN_ALL, StopWhenLearnt, Trials
from policies.warm_start import warm_start

TRIAL_SEED = 90_000
"""Added to a run's seed for the start noise of its trials."""


def train(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    out: Path,
    settings: TrainSettings,
    *,
    pool: PoolSettings | None = None,
    init: Path | None = None,
    resume: bool = False,
    show: bool = True,
) -> list[dict[str, Any]]:
    """Train until `settings.steps`; returns the rows of the learning curve.

    With 0 steps the refiner acts zero, which leaves `PriorControl` to itself.
    `init` is another run, whose networks this one starts from.

    Raises ValueError if `out` holds a run and `resume` is not asked for, or if a
    resumed run was made from other priors.
    """
    settings.validate()
    settings.check_device()
    task = switched(task, settings)
    run = RunDir(out)
    config = _config(task, priors, settings, init)
    _check_run(run, config, resume=resume)
    save_priors(run.priors, priors)
    env = _environment(task, robot, priors, settings, pool or pool_of(settings))
    config["observation"] = layout(env.scene)
    env.guard = Guard(run.path / "exploded")
    if not resume:
        check_rewards(env, show=show)
    curve = Curve(env, run, settings.steps, show=show)
    followers = _followers(priors, curve, settings)
    helpers = _helpers(env, curve, settings)
    model = _model(env, run, settings, resume=resume)
    kept = {"pool": env.pool, "moment": Moment(env, model), **followers, **helpers}
    if resume:
        _take_up(run, kept)
    if init is not None and not resume:
        warm_start(model, init, layout(env.scene))
    run.forget_after(model.num_timesteps)
    write_json(run.config, config)
    checkpoint = callbacks.Checkpoint(
        run,
        kept,
        average=None if curve.trials else followers["average"],
        after=lambda: refresh_report(run),
    )
    steps = [*_pace(settings), *followers.values(), checkpoint]
    steps += [*helpers.values(), *_ends(curve.trials, settings)]
    left = settings.steps - model.num_timesteps
    if left > 0 or settings.steps == 0:
        try:
            model.learn(left, CallbackList(steps), reset_num_timesteps=not resume)
        except KeyboardInterrupt:
            checkpoint.save()
            raise
    return curve.rows


def _pace(settings: TrainSettings) -> list[BaseCallback]:
    """What changes PPO's own numbers as it goes on."""
    pace: list[BaseCallback] = []
    if settings.desired_kl > 0:
        pace.append(FollowKl(settings.desired_kl))
    if settings.final_log_std is not None:
        ends = settings.initial_log_std, settings.final_log_std
        pace.append(FadeNoise(*ends, settings.steps))
    return pace


def _followers(
    priors: Sequence[Prior], curve: Curve, settings: TrainSettings
) -> dict[str, Any]:
    """What looks at every iteration, in this order, and goes into a checkpoint."""
    average = Average()
    followers = {"feed": callbacks.NormalizeObservations(), "average": average}
    if settings.trials > 0:
        roll = _roll(curve.env, priors, settings)
        period = max(settings.steps // IN_ALL, 1)
        curve.trials = Trials(curve.run, average, roll, period)
        followers["trials"] = curve.trials
    return {**followers, "curve": curve}


def _helpers(env: BatchEnv, curve: Curve, settings: TrainSettings) -> dict[str, Any]:
    """The virtual assistance, if the settings ask for it."""
    if not settings.assist:
        return {}
    assistance = Assistance(env, AssistanceSettings())
    return {"assist": Assist(assistance, curve, settings.steps)}


def _roll(
    env: BatchEnv, priors: Sequence[Prior], settings: TrainSettings
) -> Callable[[Agent], list[Attempt]]:
    """Trials on the priors of `env`, in the task's own world."""
    names = ("threads", "feedforward", "balance", "reach")
    options = {name: getattr(settings, name) for name in names}
    options["reference"] = env.reference
    return lambda agent: roll_refiner(
        *(env.task, env.robot, priors, agent),
        episodes=settings.trials,
        seed=settings.seed + TRIAL_SEED,
        options=options,
    )


def _ends(trials: Trials | None, settings: TrainSettings) -> list[BaseCallback]:
    """What may end training before its steps are spent."""
    ends: list[BaseCallback] = []
    if trials is not None and settings.stop_at > 0:
        ends.append(StopWhenLearnt(trials, settings.stop_at))
    if settings.seconds > 0:
        ends.append(callbacks.StopAfter(settings.seconds))
    return ends


def _environment(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    settings: TrainSettings,
    pool: PoolSettings,
) -> BatchEnv:
    """The simulations, without starts that are too deep inside the object."""
    env = BatchEnv(
        task,
        robot,
        priors,
        settings.num_envs,
        threads=settings.threads,
        seed=settings.seed,
        feedforward=settings.feedforward,
        balance=settings.balance,
        reach=settings.reach,
        pool=pool,
        randomization=Randomization() if settings.randomize else None,
    )
    if settings.max_depth > 0.0:
        env.pool.leave_out(reference_depth(env) > settings.max_depth)
    return env


def check_rewards(env: BatchEnv, *, show: bool) -> None:
    """Lint the reward table; ValueError names the first fault that stops training."""
    findings = lint(env)
    stopping = [finding for finding in findings if finding.stops]
    if stopping:
        raise ValueError(f"{env.task.name}: {stopping[0]}; mend the task's table")
    if show:
        for finding in findings:
            print(finding)


def _take_up(run: RunDir, kept: dict[str, Any]) -> None:
    """Restore what a checkpoint keeps beside the networks.

    One of an earlier version may lack some of it; simulations then start anew.
    """
    arrays = load_arrays(run.progress)
    for name, owner in kept.items():
        prefix = f"{name}_"
        found = {
            key.removeprefix(prefix): array
            for key, array in arrays.items()
            if key.startswith(prefix)
        }
        if name == "assist" and not found:
            msg = f"{run.path}: was begun without help; resume it without --assist"
            raise ValueError(msg)
        if found:
            owner.restore(found)


def _model(env: BatchEnv, run: RunDir, settings: TrainSettings, *, resume: bool) -> PPO:
    if resume:
        model = PPO.load(run.checkpoint, env=env, device=settings.device)
        env.seed(settings.seed + model.num_timesteps)
    else:
        model = PPO(
            "MlpPolicy",
            env,
            n_steps=settings.rollout,
            batch_size=settings.batch_size,
            n_epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            gamma=settings.gamma,
            gae_lambda=settings.gae_lambda,
            clip_range=settings.clip_range,
            target_kl=settings.target_kl,
            ent_coef=settings.entropy,
            policy_kwargs={
                "net_arch": list(settings.hidden),
                "activation_fn": torch.nn.ELU,
                "log_std_init": settings.initial_log_std,
                "features_extractor_class": NormalizedFeatures,
                "optimizer_kwargs": {"fused": True},
            },
            seed=settings.seed,
            device=settings.device,
        )
        _act_zero(model)
    model.set_logger(configure(str(run.path / "tensorboard"), ["tensorboard"]))
    return model


@torch.no_grad()
def _act_zero(model: PPO) -> None:
    """Begin with no action at all: what is there without learning already stands."""
    policy: Any = model.policy
    policy.action_net.weight.zero_()
    policy.action_net.bias.zero_()


def _config(
    task: Task, priors: Sequence[Prior], settings: TrainSettings, init: Path | None
) -> dict[str, Any]:
    return {
        "task": task.name,
        "settings": dataclasses.asdict(settings),
        "init": str(init) if init else None,
        "priors": {prior.name: prior_digest(prior) for prior in priors},
        "provenance": provenance(),
    }


def _check_run(run: RunDir, config: dict[str, Any], *, resume: bool) -> None:
    """Refuse to mix runs; what a resumed one once began from stays in its config."""
    exists = run.checkpoint.is_file()
    if exists and not resume:
        msg = f"{run.path}: holds a run; continue it with --resume or name another"
        raise ValueError(msg)
    if resume:
        run.require_checkpoint()
        before = run.read_config()
        for key in ("task", "priors"):
            if before[key] != config[key]:
                msg = f"{run.path}: was trained on other {key}; resume with the same"
                raise ValueError(msg)
        config["init"] = before.get("init")
