"""Look a reward table over before training: terms that cannot teach what they should.

Others lost weeks to a contact term that read a disabled sensor and to a penalty that
cancelled all reward; neither raised an error. So every term is watched twice: along
the prior itself under feed-forward alone, and under random actions.
"""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
from numpy.typing import NDArray

from envs.batch_env import BatchEnv
from envs.quantities import Step
from envs.rewards.stack import WORST, RewardStack, Term

Floats = NDArray[np.floating]

STEPS = 60
RANDOM = 1.0
"""Standard deviation of the random actions."""
DOMINANT = 0.6
"""Share of all terms' sizes above which one of them drowns the others."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """What is wrong with a term; `stops` says that training should not begin."""

    term: str
    fault: str
    stops: bool

    def __str__(self) -> str:
        return f"reward term '{self.term}': {self.fault}"


class Probe(RewardStack):
    """A stack that keeps every raw value it saw, `(K, N)` per term."""

    def __init__(self, terms: tuple[Term, ...], dt: float) -> None:
        super().__init__(terms, dt)
        self.seen: dict[str, list[Floats]] = {term.name: [] for term in terms}

    def __call__(self, step: Step) -> Floats:
        """Record, then sum as the stack does."""
        for term in self.terms:
            self.seen[term.name].append(term.function(step, **term.params))
        return super().__call__(step)


def lint(env: BatchEnv, steps: int = STEPS) -> list[Finding]:
    """Faults of the environment's reward table, those that stop training first.

    The environment is stepped; reset it afterwards and it is as it was.
    """
    follow, wander = watch(env, 0.0, steps), watch(env, RANDOM, steps)
    terms = env.rewards.terms
    found = [f for term in terms for f in _term(term, follow, wander)]
    found += _balance(terms, follow)
    return sorted(found, key=lambda finding: not finding.stops)


def watch(env: BatchEnv, noise: float, steps: int) -> dict[str, Floats]:
    """Raw values `(steps, N)` per term under normal actions of this size."""
    usual = env.rewards, env.pool, env.rng
    probe, rng = Probe(env.rewards.terms, env.rewards.dt), np.random.default_rng(0)
    env.rewards, env.pool, env.rng = probe, copy.deepcopy(env.pool), rng
    try:
        env.reset()
        for _ in range(steps):
            env.step(noise * rng.normal(size=(env.num_envs, env.robot.num_joints)))
    finally:
        env.rewards, env.pool, env.rng = usual
    return {name: np.array(values) for name, values in probe.seen.items()}


def _term(
    term: Term, follow: dict[str, Floats], wander: dict[str, Floats]
) -> list[Finding]:
    values = np.concatenate([follow[term.name], wander[term.name]])
    if not np.isfinite(values).all():
        share = 1.0 - np.isfinite(values).mean()
        return [Finding(term.name, f"not finite in {share:.2%} of steps", stops=True)]
    if term.weight == 0.0:
        return [Finding(term.name, "its weight is 0", stops=False)]
    found = []
    if values.min() == values.max():
        what = f"always {values.min():g}, whatever the robot does"
        found.append(Finding(term.name, what, stops=term.weight > 0.0))
    if term.weight < 0.0 and values.min() < 0.0:
        what = f"a penalty that reaches {values.min():g} pays for what it forbids"
        found.append(Finding(term.name, what, stops=True))
    worst = float(np.abs(term.weight * values).max())
    if worst > WORST:
        what = f"reaches {worst:.3g} per second and is cut at {WORST:g}"
        found.append(Finding(term.name, what, stops=False))
    return found


def _balance(terms: tuple[Term, ...], follow: dict[str, Floats]) -> list[Finding]:
    """Faults of the sum along the prior: a term drowns it, or penalties cancel it."""
    with np.errstate(invalid="ignore"):
        size = {t.name: float(np.mean(t.weight * follow[t.name])) for t in terms}
    size = {name: value for name, value in size.items() if np.isfinite(value)}
    total = sum(abs(value) for value in size.values())
    found = []
    for name, value in size.items():
        if len(size) > 1 and abs(value) > DOMINANT * total:
            what = f"is {abs(value) / total:.0%} of the whole reward along the prior"
            found.append(Finding(name, what, stops=False))
    gained = sum(max(value, 0.0) for value in size.values())
    lost = -sum(min(value, 0.0) for value in size.values())
    if lost >= gained:
        worst = min(size, key=lambda name: size[name])
        what = f"penalties ({lost:.2f}/s) cancel what following the prior earns "
        found.append(Finding(worst, f"{what}({gained:.2f}/s)", stops=True))
    return found
