"""Spoilt videos among good ones: `python -m benchmarks.mutated_videos`.

Every good video must give a prior, every spoilt one a prior or a reason in one line;
nothing may crash or hang the run.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from assets.g1.spec import g1
from benchmarks.mutations import encode, write_mutations
from benchmarks.result import write_result
from perception.manifest import ClipRecord, Manifest
from perception.pipeline import make_priors
from perception.scene_file import Scene, load_scenes

CLIPS = Path(__file__).parents[1] / "assets" / "clips" / "lift_box"
HANGS = ("stood still", "took longer")
GOOD_WAYS = ("scale=-2:640", "scale=-2:480", "eq=brightness=0.03")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How many videos, and from which seed."""

    mutated: int = 300
    good: int = 10
    seed: int = 0
    workers: int = 0
    """0: one for every core."""
    time_limit: float = 300.0
    """Seconds for one video."""
    folder: Path | None = None
    """Keep videos and results here; by default nothing is kept."""


def main(settings: Settings) -> int:
    """Spoil, run, print; 1 if a promise was broken."""
    figures = measure(settings)
    write_result("mutated_videos", [settings.seed], figures)
    return 1 if broken_promises(figures, settings) else 0


def measure(settings: Settings | None = None) -> dict[str, Any]:
    """Spoil, run and print; returns how many videos ended how."""
    settings = settings or Settings()
    with tempfile.TemporaryDirectory() as temporary:
        folder = settings.folder or Path(temporary)
        videos = folder / "videos"
        shutil.rmtree(videos, ignore_errors=True)
        kinds = write_videos(videos, settings)
        begun = time.perf_counter()
        manifest = make_priors(
            videos,
            folder / "out",
            workers=settings.workers,
            robot=g1(),
            time_limit_s=settings.time_limit,
            keep_all=True,
        )
        seconds = time.perf_counter() - begun
    figures = count(manifest, kinds)
    show(manifest, kinds)
    broken = broken_promises(figures, settings)
    print(f"{sentence(figures, broken)}, {seconds:.0f} s")
    return {**figures, "seconds": round(seconds, 1)}


def write_videos(videos: Path, settings: Settings) -> list[str]:
    """Good and spoilt videos with one scene for all; returns the spoilt ones' kinds."""
    videos.mkdir(parents=True)
    clips = sorted(CLIPS.glob("*.mp4"))
    kinds = write_mutations(clips[:2], videos, settings.mutated, settings.seed)
    known = load_scenes(CLIPS)
    scenes = [_scene("", known.scene(clips[0].stem))]
    for number in range(settings.good):
        clip = clips[number % len(clips)]
        way = GOOD_WAYS[number // len(clips) % len(GOOD_WAYS)]
        encode(clip, videos / f"good_{number}.mp4", "-vf", way, "-crf", 20)
        scenes.append(_scene(f'[clips."good_{number}"]', known.scene(clip.stem)))
    (videos / "scene.toml").write_text("\n".join(scenes), encoding="utf-8")
    return kinds


def _scene(head: str, scene: Scene) -> str:
    """A scene as a table of scene.toml."""
    assert scene.object is not None
    shape, size = scene.object.shape, list(scene.object.size)
    return (
        f'{head}\ntask = "{scene.task}"\n'
        f'object = {{ shape = "{shape}", size = {size} }}\n'
        f"field_of_view_deg = {scene.field_of_view_deg}\n"
        f"person_height_m = {scene.person_height_m}\n"
    )


def count(manifest: Manifest, kinds: list[str]) -> dict[str, int]:
    """How many videos ended how."""
    good = [r for name, r in manifest.clips.items() if name.startswith("good")]
    spoilt = [r for name, r in manifest.clips.items() if not name.startswith("good")]
    told = [r for r in spoilt if r.status != "kept" and one_line(r)]
    return {
        "damaged": len(kinds),
        "good": len(good),
        "priors": sum(r.status == "kept" for r in good),
        "reasons": len(told),
        "priors_of_damaged": sum(r.status == "kept" for r in spoilt),
        "workers_lost": sum("crashed" in str(r.reason) for r in spoilt + good),
        "hangs": sum(str(r.reason).startswith(HANGS) for r in spoilt + good),
        "faults_of_ours": sum(ours(r) for r in spoilt + good),
    }


def one_line(record: ClipRecord) -> bool:
    """Whether a record gives its reason in one line of at least some words."""
    reason = record.reason or ""
    return len(reason.split()) >= 3 and "\n" not in reason


def ours(record: ClipRecord) -> bool:
    """Whether an exception of no kind that we expect came through."""
    expected = ("the worker crashed", "needed more", *HANGS)
    return record.status == "failed" and not str(record.reason).startswith(expected)


def broken_promises(figures: dict[str, int], settings: Settings) -> list[str]:
    """What should not have been, in words."""
    told = figures["priors_of_damaged"] + figures["reasons"]
    checks = {
        "a good video gave no prior": figures["priors"] < settings.good,
        "a spoilt video has neither prior nor reason": told < settings.mutated,
        "a video hung": figures["hangs"] > 0,
        "an exception came through": figures["faults_of_ours"] > 0,
    }
    return [words for words, broken in checks.items() if broken]


def sentence(figures: dict[str, int], broken: list[str]) -> str:
    """The outcome in one line."""
    end = "; ".join(broken) or "no crash, no hang"
    also = f"{figures['priors_of_damaged']} priors of spoilt videos that could be used"
    lost = f"{figures['workers_lost']} decoders that crashed were replaced"
    return (
        f"{figures['priors']} priors, {figures['reasons']} one-line "
        f"reasons, {end} ({also}, {lost})"
    )


def show(manifest: Manifest, kinds: list[str]) -> None:
    """A table: per kind of mutation its outcomes, with the commonest reason."""
    table = Table(padding=(0, 1))
    for title in ("mutation", "priors", "reasons", "the commonest"):
        table.add_column(title)
    records = [r for n, r in sorted(manifest.clips.items()) if not n.startswith("good")]
    by_number = {int(r.video.split(".")[0].split("_")[1]): r for r in records}
    for kind in dict.fromkeys(kinds):
        mine = [by_number[i] for i, k in enumerate(kinds) if k == kind]
        reasons = Counter(str(r.reason) for r in mine if r.status != "kept")
        common = reasons.most_common(1)[0][0] if reasons else ""
        kept = sum(r.status == "kept" for r in mine)
        table.add_row(kind, str(kept), str(reasons.total()), common[:70])
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Settings)))
