"""Motion capture or a camera over DDS in, /object_pose out."""

from __future__ import annotations

from typing import Literal

from deploy.dds import transport
from deploy.dds.poses import pose_arrays, pose_message
from deploy.dds.ros_messages import CameraInfo_, Header_, Image_, PoseStamped_
from deploy.objects.object_tracker import Pose, TrackerCore


class ObjectServer:
    """The DDS endpoints of one `TrackerCore`."""

    def __init__(
        self,
        core: TrackerCore,
        source: Literal["mocap", "camera"],
        domain: int,
        interface: str | None,
    ) -> None:
        self.core = core
        member, qos = transport.participant(domain, interface), transport.STATE_QOS
        mocap = (
            (transport.MOCAP_TORSO, PoseStamped_),
            (transport.MOCAP_OBJECT, PoseStamped_),
        )
        camera = (
            (transport.CAMERA_INFO, CameraInfo_),
            (transport.CAMERA_IMAGE, Image_),
        )
        self._serve = self._mocap if source == "mocap" else self._camera
        self._first, self._second = (
            transport.Latest(member, topic, kind, qos)
            for topic, kind in (mocap if source == "mocap" else camera)
        )
        self._outlet = transport.writer(
            member, transport.OBJECT_POSE, PoseStamped_, qos
        )

    def serve_once(self, now: float) -> bool:
        """Take what arrived by `now` [s] and publish; whether anything was taken."""
        return self._serve(now)

    def _mocap(self, now: float) -> bool:
        torso, item = self._first.take(), self._second.take()
        if torso is not None:
            self.core.torso(torso.header.frame_id, *pose_arrays(torso), now)
        if item is not None:
            header = item.header
            self._publish(
                self.core.object(header.frame_id, *pose_arrays(item), now), header
            )
        return torso is not None or item is not None

    def _camera(self, _now: float) -> bool:
        info, image = self._first.take(), self._second.take()
        if info is not None:
            self.core.camera(info)
        if image is not None:
            self._publish(self.core.image(image), image.header)
        return info is not None or image is not None

    def _publish(self, found: Pose | None, header: Header_) -> None:
        """The pose, at the time at which its source says that it was seen."""
        if found is not None:
            frame = self.core.frame
            self._outlet.write(pose_message(*found, frame, header.stamp))
