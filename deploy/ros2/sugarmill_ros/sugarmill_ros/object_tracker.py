"""Where the object is, in the robot's torso: from motion capture, or from a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
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
ENCODINGS = {"bgr8": (0, 1, 2), "rgb8": (2, 1, 0)}


class ObjectTracker(SugarmillNode):
    """Publishes /object_pose in the robot's anchor frame while active."""

    def __init__(self, **more: Any) -> None:
        super().__init__("object_tracker", PARAMETERS, **more)
        self._active = False

    def configure(self) -> None:
        """Read the contract; subscribe to what the source needs."""
        from policies.bundle import CONTRACT
        from policies.contract import Contract

        folder = Path(bundle_folder(self.values["bundle"]))
        self.contract = Contract.load(folder / CONTRACT)
        self._torso: tuple[str, np.ndarray, np.ndarray, float] | None = None
        self._tracker: Any = None
        self._K: tuple[np.ndarray, tuple[int, int]] | None = None
        self.counts = {"poses": 0, "refused": 0, "lost": 0}
        source = self.values["source"]
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
        values = {name: str(count) for name, count in self.counts.items()}
        good = self.counts["poses"] > 0
        level = DiagnosticStatus.OK if good else DiagnosticStatus.WARN
        return level, "seen" if good else "nothing seen yet", values

    def _take_torso(self, message: PoseStamped) -> None:
        self._torso = (message.header.frame_id, *pose_arrays(message), self.now())

    def _take_object(self, message: PoseStamped) -> None:
        """Relay a mocap pose, turned into the torso's frame."""
        from assets import rotations

        torso = self._torso
        fresh = torso is not None and self.now() - torso[3] <= self.values["max_age"]
        if torso is None or not fresh or torso[0] != message.header.frame_id:
            self.counts["refused"] += 1
            return
        pose = pose_arrays(message)
        self._publish(*rotations.relative(torso[1], torso[2], *pose), message.header)

    def _take_info(self, message: CameraInfo) -> None:
        K = np.asarray(message.k, float).reshape(3, 3)
        if K[0, 0] > 0.0 and K[1, 1] > 0.0 and np.isfinite(K).all():
            self._K = (K, (int(message.width), int(message.height)))

    def _take_image(self, message: Image) -> None:
        """Find the object in an image; the first one teaches its colours."""
        if not self._active or self._K is None:
            return
        try:
            image = _bgr(message)
            if self._tracker is None:
                K, size = self._K
                self._tracker = self._make_tracker(K, size)
            found = self._tracker.update(image)
        except ValueError as error:
            self.counts["refused"] += 1
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        if found is None:
            self.counts["lost"] += 1
        else:
            pos, quat = found
            self._publish(pos, quat, message.header)

    def _make_tracker(self, K: np.ndarray, size: tuple[int, int]) -> Any:
        from assets import rotations
        from deploy.live_tracker import LiveTracker

        v = self.values
        turn = rotations.to_matrix(
            rotations.normalize(np.array(v["camera_quaternion"]))
        )
        T = np.eye(4)
        T[:3, :3] = turn.T
        T[:3, 3] = -turn.T @ np.array(v["camera_position"])
        start = np.array(v["object_start"])
        spec = self.contract.object
        return LiveTracker(spec, K=K, size=size, T_anchor_to_cam=T, start=start)

    def _publish(self, pos: Any, quat: Any, header: Any) -> None:
        if not self._active:
            return
        if not np.isfinite([*pos, *quat]).all():
            self.counts["refused"] += 1
            return
        frame = self.contract.object_frame
        self._poses.publish(pose_stamped(pos, quat, frame, header.stamp))
        self.counts["poses"] += 1


def _bgr(message: Image) -> np.ndarray:
    """An image message as `(h, w, 3)` BGR; ValueError if it is none we know."""
    height, width, step = int(message.height), int(message.width), int(message.step)
    order = ENCODINGS.get(message.encoding)
    data = np.frombuffer(bytes(message.data), np.uint8)
    if order is None or step < 3 * width or len(data) != step * height:
        known = ", ".join(ENCODINGS)
        msg = f"image {width} x {height}, '{message.encoding}': expected {known}, whole"
        raise ValueError(msg)
    rows = data.reshape(height, step)[:, : 3 * width].reshape(height, width, 3)
    return np.ascontiguousarray(rows[..., list(order)])


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(ObjectTracker, args)
