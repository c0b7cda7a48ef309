"""How a skill bears other worlds: `python -m benchmarks.sensitivity BUNDLE_OR_RUN`.

Success over the object's mass, friction and size, and over pushes of the robot, one
thing changed at a time. What was measured is kept, and measured no second time: an
interrupted sweep goes on where it stopped. The picture shows every sweep that lies
beside this one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from assets.g1.spec import g1
from benchmarks.result import FOLDER, provenance
from benchmarks.worlds import AXES, Axis, World, prepared, resized
from perception.prior import Prior
from policies.bundle import GENERATOR, TRACKER
from policies.export import add_figures
from policies.run_dir import prior_digest, write_json
from policies.subject import Subject, load_subject
from policies.tables import show

PICTURE = Path(__file__).parents[1] / "docs" / "sensitivity.png"
SWEEPS = FOLDER / "sensitivity"
"""One file for each subject: TASK_KIND.json."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to measure."""

    subject: tyro.conf.Positional[Path]
    """A bundle, or a run."""
    priors: Path | None = None
    """Clips to start from; by default a run's own."""
    episodes: int = 50
    """For each value."""
    seed: int = 3000
    out: Path = SWEEPS
    """Folder of the sweeps."""
    picture: Path = PICTURE
    keep: bool = False
    """Write the figures into the subject's metrics, and a bundle's card."""


def main(settings: Settings) -> None:
    """Measure what is missing, write the JSON and the picture."""
    subject = load_subject(settings.subject, g1())
    clips = subject.clips(settings.priors)
    path = settings.out / f"{subject.task.name}_{subject.kind}.json"
    known = _known(path, settings, subject, clips)
    cells = [(axis, value) for axis in AXES for value in axis.values]
    for axis, value in track(cells, "other worlds"):
        rows = _axis(known, axis)["rows"]
        if all(row["value"] != value for row in rows):
            rows.append(_measure(subject, clips, axis, value, settings))
            rows.sort(key=lambda row: row["value"])
            settings.out.mkdir(parents=True, exist_ok=True)
            write_json(path, known)
    picture(sweeps(settings.out)).savefig(settings.picture, dpi=90)
    if settings.keep:
        _keep(subject, known["figures"])
    for axis in known["figures"].values():
        for row in axis["rows"]:
            line = f"{axis['title']} {row['value']:g} {axis['unit']}"
            Console().print(line, show(row["success"]), show(row["failures"]))
    print(path, settings.picture, sep="\n")


def sweeps(folder: Path) -> dict[str, dict[str, Any]]:
    """The axes of each sweep in a folder, by its file's name."""
    files = sorted(folder.glob("*.json"))
    return {f.stem: json.loads(f.read_text(encoding="utf-8"))["figures"] for f in files}


def _known(
    path: Path, settings: Settings, subject: Subject, clips: list[Prior]
) -> dict[str, Any]:
    """What the file has of this very sweep; a new beginning otherwise."""
    about = {
        "subject": _digest(subject),
        "kind": subject.section(clips),
        "task": subject.task.name,
        "clips": {prior.name: prior_digest(prior) for prior in clips},
        "episodes": settings.episodes,
    }
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("about") == about and found.get("seeds") == [settings.seed]:
            return found
    return {
        "name": "sensitivity",
        **provenance(),
        "seeds": [settings.seed],
        "about": about,
        "figures": {},
    }


def _digest(subject: Subject) -> str:
    """What tells one policy from another: its own files."""
    names = [TRACKER, GENERATOR] if subject.run is None else ["refiner.npz"]
    whole = b"".join((subject.path / name).read_bytes() for name in names)
    return hashlib.sha256(whole).hexdigest()[:16]


def _axis(known: dict[str, Any], axis: Axis) -> dict[str, Any]:
    """The axis among what is known, without a row if it is new."""
    new = {
        "title": axis.title,
        "unit": axis.unit,
        "seed": known["seeds"][0],
        "commit": known["commit"][:7],
        "rows": [],
    }
    return known["figures"].setdefault(axis.name, new)


def _measure(
    subject: Subject, clips: list[Prior], axis: Axis, value: float, settings: Settings
) -> dict[str, Any]:
    """Success and failures with one thing changed to `value`."""
    world = World(**{axis.name: value})
    figures = subject.judge(
        priors=[resized(prior, world.size) for prior in clips],
        episodes=settings.episodes,
        seed=settings.seed,
        prepare=prepared(world),
    )
    return {"value": value, **{k: figures[k] for k in ("success", "failures")}}


def _keep(subject: Subject, figures: dict[str, Any]) -> None:
    if subject.run is not None:
        subject.run.add_metrics("sensitivity", figures)
    else:
        add_figures(subject.path, {"sensitivity": figures})


def picture(found: dict[str, dict[str, Any]]) -> Figure:
    """Success over each axis, a line for each sweep, with its 95 % interval."""
    figure = Figure(figsize=(10.0, 3.4), layout="constrained")
    every = figure.subplots(1, len(AXES), sharey=True, squeeze=False)[0]
    for axes, axis in zip(every, AXES, strict=True):
        axes.axvline(axis.trained, color="0.7", linewidth=0.8)
        axes.set_xlabel(f"{axis.title} {axis.unit}".strip(), fontsize=8)
        axes.tick_params(labelsize=8)
        for name, figures in found.items():
            if axis.name in figures:
                _curve(axes, figures[axis.name]["rows"], name)
    every[0].set_ylabel("success")
    every[0].set_ylim(-0.03, 1.03)
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    figure.suptitle("one thing changed at a time, 95 % intervals", fontsize=9)
    return figure


def _curve(axes: Axes, rows: list[dict[str, Any]], name: str) -> None:
    values = [row["value"] for row in rows]
    rates = [row["success"]["rate"] for row in rows]
    low, high = np.array([row["success"]["interval95"] for row in rows]).T
    label = name.replace("_", ", ")
    (line,) = axes.plot(values, rates, marker="o", markersize=3, label=label)
    axes.fill_between(
        values, low, high, alpha=0.12, linewidth=0.0, color=line.get_color()
    )


if __name__ == "__main__":
    main(tyro.cli(Settings))
