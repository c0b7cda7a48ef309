import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.g1.spec import g1
from perception.importers.families import read_motion
from perception.importers.request import Request
from perception.importers.smpl_skeleton import (
    MEAN_HEIGHT,
    OFFSETS,
    PARENTS,
    ours,
    pose_joints,
    stature,
)
from perception.track import JOINTS

Y_UP_TO_Z = Rotation.from_matrix([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])


def read(tmp_path, arrays, **options):
    path = tmp_path / "clip.npz"
    np.savez(path, **arrays)
    return read_motion(Request(path, "clip", g1(), **options))


def person(seed=0, frames=80, factor=1.0, up="z"):
    """Rotations `(T, 22, 3)` and the pelvis, each foot standing half of the time."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0.0, 4.0, frames)[:, None, None]
    rotvecs = 0.25 * np.sin(phase * rng.uniform(1, 3, (22, 3)) + rng.uniform(0, 6, 3))
    turn = Rotation.from_rotvec(rotvecs[:, 0] * 0.5)
    rotvecs[:, 0] = (Y_UP_TO_Z * turn if up == "z" else turn).as_rotvec()
    feet = factor * pose_joints(rotvecs)[:, [10, 11]]
    trans = np.zeros((frames, 3))
    half = frames // 2
    trans[:half] = -feet[:half, 0]
    trans[half:] = trans[half - 1] + feet[half - 1, 1] - feet[half:, 1]
    return rotvecs, trans


def smpl_joints(rotvecs, factor=1.0):
    """The same forward kinematics by another hand: matrices, one frame at a time."""
    out = np.zeros((len(rotvecs), 22, 3))
    for t, frame in enumerate(rotvecs):
        turns = [Rotation.from_rotvec(v) for v in frame]
        world = [turns[0]]
        for index in range(1, 22):
            parent = PARENTS[index]
            step = world[parent].apply(factor * OFFSETS[index])
            out[t, index] = out[t, parent] + step
            world.append(world[parent] * turns[index])
    return out


def test_forward_kinematics_agree_with_matrices():
    rotvecs, _ = person()
    np.testing.assert_allclose(pose_joints(rotvecs), smpl_joints(rotvecs), atol=1e-12)


def test_the_rest_pose_is_a_person_of_the_mean_height():
    rest = pose_joints(np.zeros((1, 22, 3)))[0]
    assert rest[15, 1] - rest[7, 1] + 0.08 + 0.17 == pytest.approx(
        MEAN_HEIGHT, abs=0.01
    )
    mirrored = ours(rest[None])[0].reshape(7, 2, 3)
    np.testing.assert_allclose(mirrored[:, 0] * [-1, 1, 1], mirrored[:, 1], atol=1e-12)


@pytest.mark.parametrize("factor", [0.88, 1.0, 1.12])
@pytest.mark.parametrize("seed", range(3))
def test_feet_that_stand_tell_the_size(factor, seed):
    rotvecs, trans = person(seed, factor=factor)
    assert stature(pose_joints(rotvecs), trans) == pytest.approx(factor, abs=0.02)


def test_who_floats_keeps_the_mean_size():
    rotvecs, _ = person()
    still = np.repeat(rotvecs[:1], 80, axis=0)
    assert stature(pose_joints(still), np.zeros((80, 3))) == 1.0


def amass(rotvecs, trans):
    hands = np.zeros((len(trans), 90))
    return {
        "poses": np.concatenate([rotvecs.reshape(len(trans), 66), hands], axis=1),
        "trans": trans,
        "betas": np.zeros(16),
        "mocap_framerate": np.array(60.0),
        "gender": np.array("neutral"),
    }


def gvhmr(rotvecs, trans):
    flat = rotvecs.reshape(len(trans), 66)
    values = {"global_orient": flat[:, :3], "body_pose": flat[:, 3:], "transl": trans}
    return {f"smpl_params_global/{k}": v for k, v in values.items()}


def wham(rotvecs, trans):
    flat = rotvecs.reshape(len(trans), 66)
    poses = np.concatenate([flat, np.zeros((len(trans), 6))], axis=1)
    return {"pose_world": poses, "trans_world": trans, "betas": np.zeros((80, 10))}


@pytest.mark.parametrize(
    ("layout", "up", "fps"), [(amass, "z", 60.0), (gvhmr, "y", 30.0), (wham, "y", 30.0)]
)
def test_three_layouts_give_the_same_person(tmp_path, layout, up, fps):
    track = read(tmp_path, layout(*person(up=up)))
    assert track.fps == fps
    rotvecs, _ = person(up="z")
    truth = ours(smpl_joints(rotvecs))
    apart = [
        np.linalg.norm(j[:, :, None] - j[:, None], axis=-1)
        for j in (truth, track.joints_w)
    ]
    np.testing.assert_allclose(apart[0], apart[1], atol=0.03)
    up_found = track.joints_w[..., 2] - track.joints_w[:, :1, 2]
    up_true = truth[..., 2] - truth[:, :1, 2]
    np.testing.assert_allclose(up_found, up_true, atol=0.03)
    toes = [JOINTS.index("l_toe"), JOINTS.index("r_toe")]
    assert -0.05 < np.quantile(track.joints_w[:, toes, 2].min(axis=1), 0.05) < 0.1


def test_a_height_given_sets_the_size(tmp_path):
    rotvecs, trans = person()
    tall = read(tmp_path, amass(rotvecs, trans), height_m=1.1 * MEAN_HEIGHT)
    plain = read(tmp_path, amass(rotvecs, trans), height_m=MEAN_HEIGHT)
    thigh = [np.linalg.norm(t.joints_w[0, 0] - t.joints_w[0, 2]) for t in (tall, plain)]
    assert thigh[0] / thigh[1] == pytest.approx(1.1)


def test_joints_in_the_file_are_taken_as_they_are(tmp_path):
    rotvecs, trans = person()
    joints = trans[:, None] + smpl_joints(rotvecs, 1.07)
    track = read(tmp_path, {**amass(rotvecs, trans), "joints": joints})
    thigh = np.linalg.norm(track.joints_w[0, 0] - track.joints_w[0, 2])
    assert thigh == pytest.approx(1.07 * np.linalg.norm(OFFSETS[4]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a.pop("mocap_framerate"), "no frame rate"),
        (lambda a: a.update(mocap_framerate=np.array(0.0)), "0 frames/s"),
        (lambda a: a.update(poses=a["poses"][:, :60]), "poses of 60 numbers"),
        (lambda a: a.update(poses=np.rad2deg(a["poses"])), "in degrees"),
        (lambda a: a.update(trans=a["trans"][:10]), "trans has shape (10, 3)"),
        (lambda a: a.update(trans=a["trans"] * np.nan), "trans is not finite"),
        (lambda a: a.update(poses=a["poses"][:0], trans=a["trans"][:0]), "0 frames"),
        (lambda a: a.update(joints=np.zeros((80, 10, 3))), "10 joints"),
        (lambda a: a.update(joints=np.zeros((80, 22, 3))), "legs are 0"),
        (lambda a: a.update(poses=np.array([{}])), "Python objects"),
    ],
)
def test_faults_are_named(tmp_path, change, says):
    arrays = amass(*person())
    change(arrays)
    with pytest.raises(ValueError, match=r"^clip\.npz: ") as error:
        read(tmp_path, arrays)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
