"""The README's rows about shipped refiners and skills, from the figures they keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from policies.tables import show

Row = tuple[str, str, str]

ELSEWHERE = "refiner_in_other_shapes"
FIRST_TRIAL = 50_000
"""Steps before which a run has had but its first trial, of what it began from."""


def rows(assets: Path) -> list[Row]:
    """Rows of all refiners, then of all bundles, in `assets`."""
    refiners = sorted((assets / "refiners").glob("*/metrics.json"))
    bundles = sorted((assets / "bundles").glob("*/metrics.json"))
    return [
        *(row for path in refiners for row in _refiner(path)),
        *(row for path in bundles for row in _bundle(path)),
    ]


def _refiner(path: Path) -> list[Row]:
    """How far a refiner follows its clips, and how long it learnt."""
    metrics, name = json.loads(path.read_text()), _name(path)
    parts = [show(metrics["refiner"]["completion"])]
    if "refiner_test" in metrics:
        unseen = metrics["refiner_test"]
        text = f"{unseen['clips']} clips it never saw: {show(unseen['completion'])}"
        parts.append(text)
    if ELSEWHERE in metrics:
        other = metrics[ELSEWHERE]["completion"]
        parts.append(f"another robot model: {show(other)}")
    what = f"{name}: refiner completes its {metrics['refiner']['clips']} clips"
    training = metrics["training"]
    return [
        (what, "; ".join(parts), "sugarmill evaluate RUN"),
        (
            f"{name}: training, {training['machine']}",
            learning(training),
            "sugarmill train",
        ),
    ]


def learning(training: dict[str, Any]) -> str:
    """Steps and minutes in all, and until nine of ten trials completed."""
    text = f"{_millions(training['steps'])} in {training['seconds'] / 60:.0f} min"
    steps = training.get("steps_to_90")
    if steps and steps < FIRST_TRIAL:
        text += "; 90 % without noise from the first trial on"
    elif steps:
        minutes = training["seconds_to_90"] / 60
        text += f"; 90 % without noise after {_millions(steps)}, {minutes:.0f} min"
    begun = training.get("init")
    return f"{text}; begun from {begun}" if begun else text


def _bundle(path: Path) -> list[Row]:
    """How often a skill succeeds without any reference."""
    metrics = json.loads(path.read_text())
    value = show(metrics["bundle"]["success"])
    if "bundle_test" in metrics:
        unseen = show(metrics["bundle_test"]["success"])
        value += f"; clips it never saw: {unseen}"
    what = f"{_name(path)}: skill without reference"
    return [(what, value, "sugarmill evaluate BUNDLE")]


def _name(path: Path) -> str:
    return path.parent.name.replace("_", "-")


def _millions(steps: int) -> str:
    return f"{steps / 1e6:.1f} M steps"
