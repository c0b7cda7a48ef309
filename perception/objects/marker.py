"""A printed marker: which one, on which face of an object, how large."""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec

Floats = NDArray[np.floating]

Family = Literal["aruco_4x4", "apriltag_36h11"]
Face = Literal["+x", "-x", "+y", "-y", "+z", "-z"]

COUNTS = {"aruco_4x4": 50, "apriltag_36h11": 587}
_UP = {
    "x": np.array([0, 0, 1.0]),
    "y": np.array([0, 0, 1.0]),
    "z": np.array([0, 1, 0.0]),
}


@dataclasses.dataclass(frozen=True)
class Marker:
    """A square marker in the middle of a face, upright as seen from outside.

    On ±z its top points along +y, on the other faces along +z. `edge` [m] is the
    length of the black square's side; `turn` is in quarter turns to the right.
    """

    id: int
    face: Face
    edge: float
    family: Family = "aruco_4x4"
    turn: int = 0

    def validate(self, spec: ObjectSpec) -> None:
        """Raise ValueError in one line that says what is wrong with this marker."""
        if self.family not in get_args(Family):
            known = ", ".join(get_args(Family))
            msg = f"marker {self.id}: family '{self.family}' is none of {known}"
            raise ValueError(msg)
        if not 0 <= self.id < COUNTS[self.family]:
            last = COUNTS[self.family] - 1
            msg = f"marker {self.id}: {self.family} has ids from 0 to {last}"
            raise ValueError(msg)
        if self.face not in get_args(Face):
            known = ", ".join(get_args(Face))
            msg = f"marker {self.id}: face '{self.face}' is none of {known}"
            raise ValueError(msg)
        sides = [s for s, a in zip(spec.size, "xyz", strict=True) if a != self.face[1]]
        if not 0.01 <= self.edge <= min(sides) + 1e-9:
            msg = (
                f"marker {self.id}: edge {self.edge:g} m, expected from 0.01 to the "
                f"{min(sides):g} m of face {self.face}"
            )
            raise ValueError(msg)

    def corners_o(self, spec: ObjectSpec) -> Floats:
        """Its corners `(4, 3)` [m] in the object: upper left, then clockwise."""
        axis = "xyz".index(self.face[1])
        out = np.zeros(3)
        out[axis] = 1.0 if self.face[0] == "+" else -1.0
        up = _UP[self.face[1]]
        right = np.cross(up, out)
        square = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]]) * self.edge / 2
        square = np.roll(square, -self.turn, axis=0)
        middle = out * spec.half_size[axis]
        return middle + square[:, :1] * right + square[:, 1:] * up
