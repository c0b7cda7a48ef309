import cv2
import numpy as np
import pytest

from assets import rotations
from assets.objects import LIFT_BOX, ObjectSpec
from perception.camera import project, transform
from perception.objects.colour import KeyFrames
from perception.objects.marker import Marker
from perception.objects.markers import (
    _DICTIONARIES,
    find_corners,
    marker_poses,
    marker_tracker,
)
from perception.objects.silhouette import Pose
from perception.objects.tracker import Clip
from tests.perception.objects.stage import (
    FPS,
    SIZE,
    T_WORLD_TO_CAM,
    K,
    person,
    standing,
)

FACES = ("+x", "-x", "+y", "-y", "+z", "-z")


def markers(family):
    faces = zip(range(6), FACES, strict=True)
    return tuple(Marker(i, f, 0.2, family, turn=i % 4) for i, f in faces)  # type: ignore[arg-type]


def draw(pose, family, noise=0.0, seed=0):
    """Every marker that faces the camera, warped to where it is seen."""
    image = np.full((*SIZE, 3), 120, np.uint8)
    words = cv2.aruco.getPredefinedDictionary(_DICTIONARIES[family])
    eye = -T_WORLD_TO_CAM[:3, :3].T @ T_WORLD_TO_CAM[:3, 3]
    for marker in markers(family):
        corners_o = marker.corners_o(LIFT_BOX)
        out = np.zeros(3)
        out["xyz".index(marker.face[1])] = 1.0 if marker.face[0] == "+" else -1.0
        middle = rotations.rotate(pose.quat_w, corners_o.mean(axis=0)) + pose.pos_w
        if rotations.rotate(pose.quat_w, out) @ (eye - middle) <= 0.05:
            continue
        side, rim = 240, 40
        large = np.full((side + 2 * rim, side + 2 * rim), 255, np.uint8)
        code = cv2.aruco.generateImageMarker(words, marker.id, side)
        large[rim:-rim, rim:-rim] = code
        wide = corners_o.mean(axis=0) + (corners_o - corners_o.mean(axis=0)) * (
            1 + 2 * rim / side
        )
        corners_w = rotations.rotate(pose.quat_w, wide) + pose.pos_w
        pixels = project(K, transform(T_WORLD_TO_CAM, corners_w))
        n = len(large)
        source = np.array([[0, 0], [n, 0], [n, n], [0, n]], np.float32)
        zoom = 4
        H = cv2.getPerspectiveTransform(source, (pixels * zoom).astype(np.float32))
        size = (SIZE[1] * zoom, SIZE[0] * zoom)
        warped = cv2.warpPerspective(large, H, size, borderValue=(0.0,))
        inside = cv2.warpPerspective(np.full_like(large, 255), H, size)
        small = [
            cv2.resize(each, SIZE[::-1], interpolation=cv2.INTER_AREA).astype(float)
            for each in (warped, inside)
        ]
        share = small[1][..., None] / 255.0
        image = (image * (1 - share) + small[0][..., None]).clip(0, 255)
    rng = np.random.default_rng(seed)
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)


def near(yaw):
    return standing(LIFT_BOX, 1.2, 0.2, yaw)


def in_camera(pose):
    turn = rotations.from_matrix(T_WORLD_TO_CAM[:3, :3])
    pos = transform(T_WORLD_TO_CAM, pose.pos_w)
    return pos, rotations.multiply(turn, pose.quat_w)


@pytest.mark.parametrize("family", ["aruco_4x4", "apriltag_36h11"])
@pytest.mark.parametrize("yaw", [0.4, 2.0, 3.9, 5.5])
@pytest.mark.parametrize("noise", [0.0, 6.0])
def test_markers_give_the_pose(family, yaw, noise):
    pose = near(yaw)
    keys = KeyFrames(np.arange(1), draw(pose, family, noise)[None], K)
    found = marker_poses(keys, LIFT_BOX, markers(family))
    assert len(found.index) == 1
    pos, quat = in_camera(pose)
    assert np.linalg.norm(found.pos_c[0] - pos) < 0.02
    assert rotations.angle(found.quat_c[0], quat) < np.radians(2.0)


def test_corners_run_clockwise_as_seen_from_outside():
    for marker in markers("aruco_4x4"):
        corners = marker.corners_o(LIFT_BOX)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[1])
        outward = corners.mean(axis=0) @ normal
        assert outward < 0
        sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        np.testing.assert_allclose(sides, 0.2)


def test_markers_of_others_are_not_ours():
    image = draw(near(0.4), "aruco_4x4")
    other = (Marker(40, "+x", 0.2),)
    points, pixels = find_corners(image, LIFT_BOX, other)
    assert len(points) == len(pixels) == 0
    keys = KeyFrames(np.arange(1), image[None], K)
    assert marker_tracker(keys, LIFT_BOX, other) is None


def test_a_lifted_box_is_followed_by_its_markers():
    rise = 0.4 * np.clip((np.arange(30) - 12) / 10, 0, 1)
    first = near(0.4)
    poses = [Pose(first.pos_w + np.array([0, 0, dz]), first.quat_w) for dz in rise]
    images = [draw(p, "aruco_4x4", 4.0, k) for k, p in enumerate(poses)]
    keys = KeyFrames(np.arange(30), np.stack(images), K)
    tracker = marker_tracker(keys, LIFT_BOX, markers("aruco_4x4"))
    assert tracker is not None
    joints = person(30)
    clip = Clip(keys, LIFT_BOX, "lift-box", joints, T_WORLD_TO_CAM, FPS)
    floor = tracker.find(clip)
    assert floor is not None
    assert floor.camera_height == pytest.approx(1.4, abs=0.03)
    track = tracker.follow(clip)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.mean() < 0.02
    turned = rotations.angle(track.quat_w, first.quat_w[None])
    assert turned.max() < np.radians(3.0)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (Marker(99, "+x", 0.2), "ids from 0 to 49"),
        (Marker(1, "x", 0.2), "face 'x' is none of"),  # type: ignore[arg-type]
        (Marker(1, "+x", 0.9), "edge 0.9 m"),
        (Marker(1, "+x", 0.2, "qr"), "family 'qr'"),  # type: ignore[arg-type]
    ],
)
def test_faults_are_named(marker, said):
    spec = ObjectSpec("x", "box", (0.3, 0.4, 0.5), 1.0)
    with pytest.raises(ValueError, match=said):
        marker.validate(spec)
