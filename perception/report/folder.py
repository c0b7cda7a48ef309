"""A folder of priors as a report: what came of its videos, worst first, then each."""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from assets.robot import RobotSpec
from assets.robots import ROBOTS, robot
from perception.manifest import ClipRecord, Manifest
from perception.prior import Prior
from perception.report.charts import histogram, share_bar
from perception.report.clips import Clip, clip_section
from perception.report.report import Report
from perception.track import Track

MAX_SECTIONS = 40
"""Clips shown one by one; what is beyond stands in the table alone."""


def add_folder(report: Report, folder: Path) -> list[dict[str, Any]]:
    """Add a folder's summary and its clips; returns a row of figures per clip.

    ValueError names the file that cannot be read.
    """
    manifest = Manifest.load(folder)
    worst_first = sorted(manifest.clips.values(), key=_badness)
    _add_summary(report, manifest, worst_first)
    rows: list[dict[str, Any]] = []
    shown = [record for record in worst_first if record.outputs][:MAX_SECTIONS]
    for record in worst_first:
        row: dict[str, Any] = {"clip": record.name, "outcome": record.status}
        if record.reason:
            row["reason"] = record.reason
        if record in shown:
            clip = load_clip(folder, Path(manifest.folder), record)
            row |= clip_section(report, clip, robot_of(record))
        rows.append(row)
    return sorted(rows, key=lambda row: row["clip"])


def robot_of(record: ClipRecord) -> RobotSpec:
    """The robot that a record's prior is for; the G1 where it does not say."""
    name = record.settings.get("robot")
    return robot(name if name in ROBOTS else "g1")


def load_clip(folder: Path, videos: Path, record: ClipRecord) -> Clip:
    """What a folder of priors, and the folder of its videos, hold of one clip."""
    files = {file.split(".")[-2]: folder / file for file in record.outputs}
    truth = (videos / record.video).with_suffix(".truth.npz")
    return Clip(
        record,
        Track.load(files["track"]) if "track" in files else None,
        Prior.load(files["prior"]) if "prior" in files else None,
        Track.load(truth) if truth.is_file() and "track" in files else None,
        files.get("overlay"),
    )


def _badness(record: ClipRecord) -> tuple[int, float, str]:
    """Orders records: those set aside and kept by score, then what gave no prior."""
    if record.score is not None:
        return 0, record.score, record.name
    return 1, 0.0 if record.outputs else 1.0, record.name


def _add_summary(report: Report, manifest: Manifest, records: list[ClipRecord]) -> None:
    """Counts, the scores' histogram, where the time went, and a table of all."""
    count, total = manifest.count, len(records)
    frames = sum(record.frames for record in records)
    seconds = sum(record.seconds for record in records)
    scores = [record.score for record in records if record.score is not None]
    middle = statistics.median(scores) if scores else None
    report.add_tiles(
        {
            "videos": (total, Path(manifest.folder).name),
            "kept": (count("kept"), "priors to learn from"),
            "set aside": (count("set aside"), "priors below the gate"),
            "rejected": (count("rejected"), "cannot give a prior"),
            "failed": (count("failed"), "crashed or took too long"),
            "score": (middle, "median, of 1"),
            "frames": (frames, f"{frames / max(seconds, 1e-9):.0f} a second"),
        }
    )
    if scores:
        gates = [r.settings.get("gate", 0.0) for r in records if r.score is not None]
        words = "Priors by score. What lies below the gate is set aside."
        chart = histogram(scores, float(gates[0]))
        report.add_chart("Scores", chart, words)
    stages = defaultdict(float)
    for record in records:
        for stage, spent in record.stages.items():
            stages[stage] += max(spent, 0.0)
    if sum(stages.values()) > 0:
        most_first = dict(sorted(stages.items(), key=lambda stage: -stage[1]))
        per_frame = 1e3 * sum(stages.values()) / max(frames, 1)
        words = f"Of all seconds in the workers, {per_frame:.0f} ms a frame."
        report.add_chart("Where the time went", share_bar(most_first), words)
    table = [_row(record) for record in records]
    report.add_table("All videos, worst first", table, link="clip")


def _row(record: ClipRecord) -> dict[str, Any]:
    why = record.reason or "; ".join(record.doubts)
    return {
        "clip": record.name,
        "outcome": record.status,
        "score": record.score,
        "why": why or "every figure within its limit",
    }
