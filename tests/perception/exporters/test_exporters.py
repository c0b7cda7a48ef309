import dataclasses
import json

import numpy as np
import pytest

from assets import rotations
from assets.arm7.spec import arm7
from assets.g1.spec import g1
from assets.objects import LIFT_BOX
from perception.exporters import body_npz, unitree_csv
from perception.exporters.folder import export_priors
from perception.importers.families import read_motion
from perception.importers.request import Request
from perception.importers.robot_motion import NO_OBJECT
from perception.prior import Prior
from perception.retargeting.retarget import retarget
from tests.perception.importers.motions import csv_text, robot_motion
from tests.perception.synthetic_track import lift_track

ARRAYS = (
    "joint_pos root_pos_w root_quat_w object_pos_w object_quat_w contact "
    "confidence goal_pos_w goal_quat_w"
).split()


@pytest.fixture(scope="module")
def prior():
    return Prior.load(g1().mjcf.parents[1] / FOLDER / "lift_box_143_000.prior.npz")


FOLDER = "priors/lift_box"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A prior without an object."""
    path = tmp_path_factory.mktemp("csv") / "sway.csv"
    path.write_text(csv_text(robot_motion()))
    return read_motion(Request(path, "sway", g1(), fps=50.0))


def back(path, name):
    return read_motion(Request(path, name, g1()))


def test_mjlab_and_back_is_bit_for_bit(tmp_path, prior):
    again = back(body_npz.write(prior, g1(), tmp_path), prior.name)
    for field in ARRAYS:
        if field != "confidence":
            assert (getattr(again, field) == getattr(prior, field)).all(), field
    assert (again.object, again.task) == (prior.object, prior.task)
    assert again.source["joint_order"] == "the names given"


def test_mjlab_without_names_and_back(tmp_path, prior):
    path = body_npz.write(prior, g1(), tmp_path)
    with np.load(path, allow_pickle=False) as file:
        arrays = {k: file[k] for k in file.files if "names" not in k}
    arrays["body_pos_w"] = arrays["body_pos_w"][:, :30]
    arrays["body_quat_w"] = arrays["body_quat_w"][:, :30]
    np.savez(tmp_path / "bare.npz", **arrays)
    again = back(tmp_path / "bare.npz", prior.name)
    assert (again.joint_pos == prior.joint_pos).all()
    assert again.object == NO_OBJECT


def test_csv_and_back_is_bit_for_bit(tmp_path, bare):
    again = back(unitree_csv.write(bare, g1(), tmp_path), bare.name)
    for field in ARRAYS:
        assert (getattr(again, field) == getattr(bare, field)).all(), field


def test_csv_is_what_numpy_reads(tmp_path, prior):
    table = np.loadtxt(unitree_csv.write(prior, g1(), tmp_path), delimiter=",")
    assert table.shape == (prior.num_frames, 36)
    assert (table[:, 7:] == prior.joint_pos).all()
    assert (table[:, [6, 3, 4, 5]] == prior.root_quat_w).all()


def test_a_motion_without_object_comes_back_without(tmp_path, bare):
    path = body_npz.write(bare, g1(), tmp_path)
    again = back(path, bare.name)
    assert again.object == NO_OBJECT
    assert (again.object_pos_w == bare.object_pos_w).all()
    with np.load(path, allow_pickle=False) as file:
        assert file["body_pos_w"].shape[1] == 30


def test_an_arm_on_a_fixed_base_comes_back(tmp_path):
    track = lift_track()
    arm = retarget(track, LIFT_BOX, arm7(), name="arm", task="lift-box", source={})
    path = body_npz.write(arm, arm7(), tmp_path)
    again = read_motion(Request(path, "arm", arm7()))
    assert (again.joint_pos == arm.joint_pos).all()
    assert (again.root_pos_w == arm.root_pos_w).all()
    assert (again.object_pos_w == arm.object_pos_w).all()
    hand = again.contact_names.index("right_hand")
    assert (again.contact[:, hand] == arm.contact[:, 0]).all()


def test_velocities_are_the_positions_change(tmp_path, prior):
    with np.load(body_npz.write(prior, g1(), tmp_path), allow_pickle=False) as file:
        arrays = {k: file[k] for k in file.files}
    step = 0.02
    for pos, vel in (("joint_pos", "joint_vel"), ("body_pos_w", "body_lin_vel_w")):
        middle = (arrays[pos][2:] - arrays[pos][:-2]) / (2 * step)
        np.testing.assert_allclose(arrays[vel][1:-1], middle, atol=1e-9)
    quat, spin = arrays["body_quat_w"], arrays["body_ang_vel_w"]
    ahead = rotations.multiply(rotations.exp(2 * step * spin[1:-1]), quat[:-2])
    same = np.abs(np.sum(ahead * quat[2:], axis=-1))
    np.testing.assert_allclose(same, 1.0, atol=1e-9)


def test_hdmi_finds_its_names_beside(tmp_path, prior):
    path = body_npz.write(prior, g1(), tmp_path)
    meta = json.loads((path.parent / "meta.json").read_text())
    assert tuple(meta["joint_names"]) == g1().joint_names
    assert meta["body_names"][0] == "pelvis"
    assert meta["body_names"][-1] == "object"
    assert meta["fps"] == 50.0


def test_a_faulty_prior_stops_before_anything_is_written(tmp_path, prior):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    prior.save(folder / "a.prior.npz")
    bad = prior.joint_pos.copy()
    bad[3, 2] = np.nan
    dataclasses.replace(prior, joint_pos=bad).save(folder / "b.prior.npz")
    with pytest.raises(ValueError, match="joint_pos is not finite at frame 3"):
        export_priors(folder, out, "csv", g1())
    assert not out.exists()
    with pytest.raises(ValueError, match="holds no prior"):
        export_priors(out, out, "csv", g1())
