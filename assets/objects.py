"""Objects by shape, size and mass: what a person, and then the robot, handles."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

Shape = Literal["box", "cylinder", "sphere", "chair"]


@dataclasses.dataclass(frozen=True)
class ObjectSpec:
    """A rigid object with its frame at the centre of its bounding box.

    | field | unit | meaning |
    |---|---|---|
    | size | m | full extents along the object's own x, y, z; a cylinder's axis is z |
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


LIFT_BOX = ObjectSpec("lift_box", "box", (0.26, 0.34, 0.50), 1.0)
"""The tutorial's box: light, as tall as a G1's shin and thigh, graspable by palms."""
