import json

import numpy as np
import pytest

from assets import rotations
from assets.objects import LIFT_BOX
from perception.camera import transform
from perception.objects.pose_files import check_poses, file_tracker, read_poses
from perception.objects.tracker import Clip, ObjectTracker
from tests.perception.objects.stage import FPS, T_WORLD_TO_CAM, film, lift

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def matrices(poses):
    """Object to camera `(T, 4, 4)` of poses in the world."""
    out = np.tile(np.eye(4), (len(poses), 1, 1))
    for matrix, pose in zip(out, poses, strict=True):
        turn = rotations.to_matrix(pose.quat_w)
        matrix[:3, :3] = T_WORLD_TO_CAM[:3, :3] @ turn
        matrix[:3, 3] = transform(T_WORLD_TO_CAM, pose.pos_w)
    return out


def write(folder, form, values):
    if form == "folder":
        path = folder / "poses"
        path.mkdir()
        for i, matrix in enumerate(values):
            np.savetxt(path / f"{i}.txt", matrix)
    elif form == "npz":
        path = folder / "poses.npz"
        np.savez(path, poses=values)
    else:
        path = folder / "poses.json"
        path.write_text(json.dumps({str(i): m.tolist() for i, m in enumerate(values)}))
    return path


@pytest.mark.parametrize("form", ["folder", "npz", "json"])
def test_all_forms_give_the_same_poses_in_order(tmp_path, form):
    _, _, poses = lift()
    values = matrices(poses)
    found, names = read_poses(write(tmp_path, form, values))
    np.testing.assert_allclose(found, values, atol=1e-9)
    assert "frame 12" in names[12]


def test_a_file_is_followed_like_any_other_tracker(tmp_path):
    keys, joints, poses = lift()
    path = write(tmp_path, "npz", matrices(poses))
    tracker: ObjectTracker = file_tracker(path, 60)
    clip = Clip(keys, LIFT_BOX, "lift-box", joints, T_WORLD_TO_CAM, FPS)
    floor = tracker.find(clip)
    assert floor is not None
    assert floor.camera_height == pytest.approx(1.4, abs=1e-3)
    track = tracker.follow(clip)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.max() < 0.03
    assert error[:25].max() < 1e-3
    assert track.moved == pytest.approx(0.5, abs=0.02)


def test_noise_is_smoothed(tmp_path):
    rng = np.random.default_rng(0)
    _, joints, poses = lift()
    values = matrices(poses)
    values[:, :3, 3] += rng.normal(0, 0.01, (60, 3))
    tracker = file_tracker(write(tmp_path, "npz", values), 60)
    keys = film(LIFT_BOX, poses[:1])
    clip = Clip(keys, LIFT_BOX, "lift-box", joints, T_WORLD_TO_CAM, FPS)
    track = tracker.follow(clip)
    error = np.linalg.norm(track.pos_w - [p.pos_w for p in poses], axis=1)
    assert error.mean() < 0.012


def spoil(values, what):
    values = values.copy()
    if what == "nan":
        values[7, 0, 3] = np.nan
    elif what == "scale":
        values[7, :3, :3] *= 2.0
    elif what == "mirror":
        values[7, :3, 0] *= -1.0
    elif what == "transposed":
        values = values.transpose(0, 2, 1)
    elif what == "millimetres":
        values[:, :3, 3] *= 1000.0
    elif what == "opengl":
        values = OPENGL @ values
    elif what == "behind":
        values[7, 2, 3] = -1.0
    elif what == "short":
        values = values[:50]
    return values


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nan", "frame 7: holds values that are not finite"),
        ("scale", "frame 7: is no rotation .*scale 2"),
        ("mirror", "frame 7: mirrors the object"),
        ("transposed", "frame 0: last row .*transposed"),
        ("millimetres", "expected metres; millimetres"),
        ("opengl", "OpenGL camera"),
        ("behind", "frame 7: the object is behind the camera"),
        ("short", "50 poses, expected 60"),
    ],
)
def test_faults_are_named_with_file_and_frame(tmp_path, what, said):
    _, _, poses = lift()
    path = write(tmp_path, "npz", spoil(matrices(poses), what))
    with pytest.raises(ValueError, match=said) as told:
        check_poses(*read_poses(path), 60)
    assert "poses.npz" in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npz", b"not a zip", "not a readable .npz"),
        ("a.json", b"[[1, 2", "not a list of 4"),
        ("a.json", b'{"0": [[1]]}', "shape"),
        ("a.csv", b"1,2", "folder of .txt"),
        ("b", None, "no such file"),
    ],
)
def test_unreadable_files_are_told(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_poses(path)


def test_a_bad_text_file_names_itself(tmp_path):
    np.savetxt(tmp_path / "0.txt", np.eye(4))
    (tmp_path / "1.txt").write_text("1 2 three")
    with pytest.raises(ValueError, match=r"1\.txt, frame 1: not numbers"):
        read_poses(tmp_path)


def test_objects_in_files_are_not_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, poses=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="not a readable"):
        read_poses(path)
