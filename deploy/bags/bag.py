"""A run as a bag: what the loop read, planned and sent, in mcap that ROS 2 plays.

Held in memory while motors are driven and written afterwards, so that a full disk can
never disturb the loop. Times are whole nanoseconds of the loop's own clock.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from deploy.control.guards import Limits
from policies.bundle import CHECKSUMS

LOWSTATE, LOWCMD, OBJECT_POSE = "/lowstate", "/lowcmd", "/object_pose"
GOAL_POSE, PLAN, ESTOP = "/goal_pose", "/plan", "/estop"
TYPES = {
    LOWSTATE: "unitree_hg/msg/LowState",
    LOWCMD: "unitree_hg/msg/LowCmd",
    OBJECT_POSE: "geometry_msgs/msg/PoseStamped",
    GOAL_POSE: "geometry_msgs/msg/PoseStamped",
    PLAN: "trajectory_msgs/msg/JointTrajectory",
    ESTOP: "std_msgs/msg/Bool",
}
DEFINITIONS = Path(__file__).parents[1] / "ros2" / "unitree_hg" / "msg"
ABOUT = "sugarmill.json"
LONGEST = 200_000
"""Messages that a tape holds; a longer run keeps its beginning."""


@dataclasses.dataclass
class Tape:
    """Messages by topic in the order of their times, and what they belong to."""

    bundle: str
    """Digest of the bundle's checksums."""
    limits: dict[str, Any]
    messages: dict[str, list[tuple[int, bytes]]] = dataclasses.field(
        default_factory=lambda: {topic: [] for topic in TYPES}
    )

    def add(self, topic: str, nanoseconds: int, data: bytes) -> None:
        """Append one message, CDR with its head."""
        rows = self.messages[topic]
        if len(rows) < LONGEST:
            rows.append((nanoseconds, data))

    def save(self, folder: Path) -> None:
        """Write a new bag; ValueError if the folder exists."""
        if folder.exists():
            msg = f"{folder}: exists already; name a new folder for the bag"
            raise ValueError(msg)
        store = get_typestore(Stores.ROS2_JAZZY)
        for name in ("IMUState", "MotorCmd", "MotorState", "LowCmd", "LowState"):
            text = (DEFINITIONS / f"{name}.msg").read_text()
            store.register(get_types_from_msg(text, f"unitree_hg/msg/{name}"))
        with Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
            for topic, kind in TYPES.items():
                connection = writer.add_connection(topic, kind, typestore=store)
                for nanoseconds, data in self.messages[topic]:
                    writer.write(connection, nanoseconds, data)
        about = {"bundle": self.bundle, "limits": self.limits}
        (folder / ABOUT).write_text(json.dumps(about) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Tape:
        """Read a bag that `save` wrote; ValueError in one line if it is none."""
        try:
            with Reader(folder) as reader:
                about = json.loads((folder / ABOUT).read_text())
                tape = cls(str(about["bundle"]), dict(about["limits"]))
                for connection, nanoseconds, data in reader.messages():
                    if TYPES.get(connection.topic) == connection.msgtype:
                        tape.add(connection.topic, nanoseconds, bytes(data))
        except Exception as error:
            msg = f"{folder}: not a bag of ours ({type(error).__name__}: {error})"
            raise ValueError(msg) from error
        return tape


def new_tape(bundle: Path, limits: Limits) -> Tape:
    """An empty tape for a run of `bundle` under `limits`."""
    return Tape(digest(bundle), dataclasses.asdict(limits))


def digest(bundle: Path) -> str:
    """What tells one bundle from another."""
    return hashlib.sha256((bundle / CHECKSUMS).read_bytes()).hexdigest()


def nanoseconds(seconds: float) -> int:
    """A clock's time as the whole number that it came from."""
    return round(1e9 * seconds)
