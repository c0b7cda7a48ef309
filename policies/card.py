"""A bundle's model card: what it is for, how well it does it, and what it came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from policies.commands import Train
from policies.contract import Contract
from policies.tables import show

Figures = Mapping[str, Any]

LICENCE = "Apache-2.0, as the code that made it."

RUN_GOES_ON = "With the run's directory RUN, this trains it on, from where it stopped:"

REFINER_LIMITS = """\
- Measured in MuJoCo alone, along clips. It sees what no robot measures: the root's
  place in the world, the feet's forces, and the clip's future. `sugarmill distill`
  makes of it what a robot can run.
- What was not measured above is not known."""

LIMITS = """\
- Measured in MuJoCo alone. Nothing here was validated on hardware: read Sugarmill's
  `docs/limits.md` and `docs/first_day.md` before a robot moves.
- The object must be of the shape and about the size above, and its pose must be known
  in the robot's frame; where there is a goal, the goal's pose too.
- It begins as its clips begin: standing, with the object where it was in one of them.
- What was not measured above is not known."""


def model_card(contract: Contract, metrics: Figures) -> str:
    """MODEL_CARD.md of a bundle, made from its contract and metrics."""
    parts = [
        [f"# {contract.task} for {contract.robot.name}", "", *_what(contract)],
        ["## Results", "", *_results(metrics)],
        ["## Made from", "", *_origin(metrics)],
        ["## Other worlds", "", *_worlds(metrics.get("sensitivity", {}))],
        ["## Limits", "", LIMITS],
        ["## Going on", "", *_going_on(metrics)],
        ["## Licence", "", LICENCE],
    ]
    return _joined(parts)


def refiner_card(config: Figures, metrics: Figures) -> str:
    """MODEL_CARD.md of a refiner that is given away without its run."""
    task = config["task"]
    what = (
        f"A refiner of Sugarmill for `{task}`: it adds to the targets that a clip, its "
        "inverse dynamics and balance give, 50 times a second, and so follows the clip "
        "in physics. `sugarmill train OTHER --init` starts another task from it."
    )
    parts = [
        [f"# Refiner of {task}", "", what],
        ["## Results", "", *_results(metrics)],
        ["## Made from", "", *_origin(metrics)],
        ["## Limits", "", REFINER_LIMITS],
        ["## Going on", "", *_going_on(metrics, "With priors, this trains it on:")],
        ["## Licence", "", LICENCE],
    ]
    return _joined(parts)


def init_command(task: str, settings: Figures, refiner: Path) -> str:
    """The command line that trains on from a kept refiner with the same settings."""
    words = [f"sugarmill train {task} --priors PRIORS --out RUN --init {refiner}"]
    return " ".join(words + _flags(settings))


def continue_command(task: str, settings: Figures) -> str:
    """The command line that trains a run of these settings twice as long."""
    words = [f"sugarmill train {task} --priors RUN/priors --out RUN --resume"]
    return " ".join(words + _flags({**settings, "steps": 2 * settings["steps"]}))


def _flags(settings: Figures) -> list[str]:
    """Options of `train` for all settings that are not its defaults.

    How long one sitting took says nothing of the next.
    """
    fields = {field.name: field.default for field in dataclasses.fields(Train)}
    del fields["seconds"]
    words = []
    for name, value in settings.items():
        if name not in fields or value == fields[name]:
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words.append(f"--{flag} {value}")
    return words


def _joined(parts: list[list[str]]) -> str:
    """Sections as Markdown, without those that have but a heading."""
    return "\n\n".join("\n".join(part) for part in parts if len(part) > 2) + "\n"


def _what(contract: Contract) -> list[str]:
    size = " × ".join(f"{s:g}" for s in contract.object.size)
    lines = [
        f"Object: {contract.object.shape}, {size} m, {contract.object.mass:g} kg.",
        f"Tracker at {contract.control_hz:g} Hz; the command generator plans "
        f"{contract.horizon} commands {1 / contract.command_hz:g} s apart and executes "
        f"{contract.execute}. The object's pose is expected in the frame of "
        f"`{contract.object_frame}`. No reference is needed at run time.",
    ]
    if contract.goal is not None:
        ahead, left, height = contract.goal.pos_w
        lines.append(
            "The generator is told where to bring the object, in the same frame. "
            f"Where nobody tells it is {ahead:.2f} m ahead of the start, "
            f"{left:.2f} m to the left and {height:.2f} m high."
        )
    return lines


def _results(metrics: Figures) -> list[str]:
    lines = [
        "| who, where | success | followed to the end | failed |",
        "|---|---|---|---|",
    ]
    for section, values in metrics.items():
        kind, _, where = section.partition("_")
        if kind in ("refiner", "bundle") and isinstance(values, dict):
            success, end = values.get("success"), values.get("completion")
            lines.append(
                f"| {_who(kind, where)} | {show(success) if success else 'not judged'} "
                f"| {show(end) if end else ''} | {show(values.get('failures', ''))} |"
            )
    seeds = _sorted(values.get("seed") for values in _sections(metrics))
    measured = _sorted(
        f"{v['commit']} ({v['machine']})" for v in _sections(metrics) if "commit" in v
    )
    note = f"Intervals are Wilson's, 95 %. Seeds {seeds}; measured at {measured}."
    return [*lines, "", note]


def _who(kind: str, where: str) -> str:
    who = "refiner, along its clips" if kind == "refiner" else "without reference"
    clips, _, model = where.partition("in_")
    words = {"test": "clips it never saw", "mixed": "clips it saw and others"}
    known = words.get(clips.strip("_") or where, "")
    model = f"another robot model, {model}" if model and "in_" in where else ""
    return "; ".join(part for part in (who, known, model) if part)


def _sections(metrics: Figures) -> list[Figures]:
    kinds = ("refiner", "bundle")
    found = [v for k, v in metrics.items() if k.partition("_")[0] in kinds]
    return [values for values in found if isinstance(values, dict)]


def _origin(metrics: Figures) -> list[str]:
    rows = []
    priors = metrics.get("priors", {})
    digests = priors.get("digests", {})
    rows += [(f"priors: {k}", v) for k, v in priors.items() if k != "digests"]
    shown = ", ".join(f"{name} {digest}" for name, digest in digests.items())
    rows += [("priors: digests", shown)] if digests else []
    training, taught = metrics.get("training", {}), metrics.get("distillation", {})
    rows += _stage("training", training)
    rows += _stage("distillation", taught)
    if not rows:
        return []
    table = [f"| {name.replace('_', ' ')} | {show(value)} |" for name, value in rows]
    return ["| what | |", "|---|---|", *table]


def _stage(stage: str, values: Figures) -> list[tuple[str, Any]]:
    left_out = ("continue", "python", "threads", "capacity")
    return [(f"{stage}: {k}", v) for k, v in values.items() if k not in left_out]


def _worlds(axes: Figures) -> list[str]:
    """A row for each value tried: `benchmarks.sensitivity`."""
    if not axes:
        return []
    lines = ["| what is changed | to | success |", "|---|---|---|"]
    for axis in axes.values():
        for row in axis["rows"]:
            value = f"{row['value']:g} {axis['unit']}".strip()
            lines.append(f"| {axis['title']} | {value} | {show(row['success'])} |")
    seeds = _sorted(axis.get("seed") for axis in axes.values())
    commits = _sorted(axis.get("commit") for axis in axes.values())
    note = f"One thing changed at a time. Seeds {seeds}; measured at {commits}."
    return [*lines, "", note]


def _going_on(metrics: Figures, told: str = RUN_GOES_ON) -> list[str]:
    command = metrics.get("training", {}).get("continue", "")
    if not command:
        return []
    return [told, "", "```sh", command, "```"]


def _sorted(values: Iterable[Any]) -> str:
    found = sorted({str(value) for value in values if value is not None})
    return ", ".join(found) or "not noted"
