"""Distil a refiner into a hierarchy that needs no reference: tracker and generator.

The student drives, the refiner labels (DAgger, arXiv 1011.0686; SUGAR section 3.3
distils the same way by KL, which for fixed variance is this squared error). At first
the commands come from the prior; then more and more simulations take them from the
generator as it learns, so that both meet the mistakes they make together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from assets.robot import RobotSpec
from envs.batch_env import BatchEnv
from envs.commands import command_table
from envs.observations import Sense, generator_observation, size
from envs.task import Task
from perception.prior import Prior
from policies.beginning import make_contract
from policies.contract import Contract
from policies.hierarchy import Hierarchy
from policies.network import NormalizedMlp
from policies.refiner import Agent
from policies.replay import Replay
from policies.sensing import Sensing

Floats = NDArray[np.floating]

PAIR_EVERY = 5
"""Control steps between the generator's lessons; a robot plans every 20."""


@dataclasses.dataclass(frozen=True)
class DistillSettings:
    """How long, how large, and how noisy."""

    rounds: int = 30
    """Rounds of collecting and learning."""
    num_envs: int = 256
    rollout: int = 64
    """Control steps per simulation and round."""
    capacity: int = 400_000
    """Tracker samples kept."""
    updates: int = 40
    """Minibatches per round and network."""
    batch_size: int = 2048
    learning_rate: float = 1e-3
    tracker_hidden: tuple[int, ...] = (512, 256)
    generator_hidden: tuple[int, ...] = (256, 256)
    generator_from: float = 0.3
    """Share of the rounds after which generator commands begin to be used."""
    generator_share: float = 0.7
    """Share of simulations on generator commands in the last round."""
    command_noise: float = 0.03
    """Noise on the generator's last command, in units of its spread over the clips."""
    teacher_until: float = 0.4
    """Share of the rounds over which the refiner drives fewer and fewer simulations.

    At first all (Ross et al., DAgger, AISTATS 2011, beta falling to 0): a student
    that falls at once shows nothing of what comes later in a clip."""
    trials: int = 4
    """Episodes a clip; those that the refiner never follows to the end are left out.

    0 leaves none out."""
    seed: int = 0
    threads: int = 0


class Student(Hierarchy):
    """The hierarchy while it is taught: some robots get their plans from the prior."""

    def __init__(
        self,
        contract: Contract,
        tracker: NormalizedMlp,
        generator: NormalizedMlp,
        sensing: Sensing,
    ) -> None:
        env = sensing.env
        super().__init__(contract, Agent(tracker), Agent(generator), env.num_envs)
        self.env, self.sense = env, sensing
        self.table = command_table(env.reference, env.robot.num_joints)
        self.independent = np.zeros(env.num_envs, bool)
        self.obs: Floats = np.zeros((0, 0), np.float32)
        self.steps = 0
        self.pairs: list[tuple[Floats, Floats]] = []

    def restart(self, ids: NDArray[np.integer]) -> None:
        """Take up robots that were put somewhere along a clip."""
        self.reset(self.sense(), ids)
        self.command[ids] = self.table[self.env.row[ids]]

    def reference_plans(self, ids: NDArray[np.integer]) -> Floats:
        """The prior's own plans `(n, horizon, command)` from the current frames."""
        env, ticks = self.env, self.contract.ticks_per_command
        ahead = [
            self.table[env.reference.rows(env.clip[ids], env.time[ids], k * ticks)]
            for k in range(1, self.contract.horizon + 1)
        ]
        return np.stack(ahead, axis=1)

    def _plan(self, sense: Sense) -> None:
        """Plan where it is due; note what everybody should plan a few times a plan."""
        if self.steps % PAIR_EVERY == 0:
            goal = self.contract.goal is not None
            obs = generator_observation(sense, self.command, goal=goal)
            everyone = np.arange(self.env.num_envs)
            self.pairs.append((obs, self.reference_plans(everyone)))
        self.steps += 1
        super()._plan(sense)

    def _generate(self, obs: Floats, due: NDArray[np.integer]) -> Floats:
        plans = self.reference_plans(due)
        mine = self.independent[due]
        return np.where(mine[:, None, None], super()._generate(obs, due), plans)

    def _act(self, obs: Floats) -> Floats:
        self.obs = obs
        return super()._act(obs)


def distill(
    task: Task,
    robot: RobotSpec,
    priors: Sequence[Prior],
    teacher: Callable[[Floats], Floats],
    settings: DistillSettings,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    states: dict[str, NDArray] | None = None,
    show: bool = True,
) -> tuple[Contract, NormalizedMlp, NormalizedMlp, list[dict[str, Any]]]:
    """Teach a tracker and a generator; returns contract, both, and a row per round.

    `options` are keywords of `BatchEnv` that the refiner was trained with, `states`
    those of its own pool: where the student starts.
    """
    if settings.rounds < 1:
        msg = f"distillation: rounds is {settings.rounds}, expected at least 1"
        raise ValueError(msg)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    env = BatchEnv(
        task,
        robot,
        priors,
        settings.num_envs,
        threads=settings.threads,
        seed=settings.seed,
        **options,
    )
    for name, array in (states or {}).items():
        getattr(env.pool, name)[:] = array
    contract = make_contract(env, priors)
    student = _student(contract, Sensing(env, priors), settings)
    tracker, generator = student.tracker.network, student.generator.network  # pyright: ignore[reportFunctionMemberAccess]
    lessons = _Lessons(student, tracker, generator, settings)
    obs = env.reset()
    student.restart(np.arange(env.num_envs))
    rows = []
    rounds = range(settings.rounds)
    for index in track(rounds, "distilling", disable=not show):
        student.independent = _independent(index, settings, rng)
        driven = rng.random(settings.num_envs) < teacher_share(index, settings)
        obs, failures = lessons.collect(env, teacher, obs, driven)
        losses = lessons.learn(index)
        rows.append({"round": index, "failures": failures, **losses})
    return contract, tracker, generator, rows


def _student(
    contract: Contract, sensing: Sensing, settings: DistillSettings
) -> Student:
    widths = {name: size(layout) for name, layout in contract.layouts().items()}
    joints, plan = contract.robot.num_joints, (contract.horizon, widths["command"])
    tracker = NormalizedMlp(widths["tracker"], settings.tracker_hidden, (joints,))
    hidden = settings.generator_hidden
    generator = NormalizedMlp(widths["generator"], hidden, plan)
    return Student(contract, tracker, generator, sensing)


def _independent(
    index: int, settings: DistillSettings, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which simulations follow the generator in this round."""
    begin = settings.generator_from * settings.rounds
    ramp = np.clip((index - begin) / max(settings.rounds - begin - 1, 1), 0.0, 1.0)
    return rng.random(settings.num_envs) < ramp * settings.generator_share


def teacher_share(index: int, settings: DistillSettings) -> float:
    """Share of simulations that the refiner drives in a round: from 1 down to 0."""
    until = settings.teacher_until * settings.rounds
    return max(0.0, 1.0 - index / until) if until > 0 else 0.0


class _Lessons:
    """Samples and optimisers of both networks."""

    def __init__(
        self,
        student: Student,
        tracker: NormalizedMlp,
        generator: NormalizedMlp,
        settings: DistillSettings,
    ) -> None:
        self.student, self.settings = student, settings
        self.tracker, self.generator = tracker, generator
        self.tracker_data = Replay(settings.capacity, settings.seed)
        self.generator_data = Replay(settings.capacity // 4, settings.seed)
        spread = student.table.std(axis=0) + 0.02
        self.spread = torch.from_numpy(spread.astype(np.float32))
        self.optimizers = [
            torch.optim.Adam(net.parameters(), lr=settings.learning_rate)
            for net in (tracker, generator)
        ]

    def collect(
        self,
        env: BatchEnv,
        teacher: Callable[[Floats], Floats],
        obs: Floats,
        driven: NDArray[np.bool_],
    ) -> tuple[Floats, int]:
        """Let the student drive for a round; the refiner says what it would do.

        It drives the simulations `driven (N,)` itself.
        """
        student, failures = self.student, 0
        joints = env.robot.num_joints
        for _ in range(self.settings.rollout):
            wanted = env.targets(teacher(obs))
            targets = student.step(student.sense())
            label = (wanted - student.command[:, :joints]) / student.action_scale
            self.tracker_data.add(student.obs, label)
            targets = np.where(driven[:, None], wanted, targets)
            student.last_action = np.where(driven[:, None], label, student.last_action)
            obs, _, done, infos = env.advance(targets)
            ids = np.flatnonzero(done)
            if len(ids):
                failures += sum(not infos[i]["TimeLimit.truncated"] for i in ids)
                student.restart(ids)
        for inputs, plans in student.pairs:
            self.generator_data.add(inputs, plans)
        student.pairs.clear()
        return obs, failures

    def learn(self, index: int) -> dict[str, float]:
        """Update both networks; returns their mean losses."""
        decay = 0.5 * (1 + np.cos(np.pi * index / self.settings.rounds))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * max(decay, 0.05)
        pairs = (
            (self.tracker, self.tracker_data),
            (self.generator, self.generator_data),
        )
        for network, data in pairs:
            newest = data.newest()
            if index < 5:
                network.normalizer.update(newest)
        return {
            "tracker_loss": self._fit_tracker(),
            "generator_loss": self._fit_generator(),
        }

    def _fit_tracker(self) -> float:
        total = 0.0
        for _ in range(self.settings.updates):
            x, y = self.tracker_data.sample(self.settings.batch_size)
            loss = torch.nn.functional.mse_loss(self.tracker(x), y)
            total += _update(self.optimizers[0], loss)
        return total / self.settings.updates

    def _fit_generator(self) -> float:
        total, commands = 0.0, self.student.table.shape[1]
        for _ in range(self.settings.updates):
            x, y = self.generator_data.sample(self.settings.batch_size)
            noise = torch.randn(len(x), commands) * self.spread
            x[:, -commands:] += self.settings.command_noise * noise
            error = (self.generator(x) - y) / self.spread
            total += _update(self.optimizers[1], (error**2).mean())
        return total / self.settings.updates


def _update(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())
