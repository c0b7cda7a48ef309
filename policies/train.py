"""Train a refiner: PPO on a task's priors, resumable at any moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.logger import configure

from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.guard import Guard
from envs.randomize import Randomization
from envs.refiner_observation import layout
from envs.rewards.lint import lint
from envs.state_pool import PoolSettings
from envs.task import Task
from perception.prior import Prior
from policies import callbacks
from policies.network import NormalizedFeatures
from policies.run_dir import (
    RunDir,
    load_arrays,
    prior_digest,
    provenance,
    save_priors,
    write_json,
)
from policies.warm_start import warm_start


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """PPO and environment settings of a refiner."""

    steps: int = 4_000_000
    """Control steps in all, over all simulations."""
    num_envs: int = 256
    """Simulations stepped together."""
    rollout: int = 32
    """Control steps per simulation and iteration."""
    batch_size: int = 2048
    epochs: int = 5
    learning_rate: float = 5e-4
    gamma: float = 0.97
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    target_kl: float = 0.03
    entropy: float = 0.0
    hidden: tuple[int, ...] = (256, 128)
    initial_log_std: float = -2.3
    feedforward: bool = True
    """Add the inverse-dynamics offset to the PD targets."""
    balance: bool = True
    """Add what the standing feet do against a body out of place."""
    reach: bool = True
    """Let hands and feet follow the object when it is not where the prior has it."""
    stop_at: float = 0.0
    """Stop once this share of episodes completes from the first frame; 0: never."""
    seconds: float = 0.0
    """Stop after this much wall-clock time; 0: never."""
    randomize: bool = False
    """Draw friction, mass and other things anew each episode, and push the robot."""
    seed: int = 0
    threads: int = 0
    """Physics threads; 0: one per core."""
    device: str = "cpu"
    """Where the networks learn: cpu or cuda."""

    def validate(self) -> None:
        """Raise ValueError naming the first setting that makes no sense."""
        for name in ("steps", "num_envs", "rollout", "batch_size", "epochs"):
            value = getattr(self, name)
            if value < 1:
                msg = f"training: {name} is {value}, expected at least 1"
                raise ValueError(msg)
        if not 0.0 <= self.stop_at <= 1.0:
            msg = f"training: stop_at is {self.stop_at:g}, expected a share from 0 to 1"
            raise ValueError(msg)


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

    `init` is another run, whose networks this one starts from.

    Raises ValueError if `out` holds a run and `resume` is not asked for, or if a
    resumed run was made from other priors.
    """
    settings.validate()
    run = RunDir(out)
    config = _config(task, priors, settings, init)
    _check_run(run, config, resume=resume)
    save_priors(run.priors, priors)
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
    config["observation"] = layout(env.scene)
    env.guard = Guard(run.path / "exploded")
    if not resume:
        check_rewards(env, show=show)
    curve = callbacks.Curve(env, run, settings.steps, show=show)
    if resume:
        _take_up(run, env, curve)
    model = _model(env, run, settings, resume=resume)
    if init is not None and not resume:
        warm_start(model, init, layout(env.scene))
    write_json(run.config, config)
    checkpoint = callbacks.Checkpoint(env, curve, run)
    steps: list = [callbacks.NormalizeObservations(), curve, checkpoint]
    if settings.stop_at > 0:
        steps.append(callbacks.StopWhenLearnt(curve, settings.stop_at))
    if settings.seconds > 0:
        steps.append(callbacks.StopAfter(settings.seconds))
    left = settings.steps - model.num_timesteps
    if left > 0:
        try:
            model.learn(left, CallbackList(steps), reset_num_timesteps=not resume)
        except KeyboardInterrupt:
            checkpoint.save()
            raise
    return curve.rows


def check_rewards(env: BatchEnv, *, show: bool) -> None:
    """Lint the reward table; ValueError names the first fault that stops training."""
    findings = lint(env)
    stopping = [finding for finding in findings if finding.stops]
    if stopping:
        raise ValueError(f"{env.task.name}: {stopping[0]}; mend the task's table")
    if show:
        for finding in findings:
            print(finding)


def _take_up(run: RunDir, env: BatchEnv, curve: callbacks.Curve) -> None:
    """Restore the state pool and the curve's window from the checkpoint."""
    arrays = load_arrays(run.progress)
    for owner, prefix in ((env.pool, "pool_"), (curve, "curve_")):
        state = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        owner.restore(state)


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
            },
            seed=settings.seed,
            device=settings.device,
        )
    model.set_logger(configure(str(run.path / "tensorboard"), ["tensorboard"]))
    return model


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
    exists = run.checkpoint.is_file()
    if exists and not resume:
        msg = f"{run.path}: holds a run; continue it with --resume or name another"
        raise ValueError(msg)
    if resume and not exists:
        msg = f"{run.path}: nothing to resume (no checkpoint.zip)"
        raise ValueError(msg)
    if resume:
        before = run.read_config()
        for key in ("task", "priors"):
            if before[key] != config[key]:
                msg = f"{run.path}: was trained on other {key}; resume with the same"
                raise ValueError(msg)
