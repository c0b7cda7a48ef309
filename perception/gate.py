"""The gate: how good a prior is, from 0 to 1, and whether to learn from it.

Each figure is held against its design limit: a prior that keeps a limit scores 0.5 to
1 on it, one at twice the limit 0.25. A prior is as good as its worst figure. Below
`GATE`, or when retargeting itself gave reasons against it, it is set aside: kept in a
folder of its own, not among those to learn from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.prior import Prior

GATE = 0.25
"""No figure off its design limit by more than twice."""
MOVING_M_S = 0.15
ACROSS_S = 0.25
"""An object is moved at this speed at least; speeds are taken over this long."""
NEAR_S = 0.3
"""A movement begins at most so long before or after a touch."""


@dataclasses.dataclass(frozen=True)
class Criterion:
    """One figure, lower is better, and what a prior should keep.

    `factor` turns the figure into `unit`, in which `limit` is told; `GATE` is reached
    at `far` times the limit.
    """

    words: str
    limit: float
    unit: str
    factor: float = 1.0
    far: float = 2.0

    def score(self, value: float) -> float:
        """1 at zero, 0.5 at the limit, falling towards 0 beyond it."""
        share = max(value * self.factor, 0.0) / self.limit
        if share <= 1.0:
            return float(1.0 - 0.5 * share)
        return float(0.5 * share ** (-np.log(2.0) / np.log(self.far)))

    def reason(self, value: float) -> str:
        """The figure in words, with its limit."""
        found = f"{value * self.factor:.3g} {self.unit}".strip()
        return f"{self.words} {found}, limit {self.limit:g}"


CRITERIA: dict[str, Criterion] = {
    # What a robot can follow: the design's limits for priors.
    "penetration_max_m": Criterion("penetration", 10.0, "mm", 1e3),
    "self_penetration_max_m": Criterion("limbs in each other", 10.0, "mm", 1e3),
    "foot_speed_max_m_s": Criterion("standing foot slides at", 20.0, "mm/s", 1e3),
    "contact_gap_mean_m": Criterion("what touches is off by", 20.0, "mm", 1e3),
    "path_error_mean_m": Criterion("palm off the hand's path by", 25.0, "mm", 1e3),
    "residual_mean_n": Criterion("floating-base residual", 5.0, "N"),
    # What its joints and motors can do. None may be out of range: validation refuses
    # more than 1e-3 rad.
    "joint_limit_violation_rad": Criterion("joint out of range by", 1e-3, "rad"),
    "joint_speed_over_limit": Criterion("joint speed", 1.0, "× its limit", far=1.1),
    "torque_over_limit": Criterion("torque", 1.0, "× its limit", far=1.1),
    # What the video shows. Rendered clips give a doubt of 0.15 (0.35 where a limb is
    # long hidden), and an object seen with 0.6 to 0.9; the pipeline refuses 0.45.
    "doubt": Criterion("doubt about the person", 0.6, ""),
    "object_unseen": Criterion("doubt about the object", 0.6, ""),
    "unexplained_motion": Criterion("object moves untouched in share", 0.2, ""),
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A prior's score, whether it passes, and what is off its limit, worst first."""

    score: float
    kept: bool
    reasons: list[str]


def judge(
    prior: Prior, object_seen: float | None = None, gate: float = GATE
) -> Verdict:
    """Score a prior; `object_seen` is the mean of its outline's score, 0 to 1."""
    values = figures(prior, object_seen)
    scores = {name: CRITERIA[name].score(value) for name, value in values.items()}
    worst_first = sorted(scores, key=lambda name: scores[name])
    score = scores[worst_first[0]]
    if prior.quality.get("reasons"):
        score = min(score, 0.99 * GATE)
    told = [name for name in worst_first if scores[name] < 0.5]
    reasons = [CRITERIA[name].reason(values[name]) for name in told]
    return Verdict(round(score, 3), score >= gate, reasons)


def figures(prior: Prior, object_seen: float | None = None) -> dict[str, float]:
    """Every figure of `CRITERIA` that this prior has; one that is not finite counts.

    Figures per group of bodies count with their worst.
    """
    found = {}
    for name in CRITERIA:
        value: Any = prior.quality.get(name)
        if isinstance(value, Mapping):
            value = max(value.values(), default=0.0)
        if value is not None:
            found[name] = float(value) if np.isfinite(value) else 1e9
    found["doubt"] = 1.0 - float(prior.confidence.mean())
    found["unexplained_motion"] = unexplained_motion(prior)
    if object_seen is not None:
        found["object_unseen"] = 1.0 - object_seen
    return found


def unexplained_motion(prior: Prior) -> float:
    """Share of the object's movement, in time, that begins far from any touch."""
    span = round(ACROSS_S * prior.fps)
    if prior.num_frames <= span:
        return 0.0
    shift = prior.object_pos_w[span:] - prior.object_pos_w[:-span]
    moving = np.linalg.norm(shift, axis=1) > MOVING_M_S * ACROSS_S
    touched = np.asarray(prior.contact.any(axis=1))
    near = round(NEAR_S * prior.fps) + span
    runs = _runs(moving)
    lost = sum(
        end - start
        for start, end in runs
        if not touched[max(start - near, 0) : start + near].any()
    )
    total = sum(end - start for start, end in runs)
    return lost / total if total else 0.0


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and past-the-last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
