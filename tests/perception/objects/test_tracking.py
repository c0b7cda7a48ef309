import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE, CHAIR, LIFT_BOX
from perception.camera import invert, transform
from perception.objects.colour import fine_codes, histogram, log_odds
from perception.objects.contour import Patch, fit_outline
from perception.objects.follow import follow, moved_to
from perception.objects.footing import hold
from perception.objects.grasp import palm_places
from perception.objects.rest import find_rest
from perception.objects.settle import Manner, ObjectTrack, Sight, settle
from perception.objects.shape import same_looks, unseen_turns
from perception.objects.silhouette import Pose
from perception.person.skeleton import L_HIP, R_ELBOW, R_HIP, R_WRIST
from perception.prior import CONTACT_NAMES
from tests.perception.objects.stage import (
    FPS,
    LYING,
    SIZE,
    SPECS,
    T_WORLD_TO_CAM,
    cover,
    draw,
    film,
    lift,
    person,
    reach,
    standing,
    view_of,
)

HANDS = CONTACT_NAMES[:2]


def off(spec, a, b):
    """Distance [m] and angle [rad] between two poses that may look the same."""
    turns = rotations.multiply(a.quat_w, same_looks(spec))
    change = rotations.difference(turns, b.quat_w)
    seen = change @ (np.eye(3) - unseen_turns(spec, b.quat_w))
    return np.linalg.norm(a.pos_w - b.pos_w), np.linalg.norm(seen, axis=-1).min()


def odds_at(spec, pose):
    return Patch((4.0 * cover(spec, pose) - 2.0).astype(np.float32), np.zeros(2))


@pytest.mark.parametrize("shape", list(SPECS))
@pytest.mark.parametrize("seed", range(3))
def test_the_outline_brings_back_a_pose(shape, seed):
    spec, rng = SPECS[shape], np.random.default_rng(seed)
    x, y, yaw = rng.uniform([-0.3, -0.3, -3.0], [0.3, 0.3, 3.0])
    pose = standing(spec, x, y, yaw)
    guess = pose.moved(rng.normal(0, [0.05, 0.05, 0.02, 0.02, 0.02, 0.15]))
    prior = hold(T_WORLD_TO_CAM, np.full(3, 0.3), 0.5, 0.1, 0.1)
    fit = fit_outline(view_of(spec), guess, odds_at(spec, pose), prior, 14.0)
    metres, radians = off(spec, fit.pose, pose)
    assert metres < 0.03
    assert radians < np.radians(5.0)
    assert fit.seen > 0.4


def test_an_outline_half_hidden_still_does():
    pose = standing(LIFT_BOX)
    patch = odds_at(LIFT_BOX, pose)
    patch.odds[:, :175] = 0.0
    guess = pose.moved(np.array([0.04, -0.04, 0.0, 0.0, 0.0, 0.1]))
    prior = hold(T_WORLD_TO_CAM, np.array([0.3, 0.3, 0.004]), 0.5, 0.02, 0.02)
    fit = fit_outline(view_of(LIFT_BOX), guess, patch, prior, 14.0)
    assert off(LIFT_BOX, fit.pose, pose)[0] < 0.03


def test_what_nothing_shows_stays_and_says_so():
    pose = standing(LIFT_BOX)
    blank = Patch(np.zeros(SIZE, np.float32), np.zeros(2))
    fit = fit_outline(view_of(LIFT_BOX), pose, blank, 1e-3 * np.eye(6), 10.0)
    assert off(LIFT_BOX, fit.pose, pose)[0] < 1e-6
    assert not fit.information.any()
    assert fit.seen == 0.0


def test_log_odds_tell_colours_apart():
    red, grey = (
        fine_codes(np.full((100, 3), bgr, np.uint8))
        for bgr in ((20, 30, 200), (110, 110, 110))
    )
    odds = log_odds(histogram(red), histogram(grey))
    assert odds[red[0]] > 1.0
    assert odds[grey[0]] < -1.0


def test_a_lifted_box_is_found_and_followed():
    keys, joints, poses = lift()
    rest = find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, HANDS)
    assert rest is not None
    assert rest.floor.camera_height == pytest.approx(1.4, abs=0.1)
    assert 26 <= rest.leaves <= 33
    pose = moved_to(rest, LIFT_BOX, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    manner = Manner()
    track = follow(keys, rest, LIFT_BOX, joints, T_WORLD_TO_CAM, pose, manner, FPS)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.mean() < 0.03
    assert track.moved > 0.4
    np.testing.assert_allclose(
        track.pos_w[:20], track.pos_w[:1].repeat(20, 0), atol=1e-3
    )


def test_a_box_slides_along_the_floor():
    frames = 50
    along = 1.0 * np.clip((np.arange(frames) - 15) / 20, 0, 1)
    poses = [standing(LIFT_BOX, 0.3, -0.5 + s, 0.2 + 0.3 * s) for s in along]
    joints = reach(person(frames), poses, 0.17, np.zeros(frames))
    keys = film(LIFT_BOX, poses)
    rest = find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, HANDS)
    assert rest is not None
    pose = moved_to(rest, LIFT_BOX, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    manner = Manner(on_floor=True)
    track = follow(keys, rest, LIFT_BOX, joints, T_WORLD_TO_CAM, pose, manner, FPS)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.mean() < 0.03
    np.testing.assert_allclose(track.pos_w[:, 2], 0.25, atol=0.01)
    assert np.linalg.norm(track.pos_w[-1] - poses[-1].pos_w) < 0.05


def test_a_bottle_is_tipped_up():
    frames = 50
    up = np.pi / 2 * np.clip((np.arange(frames) - 18) / 15, 0, 1)
    poses = []
    for angle in up:
        half = (np.pi / 2 - angle) / 2
        quat = rotations.multiply(
            rotations.from_yaw(1.3), np.array([np.cos(half), 0, np.sin(half), 0])
        )
        z = 0.18 * np.sin(angle) + 0.065 * np.cos(angle)
        poses.append(Pose(np.array([0.6, 0.1, z]), quat))
    joints = reach(person(frames), poses, 0.07, np.full(frames, 0.1))
    keys = film(BOTTLE, poses)
    rest = find_rest(keys, BOTTLE, joints, T_WORLD_TO_CAM, HANDS)
    assert rest is not None
    pose = moved_to(rest, BOTTLE, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    manner = Manner(tips=True)
    track = follow(keys, rest, BOTTLE, joints, T_WORLD_TO_CAM, pose, manner, FPS)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.mean() < 0.04
    axis = rotations.rotate(track.quat_w, np.array([0.0, 0.0, 1.0]))
    assert abs(axis[0, 2]) < 0.1
    assert abs(axis[-1, 2]) > 0.98


def test_a_chair_that_stays_is_found_under_who_sits_on_it():
    joints = person(40)
    joints[20:, [L_HIP, R_HIP], 0] = 0.3
    joints[20:, [L_HIP, R_HIP], 2] = 0.5
    pose = standing(CHAIR, 0.35, 0.05, 0.1)
    keys = film(CHAIR, [pose] * 40)
    rest = find_rest(keys, CHAIR, joints, T_WORLD_TO_CAM, ("pelvis",))
    assert rest is not None
    metres, radians = off(CHAIR, rest.pose, pose)
    assert metres < 0.05
    assert radians < np.radians(6.0)


def test_without_a_box_nothing_is_found():
    keys, joints, _ = lift()
    keys.images[:] = 110
    assert find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, HANDS) is None


def test_a_box_that_stays_is_not_found():
    keys, joints, _ = lift()
    keys.images[:] = keys.images[0]
    assert find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, HANDS) is None


def test_a_resting_pose_moves_to_another_world():
    keys, joints, _ = lift()
    rest = find_rest(keys, LIFT_BOX, joints, T_WORLD_TO_CAM, HANDS)
    assert rest is not None
    turned = T_WORLD_TO_CAM.copy()
    turn = rotations.to_matrix(rotations.from_yaw(0.3))
    turned[:3, :3] = T_WORLD_TO_CAM[:3, :3] @ turn
    here = moved_to(rest, LIFT_BOX, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    there = moved_to(rest, LIFT_BOX, T_WORLD_TO_CAM, turned)
    same = transform(invert(turned), transform(T_WORLD_TO_CAM, rest.pose.pos_w))
    np.testing.assert_allclose(there.pos_w[:2], same[:2], atol=1e-6)
    assert there.pos_w[2] == pytest.approx(0.25)
    yaw = rotations.yaw(here.quat_w) - rotations.yaw(there.quat_w)
    assert np.sin(yaw) == pytest.approx(np.sin(0.3), abs=1e-6)


def test_physics_fills_what_nothing_shows():
    """Half the key frames are blind; the path between them stays smooth."""
    n = 41
    time = np.arange(n) / FPS
    pos = np.stack([0.2 * time, 0 * time, 0.25 + 0.1 * time], axis=1)
    pos[:10] = pos[10]
    poses = [Pose(p, rotations.IDENTITY) for p in pos]
    information = np.tile(1e6 * np.eye(6), (n, 1, 1))
    for k in range(20, 30):
        poses[k] = Pose(poses[k].pos_w + np.array([0.3, 0.2, 0.1]), rotations.IDENTITY)
        information[k] = 0.0
    sight = Sight(np.arange(n), poses, information, np.ones(n), 10)
    far = np.full((n, 3), 9.0)
    track = settle(sight, LIFT_BOX, poses[0], far, Manner(), n, FPS)
    assert np.abs(track.pos_w[12:] - pos[12:]).max() < 0.02


def test_a_hidden_hand_is_put_opposite_the_one_that_is_seen():
    _, joints, poses = lift()
    pos = np.stack([pose.pos_w for pose in poses])
    quat = np.tile(rotations.IDENTITY, (60, 1))
    track = ObjectTrack(pos, quat, np.ones(60), 0.5)
    trust = np.ones((60, 14))
    joints[:, [R_WRIST, R_ELBOW]] += np.array([0.1, 0.1, 0.1])
    trust[:, [R_WRIST, R_ELBOW]] = 0.0
    places = palm_places(joints, trust, LIFT_BOX, track, FPS)
    assert places is not None
    right = places.place_c[places.joint == 1] - pos[places.frame[1::2]]
    np.testing.assert_allclose(right, [[0.0, -0.185, 0.0]] * len(right), atol=0.02)


def test_lying_and_standing_bottles_are_told_apart():
    pose = Pose(np.array([0.5, 0.0, 0.065]), LYING)
    assert draw(BOTTLE, pose).shape == (*SIZE, 3)
    view = view_of(BOTTLE)
    assert view.area(pose) > 0
