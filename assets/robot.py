"""`RobotSpec`: everything about a robot that is not physics, in one frozen value."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class RobotSpec:
    """Joints in SDK order with their limits and gains, and the bodies that matter.

    Per-joint tuples all have length J and follow `joint_names`.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | joint_names | J | | SDK motor order; every array in the product follows it |
    | lower, upper | J | rad | position range |
    | effort | J | N·m | torque limit |
    | velocity | J | rad/s | speed limit |
    | armature | J | kg·m² | reflected rotor inertia |
    | kp, kd | J | N·m/rad, N·m·s/rad | PD gains of the onboard controller |
    | default_pos | J | rad | standing pose |
    | action_scale | J | rad | joint offset that one unit of action commands |
    | motor_index | J | | slot of each joint in the motor message |

    `contact_bodies` maps the prior's contact names to the bodies that touch.
    """

    name: str
    mjcf: Path
    joint_names: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    effort: tuple[float, ...]
    velocity: tuple[float, ...]
    armature: tuple[float, ...]
    kp: tuple[float, ...]
    kd: tuple[float, ...]
    default_pos: tuple[float, ...]
    action_scale: tuple[float, ...]
    motor_index: tuple[int, ...]
    root_body: str
    anchor_body: str
    tracked_bodies: tuple[str, ...]
    end_effectors: tuple[str, ...]
    contact_bodies: dict[str, str]
    palm_sites: tuple[str, ...]
    default_height: float

    @property
    def num_joints(self) -> int:
        """Number of actuated joints, J."""
        return len(self.joint_names)

    @property
    def stands(self) -> bool:
        """Whether it has feet under a floating base; else its base is bolted down."""
        return "left_foot" in self.contact_bodies

    def array(self, field: str) -> NDArray[np.float64]:
        """A per-joint field as a float64 array `(J,)`."""
        return np.asarray(getattr(self, field), dtype=np.float64)

    def validate(self) -> None:
        """Raise ValueError in one line that names the first inconsistent field."""
        j = self.num_joints
        if len(set(self.joint_names)) != j:
            msg = f"robot '{self.name}': joint_names has duplicates"
            raise ValueError(msg)
        per_joint = (
            "lower upper effort velocity armature kp kd "
            "default_pos action_scale motor_index"
        ).split()
        for field in per_joint:
            values = getattr(self, field)
            if len(values) != j:
                msg = (
                    f"robot '{self.name}': {field} has {len(values)} values, "
                    f"expected {j} (one per joint)"
                )
                raise ValueError(msg)
            if not all(math.isfinite(v) for v in values):
                msg = f"robot '{self.name}': {field} holds a value that is not finite"
                raise ValueError(msg)
        for name, low, mid, high in zip(
            self.joint_names, self.lower, self.default_pos, self.upper, strict=True
        ):
            if not low <= mid <= high:
                msg = (
                    f"robot '{self.name}': default of {name} is {mid} rad, "
                    f"outside its range [{low}, {high}]"
                )
                raise ValueError(msg)
        if len(set(self.motor_index)) != j:
            msg = f"robot '{self.name}': two joints share a slot in motor_index"
            raise ValueError(msg)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; full-precision floats."""
        values = dataclasses.asdict(self)
        values["mjcf"] = str(self.mjcf)
        return {"schema": SCHEMA, **values}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RobotSpec:
        """Build from `to_dict`'s output and validate."""
        if values.get("schema") != SCHEMA:
            msg = f"robot spec: schema {values.get('schema')}, expected {SCHEMA}"
            raise ValueError(msg)
        fields = {f.name for f in dataclasses.fields(cls)}
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
            if key != "schema"
        }
        if set(plain) != fields:
            odd = ", ".join(sorted(set(plain) ^ fields))
            msg = f"robot spec: fields missing or unknown: {odd}"
            raise ValueError(msg)
        plain["mjcf"] = Path(plain["mjcf"])
        spec = cls(**plain)
        spec.validate()
        return spec

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> RobotSpec:
        """Read what `save` wrote."""
        return cls.from_dict(json.loads(path.read_text()))
