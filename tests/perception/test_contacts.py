import numpy as np
import pytest

from assets import rotations
from assets.objects import BOTTLE, CHAIR, ObjectSpec
from perception.contacts import label_contacts, palms, surface_distance
from perception.person.skeleton import (
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_TOE,
    L_WRIST,
    PALM_M,
    R_ELBOW,
    R_HIP,
    R_WRIST,
)
from perception.prior import CONTACT_NAMES

BOX = ObjectSpec("box", "box", (0.2, 0.4, 0.6), 1.0)
FPS = 30.0


def carry(frames=90, grasp=30, gap=0.01):
    """Hands come to both sides of a box, which rises with them from `grasp` on."""
    time = np.arange(frames) / FPS
    height = 0.3 + 0.5 * np.clip(time - grasp / FPS, 0, 1)
    pos = np.stack([np.zeros(frames), np.zeros(frames), height], axis=1)
    away = np.clip((grasp - 8 - np.arange(frames)) / 15, 0, None)
    joints = np.full((frames, 14, 3), -1.5)
    for wrist, elbow, side in ((L_WRIST, L_ELBOW, 1), (R_WRIST, R_ELBOW, -1)):
        palm = pos + np.stack([0 * away, side * (0.2 + gap + away), 0 * away], axis=1)
        joints[:, wrist] = palm - [PALM_M, 0, 0]
        joints[:, elbow] = palm - [PALM_M + 0.25, 0, 0]
    return joints, pos, np.tile(rotations.IDENTITY, (frames, 1))


def test_distance_is_signed_and_turns_with_the_object():
    points = np.array([[[0.0, 0.3, 0.0], [0.0, 0.0, 0.0], [0.3, 0.0, 0.0]]])
    pos, quat = np.zeros((1, 3)), rotations.from_yaw(np.array([0.0]))
    np.testing.assert_allclose(
        surface_distance(points, BOX, pos, quat)[0], [0.1, -0.1, 0.2]
    )
    turned = rotations.from_yaw(np.array([np.pi / 2]))
    np.testing.assert_allclose(
        surface_distance(points, BOX, pos, turned)[0], [0.2, -0.1, 0.1], atol=1e-12
    )


def test_palms_lie_beyond_the_wrists():
    joints, pos, _ = carry()
    np.testing.assert_allclose(palms(joints)[-1, 0], pos[-1] + [0, 0.21, 0])


def test_a_carried_box_is_in_both_hands_from_when_they_rest_on_it():
    joints, pos, quat = carry()
    labels = label_contacts(joints, BOX, pos, quat, FPS)
    assert labels[35:, :2].all()
    assert not labels[:15].any()
    assert not labels[:, 2:].any()
    assert 18 <= np.argmax(labels[:, 0]) <= 30


@pytest.mark.parametrize("gap", [0.4, 1.0])
def test_hands_away_from_a_moving_box_do_not_touch_it(gap):
    joints, pos, quat = carry(gap=gap)
    assert not label_contacts(joints, BOX, pos, quat, FPS).any()


def test_hands_near_a_box_that_never_moves_do_not_hold_it():
    joints, pos, quat = carry()
    pos[:] = pos[0]
    joints[:] = joints[25]
    assert not label_contacts(joints, BOX, pos, quat, FPS).any()


def kick(frames=90, touch=30.4, speed=2.5, slowing=2.5):
    """A right foot swings through a box that slides off and comes to rest."""
    time = (np.arange(frames) - touch) / FPS
    slid = np.clip(time, 0, speed / slowing)
    pos = np.zeros((frames, 3))
    pos[:, 0] = speed * slid - slowing * slid**2 / 2
    pos[:, 2] = 0.3
    joints = np.full((frames, 14, 3), -1.5)
    for side, toe, ankle in ((0.1, L_TOE, L_ANKLE), (-0.1, L_TOE + 1, L_ANKLE + 1)):
        joints[:, [toe, ankle]] = [-0.3, side, 0.05]
    joints[:, [L_TOE + 1, L_ANKLE + 1], 0] += (
        0.25 * np.exp(-((time / 0.1) ** 2))[:, None]
    )
    return joints, pos, np.tile(rotations.IDENTITY, (frames, 1))


def test_a_kick_is_one_short_touch_of_the_foot_that_swings():
    joints, pos, quat = kick()
    labels = label_contacts(joints, BOX, pos, quat, FPS, CONTACT_NAMES[2:4])
    assert np.flatnonzero(labels.any(axis=1)).tolist() == [31, 32]
    assert labels[31].tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("length", [0.5, 1.2])
def test_who_sits_down_and_rises_touches_the_seat_in_between(length):
    frames = 150
    time = np.arange(frames) / FPS
    down = np.clip((time - 1.0) / length, 0, 1) - np.clip((time - 3.0) / length, 0, 1)
    height = 0.95 - 0.45 * down**3 * (10 - 15 * down + 6 * down**2)
    joints = np.zeros((frames, 14, 3))
    joints[:, [L_HIP, R_HIP], 2] = height[:, None]
    pos = np.tile([0.05, 0.0, CHAIR.size[2] / 2], (frames, 1))
    quat = np.tile(rotations.IDENTITY, (frames, 1))
    labels = label_contacts(joints, CHAIR, pos, quat, FPS, ("pelvis",))[:, 4]
    touch, leave = np.flatnonzero(np.diff(labels))
    assert touch + 1 == pytest.approx((1.0 + length) * FPS, abs=3)
    assert leave == pytest.approx(3.0 * FPS, abs=3)


def test_a_wide_box_off_the_floor_is_in_both_hands_though_one_is_seen_badly():
    joints, pos, quat = carry()
    joints[:, [R_WRIST, R_ELBOW]] += np.array([0.3, 0.0, 0.0])
    joints[40:, [R_WRIST, R_ELBOW], 2] = joints[40, R_WRIST, 2]
    wide = ObjectSpec("box", "box", (0.3, 0.4, 0.6), 1.0)
    labels = label_contacts(joints, wide, pos, quat, FPS, CONTACT_NAMES[:2])
    assert labels[35:, :2].all()


def handle_bottle(rise=0.115, tremble=0.0, stays=False, frames=90, begin=30, end=60):
    """Two hands at a bottle that rises and turns; the right one trembles or stays."""
    time = np.clip((np.arange(frames) - begin) / (end - begin), 0, 1)
    share = time**3 * (10 - 15 * time + 6 * time**2)
    pos = np.stack([0.18 * share, 0 * share, 0.065 + rise * share], axis=1)
    tilt = np.pi / 2 * (1 - share)[:, None] * [0.0, 1.0, 0.0]
    spin = rotations.exp(2.0 * share[:, None] * [0.0, 0.0, 1.0])
    joints = np.full((frames, 14, 3), -1.5)
    for wrist, elbow, side in ((L_WRIST, L_ELBOW, 1), (R_WRIST, R_ELBOW, -1)):
        palm = pos + np.array([0.0, side * 0.08, 0.0])
        if side < 0:
            palm = palm[:1] + 0 * palm if stays else palm
            palm = palm + tremble * np.sin(2.1 * np.arange(frames))[:, None]
        joints[:, wrist] = palm - [PALM_M, 0, 0]
        joints[:, elbow] = palm - [PALM_M + 0.25, 0, 0]
    return joints, pos, rotations.multiply(rotations.exp(tilt), spin)


@pytest.mark.parametrize("tremble", [0.0, 0.015])
def test_a_hand_seen_to_tremble_goes_with_a_bottle_whatever_its_spin(tremble):
    joints, pos, quat = handle_bottle(tremble=tremble)
    labels = label_contacts(joints, BOTTLE, pos, quat, FPS, CONTACT_NAMES[:2])
    assert labels[35:55, :2].all()
    assert not labels[:20].any()
    assert not labels[70:].any()


def test_a_hand_that_stays_behind_does_not_go_with_a_bottle():
    joints, pos, quat = handle_bottle(rise=0.8, stays=True)
    labels = label_contacts(joints, BOTTLE, pos, quat, FPS, CONTACT_NAMES[:2])
    assert labels[35:55, 0].all()
    assert not labels[:, 1].any()
