"""Our DDS types are ROS 2's, by name, by RIHS01 hash and byte for byte."""

from typing import Any

import pytest
from ros2_pyterfaces import core
from ros2_pyterfaces.core.types import Array, Sequence

from deploy.dds import ros_messages
from tests.deploy.ros2.stand_in.messages import schemas

KNOWN = schemas()


def entry_of(kind) -> Any:
    """A CycloneDDS annotation as a schema entry."""
    if isinstance(kind, type) and hasattr(kind, "__idl_typename__"):
        return schema_of(kind)
    if kind in (str, bool):
        return "string" if kind is str else "bool"
    meta = kind.__metadata__[0]
    if isinstance(meta, str):
        return meta
    if hasattr(meta, "length"):
        return Array(entry_of(meta.subtype), meta.length)
    return Sequence(entry_of(meta.subtype))


def ros_name(kind):
    return (
        kind.__idl_typename__.replace(".", "::")
        .replace("::dds_", "")
        .strip("_")
        .replace("::", "/")
    )


def schema_of(kind):
    fields = kind.__dataclass_fields__
    return {"__typename": ros_name(kind)} | {
        name: entry_of(field.type) for name, field in fields.items()
    }


@pytest.mark.parametrize("kind", list(ros_messages.ROS_TYPES), ids=lambda k: k.__name__)
def test_type_name_and_hash_are_ros_own(kind):
    name = ros_messages.ROS_TYPES[kind]
    assert ros_name(kind) == name
    assert core.hash_rihs01(schema_of(kind)) == core.hash_rihs01(KNOWN[name])
