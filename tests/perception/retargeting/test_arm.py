import dataclasses

import mujoco
import numpy as np
import pytest

from assets import rotations
from assets.arm7.spec import arm7
from assets.objects import BOTTLE, CHAIR, LIFT_BOX, SMALL_BOX
from perception.body_poses import body_poses
from perception.importers.robot_motion import NO_OBJECT
from perception.retargeting.arm_ik import compile_arm
from perception.retargeting.arm_path import intervals, read_palm_path, surface_point
from perception.retargeting.retarget import retarget
from perception.track import JOINTS
from tests.perception.synthetic_track import lift_track, move

UP = np.array([0.0, 0.0, 1.0])


def touched_by(track, *names):
    contact = track.contact.copy()
    for column, name in enumerate(track.contact_names):
        contact[:, column] &= name in names
    return dataclasses.replace(track, contact=contact)


def make(track, obj=LIFT_BOX):
    return retarget(track, obj, arm7(), name="arm", task="lift-box", source={})


@pytest.fixture(scope="module", params=["both", "right", "left", "none"])
def prior(request):
    hands = {
        "both": ("left_hand", "right_hand"),
        "right": ("right_hand",),
        "left": ("left_hand",),
        "none": (),
    }[request.param]
    return make(touched_by(lift_track(), *hands))


def test_a_prior_of_the_arm_is_valid_and_bolted_down(prior):
    prior.validate(arm7())
    assert np.ptp(prior.root_pos_w, axis=0).max() == 0.0
    assert (prior.root_quat_w == [1.0, 0.0, 0.0, 0.0]).all()
    assert prior.joint_names == arm7().joint_names
    assert prior.contact_names == ("right_hand",)


def test_limits_are_kept(prior):
    spec = arm7()
    speed = np.abs(np.diff(prior.joint_pos, axis=0)) * prior.fps
    assert (speed <= spec.array("velocity") * 1.001).all()
    assert (prior.joint_pos <= spec.array("upper")).all()
    assert (prior.joint_pos >= spec.array("lower")).all()
    assert prior.quality["torque_over_limit"] < 1.0
    assert prior.quality["reasons"] == []


def palms(prior):
    """Palm positions `(T, 3)` by the body poses of the model."""
    put = body_poses(arm7(), prior.joint_pos, prior.root_pos_w, prior.root_quat_w)
    hand = put.names.index("hand")
    out = rotations.rotate(put.quat_w[:, hand], np.array([0.0, 0.0, 0.03]))
    return put.pos_w[:, hand] + out


def test_the_palm_stays_on_its_spot_of_the_object(prior):
    touching = prior.contact[:, 0]
    if not touching.any():
        return
    local = rotations.rotate_inverse(
        prior.object_quat_w, palms(prior) - prior.object_pos_w
    )[touching]
    assert np.linalg.norm(local - np.median(local, axis=0), axis=1).max() < 0.02
    outside = np.abs(np.median(local, axis=0)) - LIFT_BOX.half_size
    assert abs(outside.max()) < 0.01


def test_the_arm_keeps_out_of_the_object(prior):
    assert prior.quality["penetration_max_m"] < 0.02
    model = compile_arm(arm7(), prior.object, float(prior.root_pos_w[0, 2]))
    data = mujoco.MjData(model)
    for t in range(0, prior.num_frames, 5):
        data.qpos[:] = prior.joint_pos[t]
        data.mocap_pos[0] = prior.object_pos_w[t]
        data.mocap_quat[0] = prior.object_quat_w[t]
        mujoco.mj_forward(model, data)
        assert all(data.contact[i].dist > -0.02 for i in range(data.ncon))


def test_the_object_keeps_its_size_and_its_way():
    track = touched_by(lift_track(), "right_hand")
    prior = make(track)
    assert prior.object == LIFT_BOX
    way = np.ptp(prior.object_pos_w, axis=0)
    assert way[2] == pytest.approx(np.ptp(track.object_pos_w[:, 2]), abs=0.01)
    slowed = prior.source.get("slowed", 1.0)
    start, end = prior.source["seconds"]
    assert start == pytest.approx(1.4 - 1.2, abs=0.05)
    long = (end - start) * slowed
    assert prior.num_frames / prior.fps == pytest.approx(long, abs=0.1)


def test_where_the_person_stands_makes_no_difference():
    track = touched_by(lift_track(), "right_hand")
    here, there = make(track), make(move(track, yaw=np.pi / 2, offset=(3.0, -2.0)))
    for prior in (here, there):
        assert prior.quality["path_error_mean_m"] < 0.02
    assert here.source["slowed"] == pytest.approx(there.source["slowed"], rel=0.15)


def test_a_path_that_no_arm_reaches_is_refused_in_one_line():
    track = touched_by(lift_track(), "right_hand")
    drift = np.zeros((track.num_frames, 3))
    drift[:, 0] = np.linspace(0.0, 4.0, track.num_frames)
    far = dataclasses.replace(
        track,
        joints_w=track.joints_w + drift[:, None],
        object_pos_w=track.object_pos_w + drift,
    )
    with pytest.raises(ValueError, match=r"path spans 4\..* expected at most") as error:
        make(far)
    assert "\n" not in str(error.value)


def test_a_moving_base_is_refused():
    prior = make(touched_by(lift_track()))
    root = prior.root_pos_w.copy()
    root[10] += 0.1
    with pytest.raises(ValueError, match=r"bolted base moves by 0\.1"):
        dataclasses.replace(prior, root_pos_w=root).validate(arm7())


def test_without_an_object_the_hand_is_followed():
    track = touched_by(lift_track())
    away = np.tile([-5.0, -5.0, NO_OBJECT.half_size[2]], (track.num_frames, 1))
    prior = make(dataclasses.replace(track, object_pos_w=away), NO_OBJECT)
    wrist = track.joints_w[:, JOINTS.index("r_wrist")]
    found, true = palms(prior), wrist
    assert np.ptp(found[:, 2]) == pytest.approx(np.ptp(true[:, 2]), abs=0.05)


@pytest.mark.parametrize("obj", [LIFT_BOX, SMALL_BOX, BOTTLE, CHAIR, NO_OBJECT])
def test_surface_points_lie_on_the_surface(obj):
    rng = np.random.default_rng(0)
    half = np.array(obj.half_size)
    for point in rng.uniform(-1.6, 1.6, (200, 3)) * half:
        where, normal = surface_point(obj, point, UP)
        assert np.linalg.norm(normal) == pytest.approx(1.0)
        assert (np.abs(where) <= half + 1e-9).all()
        out, _ = surface_point(obj, where + 0.001 * normal, UP)
        np.testing.assert_allclose(out, where, atol=1e-6)


def test_a_point_between_two_hands_touches_the_top():
    where, normal = surface_point(LIFT_BOX, np.array([0.02, 0.01, -0.1]), UP)
    assert normal.tolist() == [0.0, 0.0, 1.0]
    assert where.tolist() == [0.02, 0.01, 0.25]


def test_intervals_are_runs():
    flags = np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool)
    assert intervals(flags) == [(0, 2), (3, 4), (6, 7)]


def test_a_touch_of_a_few_frames_does_not_count():
    track = touched_by(lift_track(), "right_hand")
    flicker = track.contact.copy()
    flicker[5:7, 0] = True
    path = read_palm_path(dataclasses.replace(track, contact=flicker), LIFT_BOX)
    same = read_palm_path(track, LIFT_BOX)
    assert (path.pos_w == same.pos_w).all()
