"""What a bundle promises the robot: names, gains, rates, frames and layouts."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from envs import observations

SCHEMA = 2
READABLE = (1, 2)
"""Schemas that can be read; a contract of schema 1 has no goal."""

MOST = 1000
"""Longest plan and history that a contract may ask for."""


@dataclasses.dataclass(frozen=True)
class Start:
    """Where a task begins: the robot's pose, and the object's in the root's frame.

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos | (J,) | rad | |
    | root_height | () | m | world |
    | root_quat_w | (4,) | wxyz | world |
    | object_pos_w | (3,) | m | world, origin on the floor below the root |
    | object_quat_w | (4,) | wxyz | world |
    """

    joint_pos: tuple[float, ...]
    root_height: float
    root_quat_w: tuple[float, ...]
    object_pos_w: tuple[float, ...]
    object_quat_w: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Goal:
    """Where the object should come to, in the world of `Start`.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pos_w | (3,) | m | world, origin on the floor below the root at the start |
    | quat_w | (4,) | wxyz | world |
    """

    pos_w: tuple[float, ...]
    quat_w: tuple[float, ...]

    def moved(self, ahead: float, left: float, turn_deg: float) -> Goal:
        """The same height, elsewhere on the floor [m], turned about the vertical."""
        half = math.radians(turn_deg) / 2.0
        quat = (math.cos(half), 0.0, 0.0, math.sin(half))
        return Goal((ahead, left, self.pos_w[2]), quat)


@dataclasses.dataclass(frozen=True)
class Contract:
    """Everything the runner must agree with before it drives a robot.

    `control_hz` is the tracker's rate, `command_hz` the spacing of a plan's commands;
    `horizon` commands are planned and `execute` of them used. `object_frame` and
    `imu_frame` name the bodies in whose frames the object and the gyroscope are
    expected. Layouts are (name, length) in order. A skill that brings its object
    somewhere has a `goal`, used where nobody names another; others have none.
    """

    robot: RobotSpec
    object: ObjectSpec
    task: str
    start: Start
    initial_command: tuple[float, ...]
    action_scale: tuple[float, ...]
    control_hz: float = 50.0
    command_hz: float = 10.0
    horizon: int = 8
    execute: int = 4
    history: int = 5
    object_frame: str = "torso_link"
    imu_frame: str = "pelvis"
    goal: Goal | None = None

    @property
    def ticks_per_command(self) -> int:
        """Control periods between two commands of a plan."""
        return round(self.control_hz / self.command_hz)

    def with_goal(self, goal: tuple[float, float, float] | None) -> Contract:
        """With another goal: ahead [m], left [m] of the start, turned by [deg].

        None keeps the contract's own. Raises ValueError for a skill without goal.
        """
        if goal is None:
            return self
        if self.goal is None:
            msg = f"contract: {self.task} brings nothing anywhere; it takes no goal"
            raise ValueError(msg)
        if not all(math.isfinite(v) for v in goal):
            msg = f"contract: the goal {goal} is not finite"
            raise ValueError(msg)
        return dataclasses.replace(self, goal=self.goal.moved(*goal))

    def layouts(self) -> dict[str, list[tuple[str, int]]]:
        """Layouts of command, tracker observation and generator input."""
        j = self.robot.num_joints
        return {
            "command": observations.command_layout(j),
            "tracker": observations.tracker_layout(j, self.history),
            "generator": observations.generator_layout(j, goal=self.goal is not None),
        }

    def validate(self) -> None:
        """Raise ValueError in one line on the first inconsistency."""
        self.robot.validate()
        self.object.validate()
        j = self.robot.num_joints
        expected = {
            "initial_command": (self.initial_command, j + 8),
            "action_scale": (self.action_scale, j),
            "start.joint_pos": (self.start.joint_pos, j),
            "start.root_height": ((self.start.root_height,), 1),
            "start.root_quat_w": (self.start.root_quat_w, 4),
            "start.object_pos_w": (self.start.object_pos_w, 3),
            "start.object_quat_w": (self.start.object_quat_w, 4),
        }
        if self.goal is not None:
            expected["goal.pos_w"] = (self.goal.pos_w, 3)
            expected["goal.quat_w"] = (self.goal.quat_w, 4)
        for field, (values, length) in expected.items():
            if len(values) != length:
                msg = f"contract: {field} has {len(values)} values, expected {length}"
                raise ValueError(msg)
            if not all(math.isfinite(v) for v in values):
                msg = f"contract: {field} holds a value that is not finite"
                raise ValueError(msg)
        self._check_timing()
        if self.object_frame != self.robot.anchor_body:
            msg = (
                f"contract: object frame is {self.object_frame}, "
                f"expected the anchor {self.robot.anchor_body}"
            )
            raise ValueError(msg)

    def _check_timing(self) -> None:
        counts = {
            "horizon": (self.horizon, MOST),
            "execute": (self.execute, self.horizon),
            "history": (self.history, MOST),
        }
        for field, (value, most) in counts.items():
            if value != int(value) or not 1 <= value <= most:
                msg = f"contract: {field} {value} is not in 1 to {most}"
                raise ValueError(msg)
        tracker, commands = self.control_hz, self.command_hz
        fit = 0.0 < commands <= tracker < math.inf and tracker % commands == 0.0
        if not fit:
            msg = (
                f"contract: control_hz {tracker:g} and command_hz {commands:g} "
                "do not make a whole number of control periods per command"
            )
            raise ValueError(msg)

    def to_dict(self) -> dict[str, Any]:
        """Plain values with full-precision floats; the layouts are written out."""
        values = dataclasses.asdict(self)
        values["robot"] = self.robot.to_dict()
        values["robot"]["mjcf"] = self.robot.mjcf.name
        return {"schema": SCHEMA, **values, "layouts": self.layouts()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Contract:
        """Build from `to_dict`'s output; refuses layouts this code does not make."""
        values = {**values}
        schema = values.pop("schema", None)
        if schema not in READABLE:
            msg = f"contract: schema is {schema}, this version reads 1 and {SCHEMA}; "
            raise ValueError(msg + "export the bundle again")
        written = values.pop("layouts")
        values["robot"] = RobotSpec.from_dict(values["robot"])
        values["object"] = ObjectSpec.from_dict(values["object"])
        start = {k: _tuple(v) for k, v in values["start"].items()}
        values["start"] = Start(**start)
        if values.get("goal") is not None:
            values["goal"] = Goal(**{k: _tuple(v) for k, v in values["goal"].items()})
        contract = cls(**{k: _tuple(v) for k, v in values.items()})
        contract.validate()
        for name, layout in contract.layouts().items():
            found = [tuple(entry) for entry in written.get(name, [])]
            if found != layout:
                msg = f"contract: {name} layout is {found}, this version has {layout}"
                raise ValueError(msg)
        return contract

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Read what `save` wrote; raises ValueError naming the file."""
        try:
            return cls.from_dict(json.loads(path.read_text()))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            msg = f"{path}: not a readable contract ({error}); export the bundle again"
            raise ValueError(msg) from error


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
