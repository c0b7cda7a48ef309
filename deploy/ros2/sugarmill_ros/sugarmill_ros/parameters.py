"""Parameters with a description and a range, declared once."""

from __future__ import annotations

import dataclasses
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
)


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter: its name, default, what it means, and its range if it has one."""

    name: str
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    read_only: bool = True

    def descriptor(self) -> ParameterDescriptor:
        """As ROS describes it."""
        descriptor = ParameterDescriptor(
            name=self.name, description=self.description, read_only=self.read_only
        )
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(
                        from_value=float(self.low), to_value=float(self.high), step=0.0
                    )
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(
                        from_value=int(self.low), to_value=int(self.high), step=1
                    )
                ]
        return descriptor


def declare(node: Any, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """Declare every parameter on `node`; their values by name."""
    values: dict[str, Any] = {}
    for parameter in parameters:
        if not node.has_parameter(parameter.name):
            node.declare_parameter(
                parameter.name, parameter.default, parameter.descriptor()
            )
        values[parameter.name] = node.get_parameter(parameter.name).value
    return values
