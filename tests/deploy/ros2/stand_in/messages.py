"""ROS 2's generated message classes, in little: fields by name, types enforced.

Standard messages come from ros2_pyterfaces' schemas, unitree_hg's from the .msg files
beside the nodes. As with the real ones, assigning a value of a wrong type fails.
"""

import array
import types
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ros2_pyterfaces.core.types import Array, BoundedString, Sequence

UNITREE = Path(__file__).parents[4] / "deploy/ros2/unitree_hg/msg"
NAMES = {
    "builtin_interfaces": ["Time", "Duration"],
    "std_msgs": ["Header", "Bool"],
    "geometry_msgs": "Point Quaternion Pose PoseStamped TransformStamped".split(),
    "sensor_msgs": ["JointState", "Image", "CameraInfo"],
    "trajectory_msgs": ["JointTrajectory", "JointTrajectoryPoint"],
    "diagnostic_msgs": ["DiagnosticArray", "DiagnosticStatus", "KeyValue"],
    "rcl_interfaces": ["ParameterDescriptor", "FloatingPointRange", "IntegerRange"],
}
CONSTANTS = {
    "diagnostic_msgs/msg/DiagnosticStatus": {
        "OK": b"\x00",
        "WARN": b"\x01",
        "ERROR": b"\x02",
        "STALE": b"\x03",
    }
}
CODES = {
    "float64": "d", "float32": "f", "uint8": "B", "int16": "h", "uint32": "I",
    "int32": "i", "int64": "q", "uint64": "Q", "int8": "b", "uint16": "H",
}  # fmt: skip


def schemas():
    """Every schema by type name, `package/msg/Name`."""
    found = {}
    for package, names in NAMES.items():
        module = import_module(f"ros2_pyterfaces.core.{package}.msg")
        for name in names:
            found[f"{package}/msg/{name}"] = getattr(module, name)
    stamped = found["geometry_msgs/msg/TransformStamped"]
    found["tf2_msgs/msg/TFMessage"] = {
        "__typename": "tf2_msgs/msg/TFMessage",
        "transforms": Sequence(stamped),
    }
    return {**found, **unitree_schemas()}


def unitree_schemas():
    """Schemas of the .msg files that a workspace without Unitree's builds."""
    found = {}
    for name in ("IMUState", "MotorCmd", "MotorState", "LowCmd", "LowState"):
        schema: dict[str, Any] = {"__typename": f"unitree_hg/msg/{name}"}
        for line in (UNITREE / f"{name}.msg").read_text().splitlines():
            kind, field = line.split()
            base, _, length = kind.rstrip("]").partition("[")
            entry = found.get(f"unitree_hg/msg/{base}", base)
            schema[field] = Array(entry, int(length)) if length else entry
        found[schema["__typename"]] = schema
    return found


class Message:
    """Base of all messages; keywords set fields."""

    __slots__ = ("_values",)
    SCHEMA: ClassVar = {}

    def __init__(self, **values):
        names = [name for name in self.SCHEMA if name != "__typename"]
        object.__setattr__(self, "_values", {n: default(self.SCHEMA[n]) for n in names})
        for name, value in values.items():
            setattr(self, name, value)

    def __getattr__(self, name):
        try:
            return object.__getattribute__(self, "_values")[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name}") from None

    def __setattr__(self, name, value):
        if name not in self._values:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        self._values[name] = checked(self.SCHEMA[name], value, name)


_CLASSES = {}


def message_class(schema):
    name = schema["__typename"]
    if name not in _CLASSES:
        body = {"SCHEMA": schema, "__slots__": (), **CONSTANTS.get(name, {})}
        _CLASSES[name] = type(name.split("/")[-1], (Message,), body)
    return _CLASSES[name]


def default(entry):
    if isinstance(entry, dict):
        return message_class(entry)()
    if isinstance(entry, Sequence):
        code = CODES.get(entry.subtype) if isinstance(entry.subtype, str) else None
        return array.array(code) if code else []
    if isinstance(entry, Array):
        return [default(entry.subtype) for _ in range(entry.length)]
    if isinstance(entry, BoundedString) or entry == "string":
        return ""
    zeros = {"bool": False, "byte": b"\x00", "float32": 0.0, "float64": 0.0}
    return zeros.get(entry, 0)


def checked(entry, value, name):
    """`value` as the field keeps it; AssertionError, as from rosidl, if it is unfit."""
    if isinstance(entry, (Sequence, Array)):
        assert not isinstance(value, (str, dict)), name
        items = list(value)
        if isinstance(entry, Array):
            assert len(items) == entry.length, f"{name}: {len(items)}"
        items = [checked(entry.subtype, item, name) for item in items]
        code = CODES.get(entry.subtype) if isinstance(entry.subtype, str) else None
        return array.array(code, items) if code else items
    if isinstance(entry, dict):
        assert isinstance(value, message_class(entry)), f"{name}: {type(value)}"
        return value
    if isinstance(entry, BoundedString) or entry == "string":
        assert isinstance(value, str), f"{name}: {type(value)}"
    elif entry == "bool":
        assert isinstance(value, bool), f"{name}: {type(value)}"
    elif entry == "byte":
        assert isinstance(value, bytes) and len(value) == 1, f"{name}: {value!r}"
    elif entry in ("float32", "float64"):
        assert isinstance(value, float), f"{name}: {type(value)}"
    else:
        assert isinstance(value, int) and not isinstance(value, bool), name
        info = np.iinfo(entry)
        assert info.min <= value <= info.max, f"{name}: {value}"
    return value


def modules():
    """`package.msg` modules, ready for sys.modules."""
    made = {}
    for typename, schema in schemas().items():
        package, _, name = typename.split("/")
        parent = made.setdefault(package, types.ModuleType(package))
        child = made.setdefault(f"{package}.msg", types.ModuleType(f"{package}.msg"))
        parent.msg = child
        setattr(child, name, message_class(schema))
    return made
