"""The commands that see: what the front door offers of this room."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import tyro

NOTHING_KEPT = 3
"""Exit code when no prior came of it."""
RobotName = Literal["g1", "arm7"]


@dataclasses.dataclass(frozen=True)
class Studio:
    """Render clips of an actor doing a task, with the truth beside each."""

    task: tyro.conf.Positional[str]
    out: Path
    """Folder for NAME.mp4, NAME.truth.npz and scene.toml."""
    count: int = 4
    seed: int = 0
    vary_object: bool = False
    """Objects of other sizes too."""

    def run(self) -> int:
        """Render."""
        from perception.studio.render import render_clips

        for path in render_clips(
            self.task, self.count, self.seed, self.out, vary_object=self.vary_object
        ):
            print(path)
        return 0


@dataclasses.dataclass(frozen=True)
class Priors:
    """Turn a folder of human videos into robot priors; resumes where it stopped."""

    folder: tyro.conf.Positional[Path]
    out: Path
    """Folder for NAME.prior.npz, NAME.track.npz, overlays and manifest.json."""
    task: str | None = None
    """Task of clips whose scene.toml names none."""
    workers: int = 0
    """Videos at a time, each in a process of its own; 0: one for every core."""
    engine: Literal["local", "ray"] = "local"
    """ray: over the cluster that RAY_ADDRESS names; needs the extra "ray"."""
    keep_all: bool = False
    """Keep priors that score below the gate beside the others."""
    time_limit: float = 3600.0
    """Seconds after which one video is given up."""
    robot: RobotName = "g1"
    robot_xml: Path | None = None
    """Another MJCF with that robot's joints."""

    def run(self) -> int:
        """Process every video; exit 3 if no prior came of it."""
        from assets.robots import robot
        from perception.pipeline import make_priors

        names = ("task", "workers", "engine", "keep_all")
        options = {name: getattr(self, name) for name in names}
        options |= {
            "robot": robot(self.robot, self.robot_xml),
            "time_limit_s": self.time_limit,
        }
        manifest = make_priors(self.folder, self.out, **options)
        print(f"{self.out}: {manifest.summary()}")
        return 0 if manifest.count("kept") else NOTHING_KEPT


@dataclasses.dataclass(frozen=True)
class Import:
    """Turn other people's motion files into robot priors; no file can run code."""

    path: tyro.conf.Positional[Path]
    """A file or a folder: .bvh, .csv (Unitree, LAFAN) or .npz (SMPL, mjlab, HDMI)."""
    out: Path
    """Folder for NAME.prior.npz, NAME.track.npz and manifest.json."""
    task: str | None = None
    """Task shown; its object stands in where a file holds a pose but no size."""
    fps: float | None = None
    """Frame rate of files that do not say theirs."""
    robot: RobotName = "g1"
    robot_xml: Path | None = None
    """Another MJCF with that robot's joints."""

    def run(self) -> int:
        """Import every file, a line for each; exit 3 if no prior came of it."""
        from assets.robots import robot
        from perception.importers.folder import import_motions

        kept = 0
        options = {
            "task": self.task,
            "fps": self.fps,
            "robot": robot(self.robot, self.robot_xml),
        }
        for record in import_motions(self.path, self.out, **options):
            kept += record.status == "kept"
            print(f"{record.video}: {record.reason or 'kept'}")
        return 0 if kept else NOTHING_KEPT


@dataclasses.dataclass(frozen=True)
class Convert:
    """Write priors in the layout of another project."""

    priors: tyro.conf.Positional[Path]
    """A .prior.npz or a folder of them."""
    to: Literal["mjlab", "csv", "lerobot"]
    out: Path
    robot: RobotName = "g1"
    robot_xml: Path | None = None

    def run(self) -> int:
        """Convert and print what was written."""
        from assets.robots import robot
        from perception.exporters.folder import export_priors

        spec = robot(self.robot, self.robot_xml)
        for path in export_priors(self.priors, self.out, self.to, spec):
            print(path)
        return 0
