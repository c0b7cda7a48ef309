"""What tells where the object is: its core, and the same over DDS."""

import dataclasses
import os
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from assets import rotations
from deploy.dds import transport
from deploy.dds.poses import pose_arrays, pose_message
from deploy.dds.ros_messages import CameraInfo_, Header_, Image_, PoseStamped_, Time_
from deploy.objects.object_link import ObjectServer
from deploy.objects.object_tracker import Mount, TrackerCore, _bgr
from tests.bundles import make_contract
from tests.deploy.objects.test_live_tracker import SIZE, START, K, T, picture
from tests.deploy.ros2 import ros as places
from tests.deploy.waiting import until

HALF = np.sqrt(0.5)
TORSO = np.array([1.0, 0.0, 1.0]), np.array([HALF, 0.0, 0.0, HALF])
BOX = np.array([1.0, 2.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0])
RELATIVE = np.array([2.0, 0.0, 0.0]), np.array([HALF, 0.0, 0.0, -HALF])
LOOK = Mount(
    (0.0, 0.0, 0.5), tuple(rotations.from_matrix(T[:3, :3].T).tolist()), tuple(START)
)


def core(mount=None):
    return TrackerCore(make_contract(), mount or Mount(), 0.2)


def same(found, expected=RELATIVE):
    assert found is not None
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def image(pixels, encoding="bgr8", pad=0):
    height, width, _ = pixels.shape
    rows = np.pad(pixels.reshape(height, -1), ((0, 0), (0, pad)))
    step = 3 * width + pad
    values: Any = (Header_(), height, width, encoding, 0, step, rows.tobytes())
    return Image_(*values)


def camera(k=K, size=SIZE):
    values: Any = {"width": size[0], "height": size[1], "k": np.ravel(k).tolist()}
    return CameraInfo_(**values)


def test_mocap_is_turned_into_the_torsos_frame():
    made = core()
    made.torso("mocap", *TORSO, 1.0)
    same(made.object("mocap", *BOX, 1.1))
    assert made.counts == {"poses": 1, "refused": 0, "lost": 0}


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
@pytest.mark.parametrize("field", range(7))
def test_no_value_that_is_not_finite_becomes_a_pose(field, value):
    made, spoilt = core(), np.concatenate(TORSO)
    spoilt[field] = value
    made.torso("mocap", spoilt[:3], spoilt[3:], 1.0)
    assert made.object("mocap", *BOX, 1.0) is None
    made.torso("mocap", *TORSO, 1.0)
    assert made.object("mocap", spoilt[:3], spoilt[3:], 1.0) is None
    assert made.counts["refused"] == 3
    same(made.object("mocap", *BOX, 1.0))


def test_a_stale_torso_another_frame_and_what_is_far_are_refused():
    made = core()
    assert made.object("mocap", *BOX, 0.0) is None
    made.torso("mocap", *TORSO, 0.0)
    assert made.object("mocap", *BOX, 0.21) is None
    assert "fresh" in made.reason
    assert made.object("map", *BOX, 0.1) is None
    assert made.object("mocap", BOX[0] + 30.0, BOX[1], 0.1) is None
    assert made.counts["refused"] == 4


def test_a_camera_sees_the_object_where_it_is():
    made = core(LOOK)
    np.testing.assert_allclose(LOOK.view(), T, atol=1e-12)
    assert made.image(image(picture(START))) is None
    made.camera(camera())
    found = made.image(image(picture(START)))
    assert found is not None
    assert np.linalg.norm(found[0] - START[:3]) < 0.03
    assert made.image(image(picture(START)[:100])) is None
    assert "expected" in made.reason


@pytest.mark.parametrize(
    "wrong",
    [
        camera(K * np.nan),
        camera(-K),
        camera(K * 2.0),
        camera(size=(0, 0)),
        camera(size=(10_000, 1)),
    ],
)
def test_what_is_no_camera_is_refused(wrong):
    made = core()
    made.camera(wrong)
    assert made.counts["refused"] == 1
    assert made.image(image(picture(START))) is None


def test_padded_rows_and_either_order_of_colours_are_one_picture():
    pixels = np.random.default_rng(0).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    np.testing.assert_array_equal(_bgr(image(pixels, pad=3)), pixels)
    np.testing.assert_array_equal(_bgr(image(pixels[..., ::-1], "rgb8")), pixels)
    whole = image(pixels)
    for wrong in ({"encoding": "mono8"}, {"step": 1}, {"height": 9}, {"data": []}):
        with pytest.raises(ValueError, match="image 5 x"):
            _bgr(dataclasses.replace(whole, **wrong))


def test_settings_of_no_use_are_named():
    with pytest.raises(ValueError, match="max_age"):
        TrackerCore(make_contract(), Mount(), float("nan"))
    with pytest.raises(ValueError, match="finite"):
        Mount(camera_position=(np.nan, 0.0, 0.0))


def test_the_nodes_parameters_begin_as_the_process_does():
    place = places.StandIn()
    try:
        declared = place.module("sugarmill_ros.object_tracker").PARAMETERS
        given = {p.name: p.default for p in declared}
    finally:
        place.close()
    for name, value in dataclasses.asdict(Mount()).items():
        assert tuple(given[name]) == value


class Room:
    """Motion capture, and a listener."""

    def __init__(self, domain):
        member, qos = transport.participant(domain, None), transport.STATE_QOS
        self.outlets = [
            transport.writer(member, topic, PoseStamped_, qos)
            for topic in (transport.MOCAP_TORSO, transport.MOCAP_OBJECT)
        ]
        self._poses = transport.Latest(member, transport.OBJECT_POSE, PoseStamped_, qos)

    def show(self, *poses):
        for outlet, (pos, quat) in zip(self.outlets, poses, strict=True):
            outlet.write(pose_message(pos, quat, "mocap", Time_(7, 8)))

    def seen(self):
        return self._poses.take()


def test_mocap_over_dds_is_relayed_and_nan_and_stale_are_not(domain):
    """Each writer's messages keep their order, so the newest seen ends the older."""
    server, room = ObjectServer(core(), "mocap", domain, None), Room(domain)
    made, found = server.core, []

    def step(*poses):
        room.show(*poses)
        server.serve_once(0.0)
        found.extend(filter(None, [room.seen()]))
        return found

    def refuses(topic, pose, now, reason):
        pos, quat = pose
        room.outlets[topic].write(pose_message(pos, quat, "mocap", Time_(7, 8)))
        return server.serve_once(now) and reason in made.reason

    assert until(lambda: step(TORSO, BOX))
    same(pose_arrays(found[-1]))
    assert (found[-1].header.frame_id, found[-1].header.stamp.sec) == ("torso_link", 7)
    spoilt = TORSO[0] * np.nan, TORSO[1]
    assert until(lambda: refuses(1, spoilt, 0.0, "mocap's object pose"))
    poses = made.counts["poses"]
    assert until(lambda: refuses(0, spoilt, 0.0, "torso pose that"))
    for _ in range(10):
        assert until(lambda: refuses(1, BOX, 1.0, "fresh"))
    assert made.counts["poses"] == poses


def test_the_process_relays_and_ends_on_a_signal(bundle_path, domain):
    room = Room(domain)
    command = [sys.executable, "-m", "deploy.objects.object_tracker"]
    command += [str(bundle_path), "--domain", str(domain)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        found = []

        def step():
            room.show(TORSO, BOX)
            found.extend(filter(None, [room.seen()]))
            return found

        assert until(step, 40.0)
        same(pose_arrays(found[-1]))
    finally:
        os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "poses" in errors


def test_an_image_goes_over_dds(domain):
    server = ObjectServer(core(LOOK), "camera", domain, None)
    member, qos = transport.participant(domain, None), transport.STATE_QOS
    info = transport.writer(member, transport.CAMERA_INFO, CameraInfo_, qos)
    images = transport.writer(member, transport.CAMERA_IMAGE, Image_, qos)
    picture_of_it = image(picture(START))

    def step():
        info.write(camera())
        images.write(picture_of_it)
        server.serve_once(0.0)
        return server.core.counts["poses"]

    assert until(step)
