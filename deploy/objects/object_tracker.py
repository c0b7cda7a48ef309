"""Where the object is, in the robot's torso: from motion capture, or from a camera.

As a process it reads rt/mocap or rt/camera and writes rt/object_pose; a ROS 2 node does
the same with the same `TrackerCore`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from deploy.dds.service import until_stopped
from deploy.wire.inbox import plausible
from policies.bundle import CONTRACT
from policies.contract import Contract

if TYPE_CHECKING:
    from deploy.objects.live_tracker import LiveTracker

Floats = NDArray[np.floating]
Pose = tuple[Floats, Floats]
"""Position `(3,)` [m] and orientation `(4,)` wxyz."""

ENCODINGS = {"bgr8": (0, 1, 2), "rgb8": (2, 1, 0)}
HALL = 1e4
"""Metres: motion capture beyond this is a mistake."""
LONGEST = 1e5
"""Pixels: a focal length beyond this is a mistake."""
AGES = (0.01, 1.0)
"""Seconds: what `max_age` may be."""
REPORT_EVERY = 5.0


@dataclasses.dataclass(frozen=True)
class Mount:
    """Where the camera is in the torso, and where the object is at first."""

    camera_position: tuple[float, float, float] = (0.05, 0.0, 0.4)
    """Camera in the torso [m], x y z."""
    camera_quaternion: tuple[float, float, float, float] = (0.36, -0.61, 0.61, -0.36)
    """Camera in the torso, w x y z; z forward, y down."""
    object_start: tuple[float, float, float, float, float, float] = (
        *(0.4, 0.0, -0.4),
        *(0.0, 0.0, 0.0),
    )
    """Object at first, in the torso: x y z [m], yaw pitch roll [rad]."""

    def __post_init__(self) -> None:
        parts = (self.camera_position, self.camera_quaternion, self.object_start)
        finite = all(np.isfinite(part).all() for part in parts)
        if [len(p) for p in parts] != [3, 4, 6] or not finite or not any(parts[1]):
            msg = "camera and object start: expected 3, 4 and 6 finite numbers"
            raise ValueError(msg)

    def view(self) -> Floats:
        """`T_anchor_to_cam (4, 4)`."""
        quat = rotations.normalize(np.array(self.camera_quaternion, float))
        turn = rotations.to_matrix(quat).T
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = turn, -turn @ np.array(self.camera_position)
        return T


class TrackerCore:
    """Poses of one object in the torso; knows no transport and no clock.

    `torso` and `object` are for motion capture, `camera` and `image` for a camera.
    Torso poses older than `max_age` [s] are not used. Messages are ROS's by field.
    """

    def __init__(self, contract: Contract, mount: Mount, max_age: float) -> None:
        if not AGES[0] <= max_age <= AGES[1]:
            msg = f"max_age is {max_age} s, expected {AGES[0]} to {AGES[1]}"
            raise ValueError(msg)
        self.frame = contract.object_frame
        self.counts = {"poses": 0, "refused": 0, "lost": 0}
        self.reason = ""
        """Why the last refusal."""
        self._spec, self._mount, self._max_age = contract.object, mount, max_age
        self._torso: tuple[str, Pose, float] | None = None
        self._camera: tuple[Floats, tuple[int, int]] | None = None
        self._tracker: LiveTracker | None = None

    def torso(self, frame: str, pos: Floats, quat: Floats, now: float) -> None:
        """Take the torso's pose in motion capture's `frame`, arrived at `now` [s]."""
        if plausible(pos, quat, HALL):
            self._torso = (frame, (pos, rotations.normalize(quat)), now)
        else:
            self._refuse("torso pose that is not finite, far away, or no rotation")

    def object(self, frame: str, pos: Floats, quat: Floats, now: float) -> Pose | None:
        """The object in the torso, from its pose in the torso's own `frame`."""
        if self._torso is None or now - self._torso[2] > self._max_age:
            return self._refuse("object pose without a fresh torso pose")
        if frame != self._torso[0]:
            return self._refuse("object pose in another frame than the torso's")
        if not plausible(pos, quat, HALL):
            return self._refuse("mocap's object pose is not finite, or no rotation")
        return self._found(*rotations.relative(*self._torso[1], pos, quat))

    def camera(self, message: Any) -> None:
        """Take a CameraInfo."""
        K = np.asarray(message.k, float).reshape(3, 3)
        size = (int(message.width), int(message.height))
        good = K[0, 0] > 0.0 and K[1, 1] > 0.0 and (np.abs(K) < LONGEST).all()
        if good and K[2].tolist() == [0, 0, 1] and 0 < max(size) <= 10 * min(size):
            self._camera = (K, size)
        else:
            self._refuse("camera_info is of no camera")

    def image(self, message: Any) -> Pose | None:
        """Find the object in an Image; the first one teaches its colours."""
        if self._camera is None:
            return self._refuse("image before the first camera_info")
        try:
            image = _bgr(message)
            if self._tracker is None:
                self._tracker = self._make_tracker(*self._camera)
            found = self._tracker.update(image)
        except ValueError as error:
            return self._refuse(str(error))
        if found is None:
            self.counts["lost"] += 1
            return None
        return self._found(*found)

    def _make_tracker(self, K: Floats, size: tuple[int, int]) -> LiveTracker:
        from deploy.objects.live_tracker import LiveTracker

        start = np.array(self._mount.object_start)
        return LiveTracker(self._spec, K, size, self._mount.view(), start)

    def _found(self, pos: Floats, quat: Floats) -> Pose | None:
        if not plausible(pos, quat):
            return self._refuse("object pose that is not finite, or far away")
        self.counts["poses"] += 1
        return pos, quat

    def _refuse(self, reason: str) -> None:
        self.counts["refused"] += 1
        self.reason = reason


def _bgr(message: Any) -> NDArray[np.uint8]:
    """An image message as `(h, w, 3)` BGR; ValueError if it is none we know."""
    height, width, step = int(message.height), int(message.width), int(message.step)
    order = ENCODINGS.get(message.encoding)
    whole = step >= 3 * width and 0 < len(message.data) == step * height
    if order is None or not whole:
        known = ", ".join(ENCODINGS)
        found = f"{width} x {height}, '{message.encoding[:20]}'"
        msg = f"image {found}: expected {known}, whole"
        raise ValueError(msg)
    data = np.frombuffer(bytes(message.data), np.uint8).reshape(height, step)
    rows = data[:, : 3 * width].reshape(height, width, 3)
    return np.ascontiguousarray(rows[..., list(order)])


@dataclasses.dataclass
class Settings:
    """Publish where a bundle's object is, on loopback unless told otherwise."""

    bundle: Path
    source: Literal["mocap", "camera"] = "mocap"
    """Where poses come from."""
    max_age: float = 0.2
    """Oldest torso pose [s] that mocap may use."""
    domain: int = 42
    """DDS domain."""
    interface: str | None = None
    """Network interface; loopback if none is named."""
    mount: Mount = dataclasses.field(default_factory=Mount)
    """Where the camera is, and the object at first."""


def serve(settings: Settings) -> dict[str, int]:
    """Track until SIGTERM, SIGINT or the parent's end; the counts."""
    from deploy.objects.object_link import ObjectServer

    going_on = until_stopped()
    contract = Contract.load(settings.bundle / CONTRACT)
    core = TrackerCore(contract, settings.mount, settings.max_age)
    server = ObjectServer(core, settings.source, settings.domain, settings.interface)
    due = time.monotonic() + REPORT_EVERY
    while going_on():
        now = time.monotonic()
        if not server.serve_once(now):
            time.sleep(0.001)
        if now >= due:
            due = now + REPORT_EVERY
            print(_line(core), file=sys.stderr)
    print(_line(core), file=sys.stderr)
    return core.counts


def _line(core: TrackerCore) -> str:
    counts = ", ".join(f"{name} {count}" for name, count in core.counts.items())
    return f"{counts}; last refused: {core.reason!r}" if core.reason else counts


if __name__ == "__main__":
    import tyro

    try:
        serve(tyro.cli(Settings, config=(tyro.conf.PositionalRequiredArgs,)))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
