import dataclasses

import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE
from perception.objects.colour import CLIP, KeyFrames, fine_codes, log_odds
from perception.objects.follow import follow, moved_to
from perception.objects.manner import manner_of
from perception.objects.rest import find_rest
from perception.objects.scene import learn_scene
from perception.objects.shape import resting_height, resting_quats
from perception.objects.silhouette import Pose
from perception.objects.tipping import ANGLES, course, tipped, turn_times
from tests.perception.objects.stage import (
    FPS,
    T_WORLD_TO_CAM,
    K,
    cover,
    film,
    person,
    reach,
    standing,
    view_of,
)

HANDS = ("left_hand", "right_hand")
UP = np.array([0.0, 0.0, 1.0])


def lying(yaw=0.8):
    quat = rotations.multiply(rotations.from_yaw(yaw), resting_quats(BOTTLE)[1])
    return Pose(np.array([0.5, 0.1, BOTTLE.half_size[0]]), quat)


def with_cap(poses, share=0.15, cap=(150, 60, 130)):
    """Key frames of a bottle whose top `share` has a colour of its own."""
    keys = film(BOTTLE, poses)
    images = keys.images.astype(float)
    low = 0.5 - share
    for k, pose in enumerate(poses):
        top = Pose(
            pose.pos_w + rotations.rotate(pose.quat_w, UP) * BOTTLE.size[2] * low,
            pose.quat_w,
        )
        above = (cover(BOTTLE, pose) * cover(BOTTLE, top))[..., None]
        images[k] += above * (np.array(cap) - images[k])
    return KeyFrames(keys.index, images.round().astype(np.uint8), K)


def test_a_cap_of_another_colour_belongs_to_the_bottle():
    first = standing(BOTTLE, 0.6, 0.1)
    rise = 0.04 * np.maximum(np.arange(21) - 11, 0)
    poses = [Pose(first.pos_w + UP * dz, first.quat_w) for dz in rise]
    above = 0.5 * np.clip((9 - np.arange(len(poses))) / 5, 0, 1)
    joints = reach(person(len(poses)), poses, BOTTLE.half_size[1], above)
    rest = find_rest(with_cap(poses), BOTTLE, joints, T_WORLD_TO_CAM, HANDS, lies=False)
    assert rest is not None
    assert np.linalg.norm(rest.pose.pos_w - first.pos_w) < 0.06


@pytest.mark.parametrize("top", [1.0, -1.0])
def test_it_is_stood_up_over_one_end_and_never_leaves_the_floor(top):
    rest = lying()
    way = tipped(BOTTLE, rest, top)
    heights = [resting_height(BOTTLE, pose.quat_w) for pose in way]
    np.testing.assert_allclose([pose.pos_w[2] for pose in way], heights, atol=1e-9)
    upright = [top * rotations.rotate(pose.quat_w, UP)[2] for pose in way]
    np.testing.assert_allclose(upright, np.sin(ANGLES), atol=1e-9)
    foot = rest.pos_w - top * rotations.rotate(rest.quat_w, UP) * BOTTLE.half_size[2]
    np.testing.assert_allclose(way[-1].pos_w[:2], foot[:2], atol=1e-9)


@pytest.mark.parametrize("top", [1.0, -1.0])
def test_either_end_may_come_to_be_above(top):
    rest = lying()
    way = tipped(BOTTLE, rest, top)
    poses = [rest] * 14 + [pose for pose in way for _ in range(2)] + [way[-1]] * 14
    above = 0.5 * np.clip((10 - np.arange(len(poses))) / 5, 0, 1)
    joints = reach(person(len(poses)), poses, 0.07, above)
    keys, manner = film(BOTTLE, poses), manner_of("stand-bottle", BOTTLE)
    rest = find_rest(keys, BOTTLE, joints, T_WORLD_TO_CAM, HANDS, manner.lies)
    assert rest is not None
    pose = moved_to(rest, BOTTLE, T_WORLD_TO_CAM, T_WORLD_TO_CAM)
    track = follow(keys, rest, BOTTLE, joints, T_WORLD_TO_CAM, pose, manner, FPS)
    assert np.linalg.norm(track.pos_w[-1] - poses[-1].pos_w) < 0.05
    first, last = rotations.rotate(track.quat_w[[0, -1]], UP)
    assert abs(first[2]) < 0.1
    assert abs(last[2]) > 0.99
    true = rotations.rotate(poses[0].quat_w, UP)
    assert np.sign(first @ true) == np.sign(last[2] * top)


def test_what_a_task_says_of_how_it_rests_is_kept():
    assert len(resting_quats(BOTTLE)) == 2
    for task, height in (("pick-bottle", 0.18), ("stand-bottle", 0.065)):
        (quat,) = resting_quats(BOTTLE, manner_of(task, BOTTLE).lies)
        assert resting_height(BOTTLE, quat) == pytest.approx(height)


def test_what_is_seen_at_first_is_the_scene_but_for_what_hides_it():
    first, later = standing(BOTTLE), standing(BOTTLE, 0.35, -0.6)
    keys = film(BOTTLE, [first] * 5 + [later])
    bodies = np.full((6, 17, 3), [0.0, 0.0, 9.0])
    scene = learn_scene(keys, view_of(BOTTLE), bodies, first)
    whole = np.s_[0 : keys.images.shape[1], 0 : keys.images.shape[2]]
    shown = scene.shows(fine_codes(keys.images[5]), whole)
    there, gone = (view_of(BOTTLE).mask(p, shown.shape) for p in (later, first))
    assert not shown[there > 250].any()
    assert not shown[gone > 0].any()
    assert shown.mean() > 0.9


def test_colours_found_nowhere_weigh_as_asked():
    inside = np.zeros(16**3)
    outside = inside.copy()
    inside[0], outside[-1] = 100.0, 100.0
    for unseen in (1.0, 4.0):
        odds = log_odds(inside, outside, unseen=unseen)
        nowhere = odds[fine_codes(np.array([[120, 125, 120]], np.uint8))]
        assert nowhere[0] == pytest.approx(min(np.log(unseen), CLIP), abs=1e-5)


def turning(begin, end, count=40):
    """Stages of the smoothest turn from key frame `begin` to `end`."""
    time = np.clip((np.arange(count) - begin) / (end - begin), 0.0, 1.0)
    share = time**3 * (10.0 - 15.0 * time + 6.0 * time**2)
    return np.round(share * len(ANGLES)).astype(int)


def seen(stage, hidden=()):
    """How each key frame looks at each stage: best at the true one, alike if hidden."""
    looks = -np.abs(stage[:, None] - np.arange(len(ANGLES) + 1)).astype(float)
    looks[list(hidden)] = 0.0
    return looks


def test_the_course_is_the_one_that_is_seen():
    stage = turning(12, 24)
    found, looks = course(seen(stage), np.ones(len(stage), bool))
    np.testing.assert_array_equal(found, stage)
    assert looks == 0.0


def test_a_course_never_falls_and_stays_where_hands_are_not():
    rng = np.random.default_rng(3)
    may_turn = np.arange(40) >= 20
    found, _ = course(rng.normal(size=(40, len(ANGLES) + 1)), may_turn)
    assert (np.diff(found) >= 0).all()
    assert not found[:20].any()


def test_a_course_goes_on_behind_what_hides_it():
    stage = turning(12, 24)
    found, _ = course(seen(stage, hidden=range(26, 34)), np.ones(40, bool))
    np.testing.assert_array_equal(found, stage)
    before, _ = course(seen(stage, hidden=range(6, 12)), np.ones(40, bool))
    np.testing.assert_array_equal(before, stage)


def test_the_smoothest_turn_says_when_it_began_and_ended():
    for begin, end in ((10, 20), (8, 22), (15, 28)):
        lies, stands = turn_times(turning(begin, end), len(ANGLES) + 1)
        assert abs(lies - begin) <= 1
        assert abs(stands - end) <= 1


def test_what_never_stands_is_not_said_to():
    stage = np.minimum(turning(12, 24), 4)
    lies, stands = turn_times(stage, len(ANGLES) + 1)
    assert stands == len(stage)
    assert lies < 16


def test_how_large_a_bottle_looks_is_weighed_against_the_persons_floor():
    first = standing(BOTTLE, 0.6, 0.1)
    poses = [first] * 12 + [Pose(first.pos_w - [0, 0.3, 0], first.quat_w)] * 10
    above = 0.5 * np.clip((9 - np.arange(len(poses))) / 5, 0, 1)
    joints = reach(person(len(poses)), poses, BOTTLE.half_size[1], above)
    found = []
    for size in (1.0, 1.1):
        told = dataclasses.replace(BOTTLE, size=tuple(size * s for s in BOTTLE.size))
        rest = find_rest(film(BOTTLE, poses), told, joints, T_WORLD_TO_CAM, HANDS)
        assert rest is not None
        eye = -T_WORLD_TO_CAM[:3, :3].T @ T_WORLD_TO_CAM[:3, 3]
        found.append(np.linalg.norm(rest.pose.pos_w - eye))
    assert found[1] / found[0] < 1.07
