"""Where the object is, in the robot's torso: from motion capture, or from a camera."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import CameraInfo, Image

from sugarmill_ros import qos
from sugarmill_ros.messages import pose_arrays, pose_stamped
from sugarmill_ros.node import BUNDLE, SugarmillNode, bundle_folder, run
from sugarmill_ros.parameters import Parameter

PARAMETERS = (
    BUNDLE,
    Parameter("source", "mocap", "Where poses come from: mocap or camera."),
    Parameter("max_age", 0.2, "Oldest torso pose [s] that mocap may use.", 0.01, 1.0),
    Parameter("camera_position", [0.05, 0.0, 0.4], "Camera in the torso [m], x y z."),
    Parameter(
        "camera_quaternion",
        [0.36, -0.61, 0.61, -0.36],
        "Camera in the torso, w x y z; z forward, y down.",
    ),
    Parameter(
        "object_start",
        [0.4, 0.0, -0.4, 0.0, 0.0, 0.0],
        "Object at first, in the torso: x y z [m], yaw pitch roll [rad].",
    ),
)


class ObjectTracker(SugarmillNode):
    """Publishes /object_pose in the robot's anchor frame while active."""

    def __init__(self, **more: Any) -> None:
        super().__init__("object_tracker", PARAMETERS, **more)
        self._active = False

    def configure(self) -> None:
        """Read the contract; subscribe to what the source needs."""
        from deploy.objects.object_tracker import Mount, TrackerCore
        from policies.bundle import CONTRACT
        from policies.contract import Contract

        v = self.values
        contract = Contract.load(Path(bundle_folder(v["bundle"])) / CONTRACT)
        mount = Mount(**{f.name: tuple(v[f.name]) for f in dataclasses.fields(Mount)})
        self.core = TrackerCore(contract, mount, v["max_age"])
        source = v["source"]
        topics = {
            "mocap": (
                (PoseStamped, "/mocap/torso", self._take_torso),
                (PoseStamped, "/mocap/object", self._take_object),
            ),
            "camera": (
                (CameraInfo, "/camera/camera_info", self._take_info),
                (Image, "/camera/image_raw", self._take_image),
            ),
        }
        if source not in topics:
            msg = f"source '{source}' is unknown; known: {', '.join(topics)}"
            raise ValueError(msg)
        self._poses = self.create_publisher(PoseStamped, "/object_pose", qos.state())
        self._inputs = [
            self.create_subscription(kind, topic, callback, qos.state())
            for kind, topic, callback in topics[source]
        ]

    def activate(self) -> None:
        """Begin to publish."""
        self._active = True

    def deactivate(self) -> None:
        """Publish no more."""
        self._active = False

    def cleanup(self) -> None:
        """Remove the endpoints."""
        for inlet in self._inputs:
            self.destroy_subscription(inlet)
        self.destroy_publisher(self._poses)

    def report(self) -> tuple[bytes, str, dict[str, str]]:
        """Poses published, refused, and images in which the object was lost."""
        if not self._active:
            return DiagnosticStatus.OK, self.state_label, {}
        core = self.core
        values = {name: str(count) for name, count in core.counts.items()}
        good = core.counts["poses"] > 0
        level = DiagnosticStatus.OK if good else DiagnosticStatus.WARN
        message = "seen" if good else "nothing seen yet"
        return level, message, {**values, "last refused": core.reason}

    def _take_torso(self, message: PoseStamped) -> None:
        self.core.torso(message.header.frame_id, *pose_arrays(message), self.now())

    def _take_object(self, message: PoseStamped) -> None:
        if self._active:
            header, pose = message.header, pose_arrays(message)
            found = self.core.object(header.frame_id, *pose, self.now())
            self._publish(found, header)

    def _take_info(self, message: CameraInfo) -> None:
        self.core.camera(message)

    def _take_image(self, message: Image) -> None:
        if self._active:
            self._publish(self.core.image(message), message.header)

    def _publish(self, found: Any, header: Any) -> None:
        if found is not None:
            pos, quat = found
            made = pose_stamped(pos, quat, self.core.frame, header.stamp)
            self._poses.publish(made)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(ObjectTracker, args)
