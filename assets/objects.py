"""Objects by shape, size and mass: what a person, and then the robot, handles."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

Shape = Literal["box", "cylinder", "sphere", "chair"]

SEAT = 0.5
"""Height of a chair's seat, top face, over the chair's height."""
_BOARD = 0.04
"""Thickness [m] of a chair's seat, back and legs."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A primitive of an object: its shape, centre [m] in the object, full size [m]."""

    shape: Literal["box", "cylinder", "sphere"]
    pos_o: tuple[float, float, float]
    size: tuple[float, float, float]

    @property
    def volume(self) -> float:
        """Volume [m³] of the bounding box, to share out the mass by."""
        x, y, z = self.size
        return x * y * z


@dataclasses.dataclass(frozen=True)
class ObjectSpec:
    """A rigid object with its frame at the centre of its bounding box.

    | field | unit | meaning |
    |---|---|---|
    | size | m | full extents along the object's own x, y, z; a cylinder's axis is z, |
    | | | who sits on a chair looks along its x |
    | mass | kg | |
    | friction | – | sliding friction against hands and floor |
    """

    name: str
    shape: Shape
    size: tuple[float, float, float]
    mass: float
    friction: float = 0.9

    def validate(self) -> None:
        """Raise ValueError in one line that says what is wrong with this object."""
        if self.shape not in get_args(Shape):
            known = ", ".join(get_args(Shape))
            msg = f"object '{self.name}': shape '{self.shape}' is none of {known}"
            raise ValueError(msg)
        if len(self.size) != 3 or not all(0.01 <= s <= 3.0 for s in self.size):
            msg = (
                f"object '{self.name}': size {self.size} must be three lengths "
                "from 0.01 to 3 m"
            )
            raise ValueError(msg)
        if not 0.01 <= self.mass <= 100.0:
            msg = f"object '{self.name}': mass {self.mass} kg is not in 0.01 to 100"
            raise ValueError(msg)
        if not 0.0 < self.friction <= 3.0:
            msg = f"object '{self.name}': friction {self.friction} is not in (0, 3]"
            raise ValueError(msg)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The primitives that this object is made of; a chair has six."""
        if self.shape == "chair":
            return _chair(*self.size)
        return (Part(self.shape, (0.0, 0.0, 0.0), self.size),)

    @property
    def half_size(self) -> tuple[float, float, float]:
        """Half extents [m] along the object's own x, y, z."""
        x, y, z = self.size
        return x / 2, y / 2, z / 2

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ObjectSpec:
        """Build from `to_dict`'s output and validate."""
        spec = cls(**{**values, "size": tuple(float(s) for s in values["size"])})
        spec.validate()
        return spec


def _chair(depth: float, width: float, height: float) -> tuple[Part, ...]:
    """Seat at half the height, back above its rear edge, four legs below."""
    seat = (SEAT - 0.5) * height - _BOARD / 2
    back = height * (1.0 - SEAT)
    leg = height * SEAT - _BOARD
    x, y = (depth - _BOARD) / 2, (width - _BOARD) / 2
    legs = [
        Part("box", (sx * x, sy * y, (leg - height) / 2), (_BOARD, _BOARD, leg))
        for sx in (1.0, -1.0)
        for sy in (1.0, -1.0)
    ]
    return (
        Part("box", (0.0, 0.0, seat), (depth, width, _BOARD)),
        Part("box", (-x, 0.0, (height - back) / 2), (_BOARD, width, back)),
        *legs,
    )


LIFT_BOX = ObjectSpec("lift_box", "box", (0.26, 0.34, 0.50), 1.0)
"""The tutorial's box: light, as tall as a G1's shin and thigh, graspable by palms."""

SMALL_BOX = ObjectSpec("small_box", "box", (0.55, 0.40, 0.54), 0.5)
"""SUGAR's small box, its y along the side that two palms can span."""

KICK_BOX = ObjectSpec("kick_box", "box", (0.40, 0.55, 0.54), 0.5, friction=0.4)
BIG_BOX = ObjectSpec("big_box", "box", (0.55, 0.60, 0.75), 0.75, friction=0.4)
"""SUGAR's big box; its size is ours, tall enough to be pushed upright."""

BOTTLE = ObjectSpec("bottle", "cylinder", (0.13, 0.13, 0.36), 0.75)
CHAIR = ObjectSpec("chair", "chair", (0.44, 0.46, 0.80), 3.0)

USUAL: dict[str, ObjectSpec] = {
    "box": SMALL_BOX,
    "cylinder": BOTTLE,
    "sphere": ObjectSpec("ball", "sphere", (0.22, 0.22, 0.22), 0.4),
    "chair": CHAIR,
}
"""What to expect of a shape where nothing more is known."""
