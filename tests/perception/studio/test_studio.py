import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

import assets
from assets import rotations
from assets.actor.posing import centre_of_mass
from perception.scene_file import load_scenes
from perception.studio.motion import CLEARANCE, clearance
from perception.studio.render import make_clip, render_clips
from perception.track import JOINTS, Track

SMALL = (160, 120)


@pytest.fixture(scope="module", params=[0, 1, 2, 3])
def clip(request):
    return make_clip("lift-box", seed=5, index=request.param, size=SMALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("clips")
    render_clips("lift-box", 1, 3, out, SMALL)
    return out


def held(clip):
    return clip.motion.contact[:, 0]


def test_unknown_task_lists_the_tasks(tmp_path):
    with pytest.raises(ValueError, match=r"'fly'.*lift-box"):
        render_clips("fly", 1, 0, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_object_is_never_inside_the_body(clip):
    assert clearance(clip.model, clip.motion).min() >= CLEARANCE
    assert clearance(clip.model, clip.motion, arms=True).min() > -0.015


def test_palms_are_on_the_faces_exactly_while_labelled(clip):
    model, motion = clip.model, clip.motion
    gaps = palm_gaps(clip)
    np.testing.assert_array_equal(motion.contact[:, 0], motion.contact[:, 1])
    assert not motion.contact[:, 2:].any()
    assert np.abs(gaps[held(clip)]).max() < 1e-6
    assert gaps[~held(clip)].min() > 0.0
    assert motion.stretch[held(clip)].max() < 1.0
    assert model.nmocap == 1


def palm_gaps(clip):
    """Distance (T, 2) from each palm to the plane of its face."""
    import mujoco

    data, gaps = mujoco.MjData(clip.model), []
    for frame in range(clip.motion.num_frames):
        data.qpos[:] = clip.motion.qpos[frame]
        mujoco.mj_kinematics(clip.model, data)
        palms = np.array([data.site(f"{side}_palm").xpos for side in "lr"])
        pos, quat = clip.motion.object_pos_w[frame], clip.motion.object_quat_w[frame]
        palms_o = rotations.rotate_inverse(quat, palms - pos)
        gaps.append(palms_o[:, 1] * [1, -1] - clip.item.half_size[1])
    return np.array(gaps)


def test_the_object_moves_only_when_held_and_is_lifted(clip):
    pos = clip.motion.object_pos_w
    np.testing.assert_array_equal(
        pos[~held(clip)], pos[:1].repeat((~held(clip)).sum(), 0)
    )
    assert pos[0, 2] == pytest.approx(clip.item.half_size[2])
    assert pos[-1, 2] - pos[0, 2] > 0.4
    last = pos[-int(0.9 * 30) :]
    assert np.ptp(last, axis=0).max() < 0.02


def test_feet_stay_and_carry_the_body(clip):
    joints = clip.truth().joints_w
    ankles = joints[:, [JOINTS.index("l_ankle"), JOINTS.index("r_ankle")]]
    assert np.ptp(ankles, axis=0).max() < 1e-6
    com = centre_of_mass(clip.model, clip.motion.qpos)
    ahead = com[:, 0] - ankles[:, :, 0].mean(axis=1)
    assert ahead.min() > 0.0
    assert ahead.max() < 0.12
    assert (np.abs(com[:, 1]) < ankles[:, 0, 1]).all()


def test_motion_is_smooth_and_human(clip):
    joints = clip.truth().joints_w
    assert 3.5 <= clip.motion.num_frames / 30 <= 5.0
    assert np.abs(np.diff(joints, n=2, axis=0)).max() * 30**2 < 25.0
    trunk = joints[:, 8:10].mean(axis=1) - joints[:, :2].mean(axis=1)
    assert np.degrees(np.arctan2(trunk[:, 0], trunk[:, 2])).max() < 62.0
    knee = clip.motion.qpos[:, clip.model.joint("l_knee").qposadr[0]]
    assert 0.0 < knee.min() < knee.max() < np.radians(125.0)


def test_the_camera_sees_the_whole_performance(clip):
    pixels = clip.camera.project(clip.truth().joints_w) / SMALL
    assert pixels.min() > 0.0
    assert pixels.max() < 1.0


def test_camera_matches_the_renderer():
    clip = make_clip("lift-box", seed=5, index=0, size=(320, 240))
    frames = list(clip.frames())
    assert len(frames) == clip.motion.num_frames
    before, after = clip.camera.project(clip.motion.object_pos_w)[[0, -1]]
    moved = np.abs(frames[0].astype(int) - frames[-1]).mean(axis=-1)
    for x, y in (before.round().astype(int), after.round().astype(int)):
        assert moved[y - 3 : y + 4, x - 3 : x + 4].mean() > 10.0


def test_same_seed_same_arrays_and_files(folder, tmp_path):
    (again,) = render_clips("lift-box", 1, 3, tmp_path, SMALL)
    for path in folder.iterdir():
        if path.suffix == ".npz":
            first, second = np.load(path), np.load(tmp_path / path.name)
            for key in first.files:
                np.testing.assert_array_equal(first[key], second[key])
        else:
            assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    assert again.exists()


def test_other_seeds_differ():
    first = make_clip("lift-box", 3, 0, SMALL)
    second = make_clip("lift-box", 4, 0, SMALL)
    assert first.actor != second.actor
    assert not np.array_equal(first.camera.K, second.camera.K)


def test_files_agree_with_each_other(folder):
    (video,) = folder.glob("*.mp4")
    truth = Track.load(video.with_suffix(".truth.npz"))
    truth.validate()
    with np.load(video.with_suffix(".truth.npz"), allow_pickle=False) as file:
        root, quat = file["root_pos_w"], file["root_quat_w"]
    np.testing.assert_allclose(root, truth.joints_w[:, :2].mean(axis=1), atol=1e-9)
    sideways = rotations.rotate(quat, np.array([0.0, 1.0, 0.0]))
    hips = truth.joints_w[:, 0] - truth.joints_w[:, 1]
    along = hips / np.linalg.norm(hips, axis=1, keepdims=True)
    np.testing.assert_allclose(sideways, along, atol=1e-6)
    capture = cv2.VideoCapture(str(video))
    frames = 0
    while capture.read()[0]:
        frames += 1
    assert frames == truth.num_frames
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(30.0)
    scene = tomllib.loads((folder / "scene.toml").read_text())
    entry = scene["clips"][video.stem]
    assert entry["task"] == "lift-box"
    assert entry["object"] == {"shape": "box", "size": [0.26, 0.34, 0.5]}
    focal = SMALL[0] / 2 / np.tan(np.radians(entry["field_of_view_deg"]) / 2)
    assert truth.K[0, 0] == pytest.approx(focal, rel=1e-4)
    assert 1.5 < entry["person_height_m"] < 2.0


def test_clips_rendered_later_leave_the_scenes_of_the_earlier(tmp_path):
    note = '# Filmed in May.\n[clips.mine]\ntask = "carry-box"\n'
    (tmp_path / "scene.toml").write_text(note)
    paths = render_clips("lift-box", 1, 3, tmp_path, (64, 48))
    paths += render_clips("lift-box", 1, 4, tmp_path, (64, 48))
    assert (tmp_path / "scene.toml").read_text().startswith(note)
    scenes = load_scenes(tmp_path).clips
    assert set(scenes) == {"mine", *(path.stem for path in paths)}
    assert scenes[paths[0].stem].task == "lift-box"


def test_a_broken_scene_file_is_named_and_left_alone(tmp_path):
    (tmp_path / "scene.toml").write_text("task = ")
    with pytest.raises(ValueError, match=r"scene\.toml: not TOML"):
        render_clips("lift-box", 1, 3, tmp_path, (64, 48))
    assert (tmp_path / "scene.toml").read_text() == "task = "


def test_the_demo_clips_are_what_the_studio_makes_today():
    """After a change of actor or motion: `render_clips("lift-box", 4, 143, folder)`."""
    folder = Path(assets.__file__).with_name("clips") / "lift_box"
    for index in range(4):
        clip = make_clip("lift-box", seed=143, index=index)
        shipped = Track.load(folder / f"{clip.name}.truth.npz")
        np.testing.assert_allclose(shipped.joints_w, clip.truth().joints_w, atol=1e-6)
        assert (folder / f"{clip.name}.mp4").stat().st_size < 400_000
