"""Rows of clips to means with intervals: per task, and over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import causes, clip_figures
from benchmarks.clip_figures import PRIOR_KEYS

Row = dict[str, Any]
Figure = dict[str, float | int]

RESAMPLES = 2000
STATUSES = ("kept", "set aside", "rejected", "failed")
MEANS = (
    *"root root_raw pa world position object object_person object_deg".split(),
    *(f"prior_{key}" for key in PRIOR_KEYS),
)


def summarise(rows: list[Row]) -> dict[str, Any]:
    """Figures over `rows`, each with how many clips gave it and a 95 % interval."""
    figures: dict[str, Any] = {
        "clips": len(rows),
        "objects_found": len(_having(rows, "object")),
        **{s: [row["status"] for row in rows].count(s) for s in STATUSES},
        "seeds": [min(r["seed"] for r in rows), max(r["seed"] for r in rows)],
    }
    for key in MEANS:
        figures[key] = interval(_having(rows, key), lambda r, k=key: _mean(r, k))
    figures["ratio"] = interval(_having(rows, "root"), _ratio)
    figures["f1"] = interval(_having(rows, "labels"), _f1)
    figures["onset"] = interval(_having(rows, "onsets"), _onset)
    figures["onsets_missed"] = _missed(rows)
    figures["worst"] = {
        f"prior_{key}": max(
            (r[f"prior_{key}"] for r in _having(rows, f"prior_{key}")), default=None
        )
        for key in PRIOR_KEYS
    }
    figures["causes"] = {key: _mean(_having(rows, key), key) for key in causes.MEANINGS}
    wrong = np.sum([row["labels"] for row in _having(rows, "labels")] or [[0] * 4], 0)
    names = ("hits", "false", "missed", "wrong_near_a_change")
    figures["labels"] = dict(zip(names, map(int, wrong), strict=True))
    return figures


def interval(rows: list[Row], of: Callable[[list[Row]], float]) -> Figure | None:
    """A figure of `rows`, and its 95 % interval: clips drawn again and again."""
    if not rows:
        return None
    rng = np.random.default_rng(0)
    picks = rng.integers(len(rows), size=(RESAMPLES, len(rows)))
    drawn = [of([rows[i] for i in pick]) for pick in picks]
    low, high = np.nanpercentile(drawn, [2.5, 97.5], method="nearest")
    values = {"value": of(rows), "low": float(low), "high": float(high)}
    return {**{k: round(v, 4) for k, v in values.items()}, "clips": len(rows)}


def not_kept(rows: list[Row]) -> dict[str, str]:
    """What became of the clips without a kept prior, and why."""
    return {
        row["clip"]: f"{row['status']}: {row['reason']}"
        for row in rows
        if row["status"] != "kept"
    }


def _having(rows: list[Row], key: str) -> list[Row]:
    """Rows that have a number, or a list of them, under `key`."""
    found = [row for row in rows if row.get(key) is not None]
    return [row for row in found if not _is_nan(row[key])]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)


def _mean(rows: list[Row], key: str) -> float:
    return float(np.mean([row[key] for row in rows])) if rows else float("nan")


def _ratio(rows: list[Row]) -> float:
    """Of the means, not the mean of ratios."""
    return _mean(rows, "root") / _mean(rows, "root_raw")


def _f1(rows: list[Row]) -> float:
    """Of the counts of all clips together."""
    hits, false, missed, _ = np.sum([row["labels"] for row in rows], axis=0)
    total = 2 * hits + false + missed
    return float(2 * hits / total) if total else 1.0


def _onset(rows: list[Row]) -> float:
    """Median |offset| [frames]; an onset that was missed counts as infinitely far."""
    offsets = [np.inf if o is None else abs(o) for r in rows for o in r["onsets"]]
    return float(np.median(offsets)) if offsets else float("nan")


def _missed(rows: list[Row]) -> int:
    return sum(
        offset is None for r in _having(rows, "onsets") for offset in r["onsets"]
    )


def meanings() -> dict[str, str]:
    """What each figure is, for whoever reads the file."""
    return {**clip_figures.MEANINGS, **causes.MEANINGS}
