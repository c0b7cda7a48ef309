"""The README's rows about the video half: figures over all tasks, nothing more."""

from __future__ import annotations

from typing import Any

from benchmarks.perception_tables import number

Parts = dict[str, Any]
COMMAND = "make bench-perception"


def rows(parts: Parts) -> list[tuple[str, str, str]]:
    """What, figure, and the command that prints it; a part not measured is left out."""
    found: list[tuple[str, str]] = []
    if "rendered" in parts:
        found += _rendered(parts["rendered"])
    for row in parts.get("real", {}).get("clips", []):
        found.append(_real(row))
    if "speed" in parts:
        speed = parts["speed"]
        found.append(
            (
                "whole pipeline with one worker, of MediaPipe's own frames/s; "
                f"two workers over one, {speed['clips']} clips",
                f"{speed['share_of_mediapipe']:.2f}; {speed['two_over_one']:.2f} ×",
            )
        )
    if "mutated" in parts:
        found.append(_mutated(parts["mutated"]))
    return [(what, figure, COMMAND) for what, figure in found]


def _rendered(part: Parts) -> list[tuple[str, str]]:
    every, tasks = part["overall"], len(part["tasks"])
    kinds = "task" if tasks == 1 else "tasks"

    def show(key: str, digits: int = 0) -> str:
        return number(every[key], digits)

    return [
        (
            f"{every['clips']} rendered test clips, {tasks} {kinds}: joints, "
            "root-relative (raw MediaPipe; ratio)",
            f"{number(every['root'], 0, interval=True)} mm ({show('root_raw')} mm; "
            f"{show('ratio', 2)})",
        ),
        (
            "the same: root position over the clip; object position / orientation",
            f"{show('position')} mm; {show('object')} mm / {show('object_deg', 1)}°",
        ),
        (
            "the same: contact per body and frame, F1; median onset error",
            f"{number(every['f1'], 3, interval=True)}; {show('onset', 1)} frames",
        ),
        (
            "their priors: kept; outside joint limits; penetration; stance foot; "
            "hand to object; floating-base residual",
            f"{every['kept']} of {every['clips']}; "
            f"{show('prior_joint_limit_violation_rad', 3)} rad; "
            f"{show('prior_penetration_max_m')} mm; "
            f"{show('prior_foot_speed_max_m_s')} mm/s; "
            f"{show('prior_contact_gap_mean_m')} mm; "
            f"{show('prior_residual_mean_n', 1)} N",
        ),
    ]


def _real(row: Parts) -> tuple[str, str]:
    what = (
        f"real clip {row['clip']} against mocap: joints, world / root-relative / PA "
        "(raw root-relative)"
    )
    values = (number(row[key], 0) for key in ("world", "root", "pa", "root_raw"))
    world, root, pa, raw = values
    return what, f"{world} / {root} / {pa} mm ({raw} mm)"


def _mutated(part: Parts) -> tuple[str, str]:
    return (
        f"{part['damaged'] + part['good']} videos, {part['damaged']} of them damaged: "
        "priors of good ones; one-line reasons; priors of damaged ones; "
        "hangs, faults of ours",
        f"{part['priors']} of {part['good']}; {part['reasons']}; "
        f"{part['priors_of_damaged']}; {part['hangs']}, {part['faults_of_ours']}",
    )
