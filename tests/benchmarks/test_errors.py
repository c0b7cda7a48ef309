"""The yardsticks: each is zero for the truth, blind to what it should not see."""

import dataclasses

import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE, CHAIR, LIFT_BOX, ObjectSpec
from benchmarks import object_error
from benchmarks.causes import in_camera, track_causes
from benchmarks.contact_error import agreement
from benchmarks.object_error import object_in_camera, symmetries
from benchmarks.pose_error import pelvis_error, root_error, world_error
from benchmarks.summary import interval
from tests.perception.synthetic_track import lift_track


def turned_by(found, true, item):
    """Angles of anything but a ball, which has none."""
    angles = object_error.turned_by(found, true, item)
    assert angles is not None
    return angles


CUBE = ObjectSpec("cube", "box", (0.3, 0.3, 0.3), 1.0)
POST = ObjectSpec("post", "box", (0.2, 0.2, 0.5), 1.0)


def moved(track, rotvec, shift):
    """The same performance in another world frame, seen by the same camera."""
    quat = rotations.exp(np.array(rotvec))
    turn = rotations.to_matrix(quat)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = turn, shift
    return dataclasses.replace(
        track,
        joints_w=track.joints_w @ turn.T + shift,
        object_pos_w=track.object_pos_w @ turn.T + shift,
        object_quat_w=rotations.multiply(quat, track.object_quat_w),
        T_world_to_cam=track.T_world_to_cam @ np.linalg.inv(T),
    )


def test_nothing_depends_on_the_choice_of_a_world():
    track = lift_track()
    other = moved(track, [0.1, 0.2, 1.0], [1.0, -2.0, 0.3])
    assert root_error(other.joints_w, track.joints_w) < 1e-9
    assert world_error(other.joints_w, track.joints_w) < 1e-9
    assert pelvis_error(other.joints_w, track.joints_w) < 1e-9
    (pos, quat), (true_pos, true_quat) = map(object_in_camera, (other, track))
    np.testing.assert_allclose(pos, true_pos, atol=1e-9)
    assert rotations.angle(quat, true_quat).max() < 1e-6
    causes = track_causes(other, track)
    assert causes["across_mm"] < 1e-6
    assert causes["pelvis_depth_mm"] < 1e-6
    assert causes["object_across_mm"] < 1e-6
    assert causes["tilt_deg"] == pytest.approx(np.degrees(np.hypot(0.1, 0.2)), rel=0.1)


def test_an_error_along_the_sight_is_depth_and_nothing_else():
    track = lift_track()
    joints_c = in_camera(track, track.joints_w)
    pelvis = joints_c[:, :2].mean(axis=1, keepdims=True)
    R = track.T_world_to_cam[:, None, :3, :3].transpose(0, 1, 3, 2)
    shift_w = (R @ (0.1 * pelvis)[..., None])[..., 0]
    far = dataclasses.replace(track, joints_w=track.joints_w + shift_w)
    causes = track_causes(far, track)
    expected = 100 * np.linalg.norm(pelvis, axis=-1).mean()
    assert causes["pelvis_depth_mm"] == pytest.approx(expected)
    assert causes["pelvis_across_mm"] < 1e-6
    assert causes["depth_mm"] + causes["across_mm"] + causes["bones_mm"] < 1e-6


@pytest.mark.parametrize(
    ("item", "count"), [(LIFT_BOX, 4), (POST, 8), (CUBE, 24), (CHAIR, 1)]
)
def test_symmetries_turn_the_object_into_itself(item, count):
    turns = rotations.to_matrix(symmetries(item))
    assert len(turns) == count
    for turn in turns:
        np.testing.assert_allclose(np.abs(turn) @ item.size, item.size, atol=1e-9)


@pytest.mark.parametrize("item", [LIFT_BOX, POST, CUBE, CHAIR])
def test_orientation_is_judged_up_to_symmetry(item):
    rng = np.random.default_rng(0)
    true = rotations.normalize(rng.normal(size=(20, 4)))
    off = rotations.exp(np.tile([0.0, 0.0, 0.1], (20, 1)))
    for symmetry in symmetries(item):
        found = rotations.multiply(rotations.multiply(true, off), symmetry)
        np.testing.assert_allclose(turned_by(found, true, item), 0.1, atol=1e-6)


def test_a_flip_within_the_clip_is_an_error():
    true = np.tile(rotations.IDENTITY, (10, 1))
    found = true.copy()
    found[5:] = [0.0, 0.0, 0.0, 1.0]
    assert turned_by(found, true, LIFT_BOX).max() == pytest.approx(np.pi)


def test_a_bottles_spin_is_free_and_its_tilt_is_not():
    true = rotations.normalize(np.random.default_rng(1).normal(size=(20, 4)))
    spin = rotations.exp(np.linspace(0, 6, 20)[:, None] * [0.0, 0.0, 1.0])
    tilt = rotations.exp(np.tile([0.2, 0.0, 0.0], (20, 1)))
    spun = rotations.multiply(true, spin)
    np.testing.assert_allclose(turned_by(spun, true, BOTTLE), 0.0, atol=1e-6)
    tilted = rotations.multiply(rotations.multiply(true, tilt), spin)
    np.testing.assert_allclose(turned_by(tilted, true, BOTTLE), 0.2, atol=1e-6)


def test_labels_are_counted_per_body_and_frame():
    true = np.zeros((40, 2), bool)
    true[10:30] = True
    same = agreement(true, true)
    assert (same.f1, same.false, same.missed, same.onsets) == (1.0, 0, 0, (0.0, 0.0))
    late = true.copy()
    late[10:13, 0] = False
    late[:, 1] = False
    found = agreement(late, true)
    assert (found.hits, found.false, found.missed) == (17, 0, 23)
    assert found.onsets[0] == 3.0
    assert np.isnan(found.onsets[1])
    assert agreement(np.zeros_like(true), np.zeros_like(true)).f1 == 1.0


def test_wrong_labels_near_a_change_are_told_apart():
    true = np.zeros((40, 1), bool)
    true[20:] = True
    late = true.copy()
    late[20:23] = False
    assert agreement(late, true).at_edges == 3
    late[20:26] = False
    assert agreement(late, true).at_edges == 3
    early = true.copy()
    early[17:20] = True
    assert agreement(early, true).at_edges == 3


def test_an_interval_holds_its_figure_and_narrows_with_clips():
    rng = np.random.default_rng(0)
    rows = [{"x": value} for value in rng.normal(10.0, 2.0, 200)]

    def mean(picked):
        return float(np.mean([row["x"] for row in picked]))

    few, many = interval(rows[:10], mean), interval(rows, mean)
    assert few is not None
    assert many is not None
    assert few["low"] < few["value"] < few["high"]
    assert many["high"] - many["low"] < 0.5 * (few["high"] - few["low"])
    assert interval([], mean) is None
