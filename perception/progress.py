"""Tells how far a folder is: a bar with time left, and a line per video without one."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from perception.manifest import ClipRecord, Manifest
from perception.worker import Job


class Telling:
    """Shows a run's progress on `console`; time left counts by the videos' bytes."""

    def __init__(
        self, console: Console, jobs: list[Job], manifest: Manifest, *, shown: bool
    ) -> None:
        self._manifest = manifest
        self._total = len(set(manifest.clips) | {job.name for job in jobs})
        self._bytes = {job.name: max(job.video.stat().st_size, 1) for job in jobs}
        self._shown = shown
        self._bar = Progress(
            TextColumn("priors {task.fields[count]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not shown,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        done = sum(self._bytes.get(name, 0) for name in self._manifest.clips)
        total = max(sum(self._bytes.values()), 1)
        self._row = self._bar.add_task("", total=total, completed=done, count="")
        for record in self._manifest.clips.values():
            self._line(record)
        self._count()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            done = f"{len(self._manifest.clips)} of {self._total} videos are done"
            self._say(f"stopped: {done}; the same command goes on from there")

    def tell(self, record: ClipRecord) -> None:
        """Show that a video is done, which the manifest already knows."""
        self._line(record)
        self._bar.advance(self._row, self._bytes.get(record.name, 0))
        self._count()

    def _count(self) -> None:
        count = f"{len(self._manifest.clips)}/{self._total}"
        self._bar.update(self._row, count=count)

    def _line(self, record: ClipRecord) -> None:
        """One line on a video that gave no prior, or one set aside."""
        if record.status != "kept":
            self._say(f"{record.video}: {record.reason}")

    def _say(self, line: str) -> None:
        if self._shown:
            say = self._bar.console.print
            say(line, markup=False, highlight=False, soft_wrap=True)
