"""`manifest.json`: what became of every video in a folder, and with which settings."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

from perception.files import write_text

SCHEMA = 2
FILE_NAME = "manifest.json"

Status = Literal["kept", "set aside", "rejected", "failed"]


@dataclasses.dataclass(frozen=True)
class ClipRecord:
    """One video's outcome.

    `kept`: a prior was written. `set aside`: one was, but it did not pass the gate, and
    lies in a folder of its own. `rejected`: the video cannot give one. `failed`: it
    might have, but the worker crashed, ran too long or needed too much memory.
    `reason` says why in one line, unless kept. `score` is the prior's, 0 to 1, and
    `doubts` what is off its design limits, worst first. `stages` are seconds of each
    part of the work, on `frames` frames.
    """

    name: str
    video: str
    sha256: str
    status: Status
    reason: str | None
    notes: list[str]
    seconds: float
    settings: dict[str, Any]
    outputs: list[str]
    source: dict[str, Any] = dataclasses.field(default_factory=dict)
    score: float | None = None
    doubts: list[str] = dataclasses.field(default_factory=list)
    stages: dict[str, float] = dataclasses.field(default_factory=dict)
    frames: int = 0


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Every clip of a folder by name; `save` and `load` keep it as JSON."""

    folder: str
    clips: dict[str, ClipRecord] = dataclasses.field(default_factory=dict)

    def count(self, status: Status) -> int:
        """How many clips ended so."""
        return sum(clip.status == status for clip in self.clips.values())

    def lines(self) -> list[str]:
        """One line per clip that gave no prior, then the totals."""
        lines = [
            f"{clip.video}: {clip.reason}"
            for clip in sorted(self.clips.values(), key=lambda c: c.name)
            if clip.status != "kept"
        ]
        return [*lines, self.summary()]

    def summary(self) -> str:
        """How many of the videos gave a prior, in one line."""
        line = f"{self.count('kept')} of {len(self.clips)} videos gave a prior"
        others = [
            f"{self.count(status)} {status}"
            for status in ("set aside", "rejected", "failed")
            if self.count(status)
        ]
        return f"{line} ({', '.join(others)})" if others else line

    def save(self, out: Path) -> None:
        """Write `out/manifest.json` in one step."""
        clips = {n: dataclasses.asdict(c) for n, c in sorted(self.clips.items())}
        text = json.dumps(
            {"schema": SCHEMA, "folder": self.folder, "clips": clips}, indent=1
        )
        write_text(out / FILE_NAME, text + "\n")

    @classmethod
    def load(cls, out: Path) -> Manifest:
        """Read `out/manifest.json`; ValueError names the file and the fault."""
        path = out / FILE_NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values["schema"] != SCHEMA:
                msg = f"schema {values['schema']}, expected {SCHEMA}"
                raise ValueError(msg)
            clips = {n: ClipRecord(**c) for n, c in values["clips"].items()}
            return cls(str(values["folder"]), clips)
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            msg = f"{path}: not a readable manifest ({error}); delete it to start over"
            raise ValueError(msg) from error
