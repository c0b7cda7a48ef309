import cv2
import numpy as np
import pytest

from assets import rotations
from assets.objects import LIFT_BOX, ObjectSpec
from perception.camera import Floor, invert, project, transform, world_from_floor
from perception.objects.colour import BINS, KeyFrames, changed, histogram, log_odds
from perception.objects.follow import ObjectTrack, follow, moved_to
from perception.objects.grasp import palm_places
from perception.objects.rest import find_rest
from perception.objects.silhouette import Silhouette, outline_points
from perception.person.skeleton import L_ELBOW, L_WRIST, PALM_M, R_ELBOW, R_WRIST

K = np.array([[500.0, 0, 240], [0, 500, 320], [0, 0, 1]])
UP = np.array([0.0, -0.97, -0.24])
T_WORLD_TO_CAM = world_from_floor(
    Floor(UP / np.linalg.norm(UP), 1.4), np.array([0.2, 0.4, 3.2]), -np.eye(3)[2]
)
VIEW = Silhouette(outline_points(LIFT_BOX), K, T_WORLD_TO_CAM)
REST = np.array([0.35, 0.05, 0.25, 0.2, 0.0, 0.0])
GREY, RED = 700, 2200
FPS = 15.0


def film(frames=60):
    """A red box on grey that rises from frame 30 on, and the arms that lift it."""
    rise = 0.5 * np.clip((np.arange(frames) - 30) / 15, 0, 1)
    poses = np.tile(REST, (frames, 1))
    poses[:, 2] += rise
    rng = np.random.default_rng(0)
    codes = rng.choice([GREY, GREY + 1, GREY + BINS], (frames, 640, 480))
    for k in range(frames):
        codes[k][VIEW.mask(poses[k], (640, 480)) > 127] = RED
    keys = KeyFrames(np.arange(frames), codes.astype(np.uint16), K)
    joints = np.zeros((frames, 14, 3))
    joints[:, :, 2] = 1.0
    above = 0.7 * np.clip((22 - np.arange(frames)) / 10, 0, 1)
    for wrist, elbow, side in ((L_WRIST, L_ELBOW, 1), (R_WRIST, R_ELBOW, -1)):
        palm = poses[:, :3] + np.array([0.0, side * 0.185, 0.0])
        palm[:, 2] += above
        joints[:, wrist] = palm - [PALM_M, 0, 0]
        joints[:, elbow] = palm - [PALM_M + 0.25, 0, 0]
    return keys, joints, poses


@pytest.mark.parametrize("shape", ["box", "cylinder", "sphere"])
def test_outlines_span_the_size(shape):
    spec = ObjectSpec("x", shape, (0.4, 0.4, 0.4), 1.0)
    points = outline_points(spec)
    np.testing.assert_allclose(points.max(axis=0), 0.2, atol=1e-9)
    np.testing.assert_allclose(points.min(axis=0), -0.2, atol=1e-9)


def test_the_score_is_the_sum_under_the_mask():
    odds = np.random.default_rng(0).normal(size=(640, 480)).astype(np.float32)
    mask = VIEW.mask(REST, (640, 480)) / 255.0
    assert VIEW.score(REST, odds) == pytest.approx(float((odds * mask).sum()), rel=1e-4)


def test_an_object_out_of_view_scores_nothing():
    away = REST + np.array([0, 30.0, 0, 0, 0, 0])
    assert VIEW.score(away, np.ones((640, 480), np.float32)) == 0.0


def test_the_fit_finds_the_outline():
    odds = np.where(VIEW.mask(REST, (640, 480)) > 127, 1.0, -1.0).astype(np.float32)
    guess = REST + np.array([0.08, -0.06, 0.0, 0.2, 0.0, 0.0])
    sigma = np.array([0.1, 0.1, 0.1, 0.3, 0.1, 0.1])
    pose, seen = VIEW.fit(odds, guess, sigma, [0, 1, 3], 200.0)
    np.testing.assert_allclose(pose[:2], REST[:2], atol=0.02)
    assert seen > 0.9


def test_log_odds_tell_colours_apart():
    inside, outside = (histogram(np.full(100, c, np.uint16)) for c in (RED, GREY))
    odds = log_odds(inside, outside)
    assert odds[RED] > 1.0
    assert odds[GREY] < -1.0


def test_what_leaves_is_marked_as_changed():
    keys, _, poses = film()
    left = changed(keys, np.arange(10), np.arange(45, 60))
    mask = VIEW.mask(poses[0], (640, 480)) > 127
    low = np.zeros_like(mask)
    low[cv2.boundingRect(mask.astype(np.uint8))[1] + 60 :] = True
    assert left[mask & low].mean() > 0.9
    assert left[low & ~mask].mean() < 0.01


def test_a_lifted_box_is_found_and_followed():
    keys, joints, poses = film()
    rest = find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, FPS)
    assert rest is not None
    assert rest.floor.camera_height == pytest.approx(1.4, abs=0.15)
    pose = moved_to(rest.pose, LIFT_BOX, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    track = follow(keys, rest, LIFT_BOX, joints, T_WORLD_TO_CAM, pose)
    error = np.linalg.norm(track.pos_w - poses[:, :3], axis=1)
    assert error.mean() < 0.06
    assert track.moved > 0.4
    assert (track.pos_w[:20] == track.pos_w[0]).all()


def test_without_a_box_nothing_is_found():
    keys, joints, _ = film()
    keys.codes[:] = np.where(keys.codes == RED, GREY, keys.codes)
    assert find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, FPS) is None


def test_a_box_that_stays_is_not_found():
    keys, joints, _ = film()
    keys.codes[:] = keys.codes[0]
    assert find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, FPS) is None


def test_a_resting_pose_moves_to_another_world():
    turned = T_WORLD_TO_CAM.copy()
    turned[:3, :3] = T_WORLD_TO_CAM[:3, :3] @ rotations.to_matrix(
        rotations.from_yaw(0.3)
    )
    pose = moved_to(REST, LIFT_BOX, T_WORLD_TO_CAM, turned)
    same = transform(invert(turned), transform(T_WORLD_TO_CAM, REST[:3]))
    np.testing.assert_allclose(pose[:3], same, atol=1e-9)
    assert pose[3] == pytest.approx(REST[3] - 0.3)


def test_a_hidden_hand_is_put_opposite_the_one_that_is_seen():
    _, joints, poses = film()
    quat = rotations.from_yaw(poses[:, 3] * 0)
    track = ObjectTrack(poses[:, :3], quat, np.ones(60), 0.5)
    trust = np.ones((60, 14))
    joints[:, [R_WRIST, R_ELBOW]] += np.array([0.1, 0.1, 0.1])
    trust[:, [R_WRIST, R_ELBOW]] = 0.0
    places = palm_places(joints, trust, LIFT_BOX, track, FPS)
    assert places is not None
    right = places.place_c[places.joint == 1] - poses[places.frame[1::2], :3]
    np.testing.assert_allclose(right, [[0.0, -0.185, 0.0]] * len(right), atol=0.02)


def test_projection_round_trip_of_the_test_camera():
    pixel = project(K, transform(T_WORLD_TO_CAM, REST[:3]))
    assert ((pixel > 0) & (pixel < [480, 640])).all()
