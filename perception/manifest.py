"""`manifest.json`: what became of every video in a folder, and with which settings."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Literal

SCHEMA = 1
FILE_NAME = "manifest.json"

Status = Literal["kept", "rejected", "failed"]


@dataclasses.dataclass(frozen=True)
class ClipRecord:
    """One video's outcome.

    `kept`: a prior was written. `rejected`: the video cannot give one, `reason` says
    why in one line. `failed`: it might have, but the worker crashed or ran too long.
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
        kept, total = self.count("kept"), len(self.clips)
        return [*lines, f"{kept} of {total} videos gave a prior"]

    def save(self, out: Path) -> None:
        """Write `out/manifest.json` in one step."""
        clips = {n: dataclasses.asdict(c) for n, c in sorted(self.clips.items())}
        text = json.dumps(
            {"schema": SCHEMA, "folder": self.folder, "clips": clips}, indent=1
        )
        partial = out / f".{FILE_NAME}.partial"
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, out / FILE_NAME)

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
