"""A report's section about one clip: what was seen, what the robot makes of it."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from perception.gate import CRITERIA, figures
from perception.manifest import ClipRecord
from perception.prior import Prior
from perception.report.against_truth import (
    aligned_object,
    clip_figures,
    joint_errors,
    object_errors,
)
from perception.report.charts import (
    Line,
    Markup,
    Time,
    bar_chart,
    line_chart,
    span_chart,
)
from perception.report.followed import limb_errors, time_offset
from perception.report.report import Report
from perception.report.stills import prior_strip
from perception.retargeting.inverse_dynamics import feed_forward
from perception.track import Track

Floats = NDArray[np.float64]

BADGES = {
    "kept": "good",
    "set aside": "aside",
    "rejected": "bad",
    "failed": "bad",
}
RESIDUAL_N = CRITERIA["residual_mean_n"].limit


@dataclasses.dataclass(frozen=True)
class Clip:
    """One video of a folder: its record, and what the folder holds of it."""

    record: ClipRecord
    track: Track | None = None
    prior: Prior | None = None
    truth: Track | None = None
    overlay: Path | None = None


def clip_section(report: Report, clip: Clip, robot: RobotSpec) -> dict[str, float]:
    """Add a clip's section to `report`; return its figures, for a table of all clips.

    Raises ValueError when the truth has another number of frames than the track.
    """
    record = clip.record
    why = record.reason or "; ".join(record.doubts) or "every figure within its limit"
    report.add_section(
        record.name,
        badge=record.status,
        kind=BADGES[record.status],
        score=record.score,
        lead=f"{why[:1].upper()}{why[1:]}.",
    )
    found = clip_figures(clip.track, clip.truth) if clip.track is not None else {}
    if clip.overlay is not None:
        report.add_video("What was seen", clip.overlay, caption=_notes(clip))
    if clip.track is not None:
        sheet = time_sheet(clip.track, clip.prior, clip.truth, robot)
        report.add_chart("Over time", sheet, _key(clip))
    if clip.prior is not None:
        _add_prior(report, clip, clip.prior, robot)
    if clip.truth is not None:
        report.add_table("Against the truth", [found], wide=True)
    return found


def _add_prior(report: Report, clip: Clip, prior: Prior, robot: RobotSpec) -> None:
    if robot.stands:
        with contextlib.suppress(RuntimeError):  # a machine without graphics
            strip = prior_strip(prior, robot)
            words = "First frame to last."
            report.add_image("The robot's prior", strip, words, wide=True)
    if clip.track is not None:
        errors = limb_errors(clip.track, prior, robot)
        if errors:
            chart = bar_chart(errors, "°")
            words = "Mean angle between the robot's limb and the person's."
            report.add_chart("Retarget error per body", chart, words)
    report.add_table("Quality", quality_rows(clip), wide=False)


def quality_rows(clip: Clip) -> list[dict[str, object]]:
    """Every figure that the gate reads, with its limit and its score."""
    if clip.prior is None:
        return []
    values = figures(clip.prior, clip.record.source.get("object_seen"))
    rows: list[dict[str, object]] = []
    for name, value in sorted(values.items(), key=lambda v: CRITERIA[v[0]].score(v[1])):
        criterion = CRITERIA[name]
        unit = f" [{criterion.unit}]" if criterion.unit else ""
        rows.append(
            {
                "figure": f"{criterion.words}{unit}",
                "found": round(value * criterion.factor, 4),
                "limit": criterion.limit,
                "score": criterion.score(value),
            }
        )
    return rows


def time_sheet(
    track: Track, prior: Prior | None, truth: Track | None, robot: RobotSpec
) -> Markup:
    """Contact, object, confidence and residual over the video's time, one axis."""
    offset = time_offset(track, prior) if prior is not None else 0.0
    start, end = 0.0, track.num_frames / track.fps
    if prior is not None:
        start = min(start, -offset)
        end = max(end, prior.num_frames / prior.fps - offset)
    time = Time(start, end)
    seen = np.arange(track.num_frames) / track.fps
    sheet = _contact(track, prior, truth, offset, time)
    heights = _heights(track, truth)
    if prior is None:
        sheet += line_chart("object's height [m]", heights, time)
        sure = Line("seen", seen, track.visibility.mean(axis=1))
        return sheet + line_chart("confidence", [sure], time, high=1.0, last=True)
    planned = np.arange(prior.num_frames) / prior.fps - offset
    heights.append(Line("prior", planned, prior.object_pos_w[:, 2], "prior"))
    sheet += line_chart("object's height [m]", heights, time)
    if truth is not None:
        errors = 1e3 * joint_errors(track, truth).mean(axis=1)
        sheet += line_chart("joint error [mm]", [Line("", seen, errors)], time)
    sure, legs = Line("seen", planned, prior.confidence), robot.stands
    sheet += line_chart("confidence", [sure], time, high=1.0, last=not legs)
    if not legs:
        return sheet
    left = Line("residual", planned, feed_forward(prior, robot)[1], "prior")
    title = "floating-base residual [N]"
    return sheet + line_chart(title, [left], time, limit=RESIDUAL_N, last=True)


def _heights(track: Track, truth: Track | None) -> list[Line]:
    """The object's height, seen and true, and its position error [m]."""
    seconds = np.arange(track.num_frames) / track.fps
    if truth is None:
        return [Line("seen", seconds, track.object_pos_w[:, 2])]
    return [
        Line("error", seconds, object_errors(track, truth), "soft"),
        Line("truth", seconds, truth.object_pos_w[:, 2], "truth"),
        Line("seen", seconds, aligned_object(track, truth)[:, 2]),
    ]


def _contact(
    track: Track, prior: Prior | None, truth: Track | None, offset: float, time: Time
) -> Markup:
    """A row per body that touches the object in any of the sources."""
    sources = [("seen", track.contact, track.contact_names, track.fps, 0.0)]
    if prior is not None:
        names, fps = prior.contact_names, prior.fps
        sources.append(("prior", prior.contact, names, fps, -offset))
    if truth is not None:
        names, fps = truth.contact_names, truth.fps
        sources.append(("truth", truth.contact, names, fps, 0.0))
    touching = {
        name: None
        for _, contact, names, _, _ in sources
        for name, column in zip(names, contact.T, strict=True)
        if column.any()
    }
    rows = []
    for name in touching or {"left_hand": None, "right_hand": None}:
        kinds = []
        for kind, contact, names, fps, shift in sources:
            flags = contact[:, names.index(name)] if name in names else contact[:0, 0]
            kinds.append((kind, spans(flags, fps, shift)))
        rows.append((name.replace("_", " "), kinds))
    return span_chart("touches the object", rows, time)


def spans(
    flags: NDArray[np.bool_], fps: float, shift: float = 0.0
) -> list[tuple[float, float]]:
    """Start and end [s] of every run of True, `shift` later."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(a / fps + shift, b / fps + shift) for a, b in edges.reshape(-1, 2)]


def _key(clip: Clip) -> list[tuple[str, str]]:
    """Colours of the time sheet, in words."""
    key = [("seen", "seen in the video")]
    if clip.prior is not None:
        key.append(("prior", "the robot's prior"))
    if clip.truth is not None:
        key.append(("truth", "truth"))
    return key


def _notes(clip: Clip) -> str:
    """What was assumed, and how long the work took."""
    record = clip.record
    words = [note[:1].upper() + note[1:] for note in record.notes]
    if record.frames:
        rate = record.frames / max(record.seconds, 1e-9)
        words.append(f"{record.frames} frames in {record.seconds:.1f} s ({rate:.0f}/s)")
    return ". ".join([*words, ""]).strip()
