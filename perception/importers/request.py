"""What a reader of files is asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from assets.interactions import interaction
from assets.objects import ObjectSpec
from assets.robot import RobotSpec


@dataclasses.dataclass(frozen=True)
class Request:
    """A file, the robot it is for, and what a person added to it.

    | field | unit | meaning |
    |---|---|---|
    | fps | 1/s | rate of a file that does not say it |
    | object | | what is handled, where the file holds a pose but no size |
    | height_m | m | the person's height, where the file holds only angles |
    """

    path: Path
    name: str
    robot: RobotSpec
    task: str | None = None
    object: ObjectSpec | None = None
    fps: float | None = None
    height_m: float | None = None

    def handled(self, what: str) -> ObjectSpec:
        """The object whose pose the file holds under the name `what`.

        Raises ValueError if neither a scene.toml nor the task says its size.
        """
        if self.object is not None:
            return self.object
        if self.task is None:
            msg = (
                f"holds the object '{what}' but not its size; "
                "give a task, or a scene.toml with its shape and size"
            )
            raise ValueError(msg)
        return interaction(self.task).object

    def source(self, family: str, **more: Any) -> dict[str, Any]:
        """Where a motion came from; JSON values only."""
        return {"file": self.path.name, "format": family, **more}
