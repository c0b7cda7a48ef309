"""What a training run may be told: PPO's numbers, and switches that can be compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch

from envs.start_bins import Draw
from envs.state_pool import PoolSettings
from envs.task import Task

Starts = Literal["first", "reference", "progressive", "pool"]
OF_THIS_CALL = ("seconds", "threads", "device")
"""Settings of a machine and an evening, not of a run."""

FIRST_SHARE, PERIOD_SHARE = 1 / 30, 1 / 300
"""When the pool is first written, and how often, as shares of a run's length: SUGAR's
24,000 and 2,400 control steps of 720,000."""


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """PPO and environment settings of a refiner."""

    steps: int = 4_000_000
    """Control steps in all, over all simulations; 0: leave control to the prior."""
    num_envs: int = 256
    """Simulations stepped together."""
    rollout: int = 32
    """Control steps per simulation and iteration."""
    batch_size: int = 2048
    epochs: int = 5
    learning_rate: float = 2e-4
    desired_kl: float = 0.0
    """Let the learning rate follow this much KL divergence an iteration; 0: fixed."""
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    target_kl: float = 0.03
    entropy: float = 0.0
    hidden: tuple[int, ...] = (256, 128)
    initial_log_std: float = -1.0
    final_log_std: float | None = None
    """Let the noise of exploration fall to this by the end; None: as PPO has it."""
    feedforward: bool = True
    """Add the inverse-dynamics offset to the PD targets."""
    balance: bool = True
    """Add what the standing feet do against a body out of place."""
    reach: bool = True
    """Let hands and feet follow the object when it is not where the prior has it."""
    starts: Starts = "reference"
    """Where three quarters of the episodes start (the rest, or with "first" all, at the
    first frame): the prior's own states; SUGAR's progressive pool of states that the
    policy reached; "pool" has the prior's until the policy's replace them."""
    draw: Draw = "uniform"
    """Which of those starts: all alike, where episodes fail, where learning moves."""
    max_depth: float = 0.04
    """Start from no prior state whose object is deeper in the robot [m]; 0: any."""
    contact_term: bool = True
    """Reward contact where the prior's label says so."""
    assist: bool = False
    """Lead the object by a virtual spring that fades as episodes complete."""
    trials: int = 64
    """Episodes without noise, twenty times over a run, the best of which names its
    refiner; 0: none, the last networks are the refiner."""
    stop_at: float = 0.0
    """Stop once this share of a trial's episodes completes; 0: never."""
    seconds: float = 0.0
    """Stop after this much wall-clock time; 0: never."""
    randomize: bool = False
    """Draw friction, mass and other things anew each episode, and push the robot."""
    film: bool = True
    """Film the policy from the first frame when training ends."""
    seed: int = 0
    threads: int = 0
    """Physics threads; 0: one per core."""
    device: str = "cpu"
    """Where the networks learn: cpu or cuda."""

    def validate(self) -> None:
        """Raise ValueError naming the first setting that makes no sense."""
        if self.steps < 0:
            msg = f"training: steps is {self.steps}, expected 0 or more"
            raise ValueError(msg)
        for name in ("num_envs", "rollout", "batch_size", "epochs"):
            value = getattr(self, name)
            if value < 1:
                msg = f"training: {name} is {value}, expected at least 1"
                raise ValueError(msg)
        if not 0.0 <= self.desired_kl <= self.target_kl:
            msg = f"training: desired_kl is {self.desired_kl:g}, expected 0 to "
            raise ValueError(msg + f"target_kl, which is {self.target_kl:g}")
        if self.final_log_std is not None and (
            not self.final_log_std <= self.initial_log_std
        ):
            msg = f"training: final_log_std is {self.final_log_std:g}, expected at most"
            raise ValueError(f"{msg} initial_log_std, {self.initial_log_std:g}")
        if self.trials < 0:
            msg = f"training: trials is {self.trials}, expected 0 or more"
            raise ValueError(msg)
        if not 0.0 < self.gamma < 1.0:
            msg = f"training: gamma is {self.gamma:g}, expected 0 < gamma < 1"
            raise ValueError(msg)
        if not 0.0 <= self.stop_at <= 1.0:
            msg = f"training: stop_at is {self.stop_at:g}, expected a share from 0 to 1"
            raise ValueError(msg)
        if self.stop_at > 0.0 and self.trials == 0:
            msg = f"training: stop_at is {self.stop_at:g}, expected trials to tell when"
            raise ValueError(msg)
        if not self.max_depth >= 0.0:
            msg = f"training: max_depth is {self.max_depth:g}, expected 0 or more"
            raise ValueError(msg)
        if self.starts not in get_args(Starts):
            known = ", ".join(get_args(Starts))
            msg = f"training: starts is '{self.starts}', expected one of {known}"
            raise ValueError(msg)

    def resuming(self, before: Mapping[str, Any]) -> TrainSettings:
        """These, and what they leave at its default as the run had it `before`.

        `before` is the settings' part of a run's config; names that it lacks, or that
        are unknown here, come from another version and are passed over.
        """
        kept = {}
        for field in dataclasses.fields(self):
            name = field.name
            left = getattr(self, name) == field.default and name not in OF_THIS_CALL
            if left and name in before:
                value = before[name]
                kept[name] = tuple(value) if isinstance(value, list) else value
        return dataclasses.replace(self, **kept)

    def check_device(self) -> None:
        """Raise ValueError if the networks are to learn on a GPU that is not here.

        SB3 would quietly take the processor.
        """
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            msg = f"training: device is {self.device}, but torch {torch.__version__} "
            raise ValueError(msg + "finds no GPU here; leave --device out")


def pool_of(settings: TrainSettings) -> PoolSettings:
    """The state pool that a run's settings ask for, with times that fit its length."""
    if settings.starts == "first":
        return PoolSettings(start_share=1.0, seed_reference=False, write=False)
    length = settings.steps / settings.num_envs
    return PoolSettings(
        seed_reference=settings.starts != "progressive",
        write=settings.starts != "reference",
        first_write=round(length * FIRST_SHARE),
        period=max(1, round(length * PERIOD_SHARE)),
        draw=settings.draw,
    )


def switched(task: Task, settings: TrainSettings) -> Task:
    """The task with the reward terms that the settings leave it."""
    if settings.contact_term:
        return task
    rest = tuple(term for term in task.rewards if term.name != "contact")
    return dataclasses.replace(task, rewards=rest)
