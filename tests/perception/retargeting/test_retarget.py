import dataclasses

import numpy as np
import pytest

from assets import rotations
from assets.g1.spec import g1
from assets.objects import LIFT_BOX, ObjectSpec
from perception.prior import Prior
from perception.retargeting.inverse_dynamics import feed_forward
from perception.retargeting.retarget import retarget
from tests.perception.synthetic_track import blur, lift_track, move

ROBOT = g1()


def run(track, obj=LIFT_BOX):
    return retarget(track, obj, ROBOT, name="clip", task="lift-box", source={})


@pytest.fixture(scope="module")
def prior():
    return run(lift_track())


@pytest.fixture(scope="module", params=[0, 1, 2])
def noisy(request):
    height = [1.75, 1.60, 1.90][request.param]
    return run(blur(lift_track(height=height), request.param))


def check_clean(prior):
    prior.validate(ROBOT)
    quality = prior.quality
    assert quality["residual_mean_n"] < 0.05
    assert quality["residual_p90_n"] < 0.05
    assert quality["joint_limit_violation_rad"] == 0.0
    assert quality["joint_speed_over_limit"] < 0.6
    assert quality["foot_speed_max_m_s"] < 0.02
    assert quality["self_penetration_max_m"] < 0.01
    assert quality["contact_gap_mean_m"] < 0.003
    depth = quality["penetration_max_m"]
    assert depth["hands"] < 0.010
    assert max(v for k, v in depth.items() if k != "hands") < 0.005
    assert quality["reasons"] == []


def test_a_clean_track_gives_a_prior_that_physics_can_follow(prior):
    check_clean(prior)


def test_landmarks_5_cm_off_give_the_same_quality(noisy):
    check_clean(noisy)


def test_the_robot_starts_standing_at_the_origin_facing_x(prior):
    np.testing.assert_allclose(prior.root_pos_w[0, :2], 0.0, atol=1e-9)
    assert abs(rotations.yaw(prior.root_quat_w[0])) < 0.02
    assert prior.root_pos_w[0, 2] > 0.9 * ROBOT.default_height
    assert prior.object_pos_w[0, 0] > 0.2


def test_the_object_rests_until_it_is_held_and_ends_high(prior):
    first = int(np.argmax(prior.contact[:, 0]))
    moved = np.linalg.norm(prior.object_pos_w - prior.object_pos_w[0], axis=1)
    assert moved[: first + 8].max() < 1e-3
    assert prior.object_pos_w[0, 2] == pytest.approx(LIFT_BOX.half_size[2], abs=1e-6)
    assert prior.object_pos_w[-1, 2] - prior.object_pos_w[0, 2] > 0.3
    np.testing.assert_array_equal(prior.goal_pos_w, prior.object_pos_w[-1])


def test_the_timing_is_the_videos(prior):
    truth = lift_track()
    seconds = np.argmax(truth.contact[:, 0]) / truth.fps
    assert np.argmax(prior.contact[:, 0]) / prior.fps == pytest.approx(seconds, abs=0.1)
    half = 0.5 * (truth.object_pos_w[0, 2] + truth.object_pos_w[-1, 2])
    rise = 0.5 * (prior.object_pos_w[0, 2] + prior.object_pos_w[-1, 2])
    seen = np.argmax(truth.object_pos_w[:, 2] > half) / truth.fps
    done = np.argmax(prior.object_pos_w[:, 2] > rise) / prior.fps
    assert done == pytest.approx(seen, abs=0.15)


def test_the_same_track_gives_the_same_prior(prior):
    again = run(lift_track())
    np.testing.assert_array_equal(again.joint_pos, prior.joint_pos)
    assert again.quality == prior.quality


def test_where_the_video_world_lies_does_not_matter(prior):
    turned = run(move(lift_track(), yaw=2.1, offset=(3.0, -1.0)))
    np.testing.assert_allclose(turned.joint_pos, prior.joint_pos, atol=1e-3)
    np.testing.assert_allclose(turned.root_pos_w, prior.root_pos_w, atol=1e-3)
    np.testing.assert_allclose(turned.object_pos_w, prior.object_pos_w, atol=1e-3)
    np.testing.assert_allclose(turned.object_quat_w, prior.object_quat_w, atol=1e-6)


def test_a_box_seen_half_a_turn_round_is_the_same_box(prior):
    track = lift_track()
    half_turn = np.array([0.0, 0.0, 0.0, 1.0])
    other = dataclasses.replace(
        track, object_quat_w=rotations.multiply(track.object_quat_w, half_turn)
    )
    np.testing.assert_allclose(run(other).joint_pos, prior.joint_pos, atol=1e-6)


def test_contact_at_once_is_led_in_from_standing():
    track = lift_track()
    cut = int(1.35 * track.fps)
    short = dataclasses.replace(
        track,
        **{
            name: getattr(track, name)[cut:]
            for name in (
                "joints_w visibility object_pos_w object_quat_w contact T_world_to_cam"
            ).split()
        },
    )
    prior = run(short)
    check_clean(prior)
    assert prior.root_pos_w[0, 2] > 0.9 * ROBOT.default_height


def test_one_false_label_does_not_start_the_grip(prior):
    track = lift_track()
    contact = track.contact.copy()
    contact[3:9, :2] = True
    other = run(dataclasses.replace(track, contact=contact))
    np.testing.assert_array_equal(other.contact, prior.contact)


def test_sides_mixed_up_by_the_estimator_do_not_matter(prior):
    track = lift_track()
    pairs = track.joints_w.reshape(-1, 7, 2, 3)[:, :, ::-1]
    other = run(dataclasses.replace(track, joints_w=pairs.reshape(-1, 14, 3)))
    np.testing.assert_allclose(other.joint_pos, prior.joint_pos, atol=1e-6)


def test_an_object_put_down_again_is_let_go():
    track = lift_track(seconds=7.0)
    frames = np.arange(track.num_frames)
    there_and_back = np.minimum(frames, frames[::-1])
    fields = "joints_w object_pos_w contact".split()
    values = {name: getattr(track, name)[there_and_back] for name in fields}
    prior = run(dataclasses.replace(track, **values))
    check_clean(prior)
    assert prior.contact[:, 0].any()
    assert not prior.contact[-1].any()
    np.testing.assert_allclose(prior.object_pos_w[-1], prior.object_pos_w[0], atol=5e-3)


def test_a_clip_that_ends_during_the_lift_is_held():
    track = lift_track()
    cut = int(2.6 * track.fps)
    fields = "joints_w visibility object_pos_w object_quat_w contact T_world_to_cam"
    values = {name: getattr(track, name)[:cut] for name in fields.split()}
    prior = run(dataclasses.replace(track, **values))
    check_clean(prior)
    height = prior.object_pos_w[:, 2]
    assert np.abs(height[-40:] - height[-1]).max() < 0.01


def test_feed_forward_is_within_the_motors_and_finite(prior):
    torque, residual = feed_forward(prior, ROBOT)
    assert torque.shape == prior.joint_pos.shape
    assert residual.shape == (prior.num_frames,)
    assert np.isfinite(torque).all()
    assert (np.abs(torque) <= ROBOT.array("effort")).all()


def test_a_prior_survives_its_file(prior, tmp_path):
    prior.save(tmp_path / "clip.prior.npz")
    back = Prior.load(tmp_path / "clip.prior.npz")
    assert back.quality == prior.quality


def still(track):
    return dataclasses.replace(
        track, object_pos_w=np.tile(track.object_pos_w[:1], (track.num_frames, 1))
    )


def far_away(track):
    return dataclasses.replace(
        track, object_pos_w=track.object_pos_w + np.array([3.0, 0.0, 0.0])
    )


def with_nan(track):
    joints = track.joints_w.copy()
    joints[40, 3] = np.nan
    return dataclasses.replace(track, joints_w=joints)


def untouched(track):
    return dataclasses.replace(track, contact=np.zeros_like(track.contact))


def one_handed(track):
    contact = track.contact.copy()
    contact[:, 1] = False
    return dataclasses.replace(track, contact=contact)


def walking(track):
    way = np.linspace(0.0, 2.0, track.num_frames)[:, None] * [1.0, 0.0, 0.0]
    return dataclasses.replace(
        track,
        joints_w=track.joints_w + way[:, None],
        object_pos_w=track.object_pos_w + way,
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (still, "object rises 0.00 m"),
        (far_away, "hands are .* m from the object"),
        (with_nan, "joints_w holds values that are not finite"),
        (untouched, "no hand is labelled in contact"),
        (one_handed, "only the left hand touches"),
        (walking, "feet travel"),
    ],
)
def test_an_impossible_track_is_refused_with_the_reason(spoil, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        run(spoil(lift_track()))
    assert "\n" not in str(caught.value)


def test_an_object_too_wide_for_the_arms_is_refused():
    wide = ObjectSpec("wardrobe", "box", (0.4, 1.2, 0.6), 2.0)
    with pytest.raises(ValueError, match=r"expected at most|hands are"):
        run(lift_track(obj=wide), wide)
