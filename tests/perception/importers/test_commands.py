import json

import numpy as np
import pytest

import sugarmill
from assets.arm7.spec import arm7
from assets.g1.spec import g1
from perception.prior import Prior
from perception.track import Track
from tests.perception.importers.bvh_text import bvh_text, person
from tests.perception.importers.motions import csv_text, mjlab_arrays, robot_motion


def call(capsys, *args):
    with pytest.raises(SystemExit) as exit:
        sugarmill.main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return exit.value.code, out, err


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "walk.csv").write_text(csv_text(robot_motion()))
    np.savez(folder / "sway.npz", **mjlab_arrays(robot_motion(1), order="isaac"))
    (folder / "odd.csv").write_text("1,2,3\n")
    (folder / "notes.txt").write_text("sand")
    return folder


def test_a_folder_is_imported_with_a_line_for_each(capsys, tmp_path, folder):
    out = tmp_path / "out"
    code, text, _ = call(capsys, "import", folder, "--out", out)
    assert code == 0
    assert text.splitlines() == [
        "odd.csv: 3 columns, expected 36: root position 3, quaternion xyzw 4, and "
        "29 joints of unitree_g1",
        "sway.npz: kept",
        "walk.csv: kept",
    ]
    for name in ("sway", "walk"):
        Prior.load(out / f"{name}.prior.npz").validate(g1())
    clips = json.loads((out / "manifest.json").read_text())["clips"]
    assert {name: clip["status"] for name, clip in clips.items()} == {
        "odd": "rejected",
        "sway": "kept",
        "walk": "kept",
    }
    assert clips["walk"]["sha256"]


def test_nothing_kept_is_exit_code_3(capsys, tmp_path, folder):
    code, _, _ = call(capsys, "import", folder / "odd.csv", "--out", tmp_path / "out")
    assert code == 3


@pytest.mark.parametrize("what", ["nowhere", "in/notes.txt"])
def test_what_is_no_motion_is_named(capsys, tmp_path, folder, what):
    code, text, err = call(capsys, "import", tmp_path / what, "--out", tmp_path / "o")
    assert code in (2, 3)
    assert what.split("/")[-1] in text + err
    assert len((text + err).strip().splitlines()) == 1


def test_a_persons_track_is_kept_for_both_robots(capsys, tmp_path):
    root, turns, _ = person(frames=60)
    (tmp_path / "man.bvh").write_text(bvh_text(root, turns))
    out = tmp_path / "out"
    call(capsys, "import", tmp_path / "man.bvh", "--out", out)
    Track.load(out / "man.track.npz").validate()
    code, text, _ = call(
        capsys, "import", tmp_path / "man.bvh", "--out", out, "--robot", "arm7"
    )
    assert (code, text) == (0, "man.bvh: kept\n")
    Prior.load(out / "man.prior.npz").validate(arm7())


def test_converted_priors_come_back(capsys, tmp_path, folder):
    out = tmp_path / "out"
    call(capsys, "import", folder, "--out", out)
    for layout in ("mjlab", "csv"):
        there, back = tmp_path / layout, tmp_path / f"{layout}_back"
        code, text, _ = call(capsys, "convert", out, "--to", layout, "--out", there)
        assert code == 0
        assert len(text.splitlines()) == 2
        call(capsys, "import", there, "--out", back)
        for name in ("sway", "walk"):
            first, again = (
                Prior.load(where / f"{name}.prior.npz") for where in (out, back)
            )
            assert (first.joint_pos == again.joint_pos).all()
            assert (first.root_quat_w == again.root_quat_w).all()
