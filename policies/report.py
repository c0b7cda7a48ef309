"""A run's own page: one HTML file in its directory, fresh at every checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.report.charts import Line, Markup, Time, line_chart, share_bar
from perception.report.report import Report
from policies.run_dir import RunDir
from policies.tables import show

Floats = NDArray[np.floating]
Rows = Sequence[Mapping[str, Any]]

MAX_VIDEOS = 6
MAX_BYTES = 4_000_000
"""Larger videos are named and left out, so that the page can be mailed."""
LATELY = 20
"""Iterations that count as late."""

LEARNER = (
    ("return", "episode return"),
    ("std", "exploration, standard deviation of actions"),
    ("kl", "KL divergence of an update"),
    ("clipped", "share of clipped ratios"),
    ("explained_variance", "explained variance of the value"),
    ("value_loss", "value loss"),
)
SECTIONS = ("refiner", "bundle")


def write_report(run: RunDir) -> None:
    """Write `RUN/report.html` from what the directory holds; needs a config."""
    config = run.read_config()
    seed = config["settings"].get("seed")
    commit = config.get("provenance", {}).get("commit", "unknown")
    words = f"{run.path.name}, seed {seed}, commit {commit}"
    report = Report(f"Training {config['task']}", words)
    add_run(report, run)
    report.write(run.report)


def add_run(report: Report, run: RunDir) -> None:
    """Add everything that a run's directory holds; needs a config."""
    config = run.read_config()
    rows = run.read_curve()
    if rows:
        add_curves(report, rows, config["settings"])
    add_videos(report, run)
    add_record(report, run, config)


def refresh_report(run: RunDir) -> None:
    """`write_report`, of which no fault may end a training run."""
    try:
        write_report(run)
    except Exception as error:
        print(f"{run.report}: not written ({' '.join(str(error).split())})")


def add_curves(report: Report, rows: Rows, settings: Mapping[str, Any]) -> None:
    """Figures of today, and every curve over control steps."""
    last, first = rows[-1], rows[max(len(rows) - LATELY, 1) - 1]
    seconds = max(last["seconds"] - first["seconds"], 1e-9)
    rate = (last["steps"] - first["steps"]) / seconds
    report.add_tiles(
        {
            "complete": (f"{last['completion']:.0%}", "from the first frame"),
            "reached": (f"{last['reached']:.0%}", "of the clip, mean"),
            "control steps": (last["steps"], f"of {settings.get('steps', 0):,}"),
            "minutes": (last["seconds"] / 60.0, "collecting and learning"),
            "steps a second": (round(rate), f"last {LATELY} iterations"),
        }
    )
    report.add_section("Learning", lead="Over millions of control steps, exploring.")
    steps = np.array([row["steps"] for row in rows]) / 1e6
    time = Time(0.0, float(steps[-1]))
    shares = [
        Line("complete", steps, _column(rows, "completion")),
        Line("reached", steps, _column(rows, "reached"), "prior"),
    ]
    key = [("seen", "complete"), ("prior", "reached")]
    held = [row for row in rows if row.get("trial") is not None]
    if held:
        at, share = np.array([[row["steps"] / 1e6, row["trial"]] for row in held]).T
        shares.append(Line("without noise", at, share, "truth"))
        key.append(("truth", "complete without noise, in trials"))
    level = settings.get("stop_at") or None
    chart = line_chart("", shares, time, high=1.0, limit=level, last=True, unit="M")
    report.add_chart("Episodes from the first frame", chart, key)
    limits = {"kl": settings.get("target_kl")}
    for name, words in LEARNER:
        if any(row.get(name) is not None for row in rows):
            values = _column(rows, name)
            report.add_chart(words, _chart(steps, values, time, limits.get(name)))
    _add_causes(report, rows, steps, time)
    report.add_section("Reward terms", lead="Weighted means over a rollout [1/s].")
    for term in last["terms"]:
        values = np.array([row["terms"].get(term, 0.0) for row in rows])
        report.add_chart(term.replace("_", " "), _chart(steps, values, time))


def _add_causes(report: Report, rows: Rows, steps: Floats, time: Time) -> None:
    """Why episodes from the first frame ended, lately and over time."""
    lately: dict[str, float] = {}
    for row in rows[-LATELY:]:
        for cause, count in row["causes"].items():
            lately[cause] = lately.get(cause, 0.0) + count
    if not lately:
        return
    report.add_section("How episodes end", lead="Those from the first frame.")
    most_first = dict(sorted(lately.items(), key=lambda item: -item[1]))
    words = f"In the last {min(LATELY, len(rows))} iterations."
    report.add_chart("Lately", share_bar(most_first), words)
    total = np.array([max(sum(row["causes"].values()), 1) for row in rows])
    for cause in most_first:
        share = np.array([row["causes"].get(cause, 0) for row in rows]) / total
        report.add_chart(cause.replace("_", " "), _chart(steps, share, time))


def add_videos(report: Report, run: RunDir) -> None:
    """The directory's videos; those too large for the page by name alone."""
    videos = sorted(p for p in run.path.glob("*.mp4") if p.name[0] != ".")
    if not videos:
        return
    report.add_section("Videos")
    small = [path for path in videos if path.stat().st_size <= MAX_BYTES][:MAX_VIDEOS]
    for path in small:
        report.add_video(path.name, path)
    left = [path.name for path in videos if path not in small]
    if left:
        report.add_text("Beside this page", ", ".join(left))


def add_record(report: Report, run: RunDir, config: Mapping[str, Any]) -> None:
    """Evaluation, settings, priors with digests, and what it was trained on."""
    if run.metrics.is_file():
        metrics = json.loads(run.metrics.read_text())
        rows = [
            {"what": section, "figure": name, "value": show(value)}
            for section in SECTIONS
            for name, value in metrics.get(section, {}).items()
        ]
        if rows:
            report.add_section("Evaluation")
            report.add_table("", rows)
    report.add_section("The run")
    for title, values in (
        ("Settings", config["settings"]),
        ("Made by", config.get("provenance", {})),
    ):
        rows = [{"name": k, "value": _words(v)} for k, v in values.items()]
        report.add_table(title, rows, wide=False)
    priors = [{"prior": k, "digest": v} for k, v in config["priors"].items()]
    report.add_table("Priors", priors, "SHA-256 of the motion, shortened.", wide=False)


def _column(rows: Rows, name: str) -> Floats:
    """A column of numbers; where one is missing, the next one's."""
    values = [row.get(name) for row in rows]
    known = next((v for v in values if v is not None), 0.0)
    column = []
    for value in values:
        known = known if value is None else value
        column.append(float(known))
    return np.array(column)


def _chart(
    steps: Floats, values: Floats, time: Time, limit: float | None = None
) -> Markup:
    low = min(float(values.min()), 0.0)
    high = float(values.max()) if low < 0.0 else None
    high = None if high is None else max(high, 0.0) - 0.08 * low
    line = Line("", steps, values)
    return line_chart(
        "", [line], time, low=1.08 * low, high=high, limit=limit, last=True, unit="M"
    )


def _words(value: Any) -> str:
    return ", ".join(str(v) for v in value) if isinstance(value, list) else show(value)
