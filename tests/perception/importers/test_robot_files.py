import json

import numpy as np
import pytest

from assets.g1.spec import g1
from perception.importers.families import read_motion
from perception.importers.request import Request
from perception.importers.robot_motion import NO_OBJECT, PARKED
from perception.prior import CONTACT_NAMES
from tests.perception.importers.motions import csv_text, mjlab_arrays, robot_motion


def read_npz(tmp_path, arrays, **options):
    path = tmp_path / "clip.npz"
    np.savez(path, **arrays)
    return read_motion(Request(path, "clip", g1(), **options))


def read_csv(tmp_path, text, **options):
    path = tmp_path / "clip.csv"
    path.write_text(text)
    return read_motion(Request(path, "clip", g1(), **options))


def assert_same(prior, robot, atol=1e-6):
    np.testing.assert_allclose(prior.joint_pos, robot.joints, atol=atol)
    np.testing.assert_allclose(prior.root_pos_w, robot.root, atol=atol)
    same = np.abs(np.sum(prior.root_quat_w * robot.quat, axis=1))
    np.testing.assert_allclose(same, 1.0, atol=atol)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order", ["mujoco", "isaac"])
def test_joint_order_is_found_without_names(tmp_path, order, seed):
    robot = robot_motion(seed)
    assert_same(read_npz(tmp_path, mjlab_arrays(robot, order=order)), robot)


def test_joints_go_by_their_names_in_any_order(tmp_path):
    robot = robot_motion()
    arrays = mjlab_arrays(robot)
    mixed = np.random.default_rng(0).permutation(29)
    arrays["joint_pos"] = arrays["joint_pos"][:, mixed]
    arrays["joint_names"] = np.array(g1().joint_names)[mixed]
    assert_same(read_npz(tmp_path, arrays), robot)


def test_names_that_contradict_the_bodies_are_refused(tmp_path):
    arrays = mjlab_arrays(robot_motion(), order="isaac")
    arrays["joint_names"] = np.array(g1().joint_names)
    with pytest.raises(ValueError, match=r"disagree by .* in the names given"):
        read_npz(tmp_path, arrays)


def test_an_unknown_order_is_refused(tmp_path):
    arrays = mjlab_arrays(robot_motion())
    arrays["joint_pos"] = arrays["joint_pos"][:, ::-1]
    with pytest.raises(ValueError, match=r"disagree .* add joint_names"):
        read_npz(tmp_path, arrays)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0])
def test_swapped_quaternions_are_noticed(tmp_path, yaw):
    robot = robot_motion(yaw=yaw)
    arrays = mjlab_arrays(robot)
    arrays["body_quat_w"] = np.roll(arrays["body_quat_w"], -1, axis=-1)
    prior = read_npz(tmp_path, arrays)
    assert_same(prior, robot)
    assert "xyzw" in prior.source["quaternions"]


def test_csv_is_read_at_30_frames_a_second(tmp_path):
    robot = robot_motion(frames=61)
    prior = read_csv(tmp_path, csv_text(robot))
    assert prior.num_frames == 101
    every = slice(0, None, 5)
    np.testing.assert_allclose(prior.joint_pos[every], robot.joints[::3], atol=1e-8)
    np.testing.assert_allclose(prior.root_pos_w[every], robot.root[::3], atol=1e-8)
    assert "30" in prior.source["fps"]


def test_csv_says_its_own_rate_and_names(tmp_path):
    robot = robot_motion()
    mixed = np.random.default_rng(1).permutation(29)
    turned = type(robot)(robot.joints[:, mixed], robot.root, robot.quat)
    names = ",".join(np.array(g1().joint_names)[mixed])
    text = f"# fps=50\n# joints={names}\n{csv_text(turned)}"
    assert_same(read_csv(tmp_path, text), robot)
    head = ",".join(["x", "y", "z", "qx", "qy", "qz", "qw"]) + "," + names + "\n"
    assert_same(read_csv(tmp_path, head + csv_text(turned), fps=50.0), robot)


def test_csv_with_wxyz_is_noticed(tmp_path):
    robot = robot_motion(yaw=0.0)
    rows = np.concatenate([robot.root, robot.quat, robot.joints], axis=1)
    text = "\n".join(",".join(map(repr, row.tolist())) for row in rows)
    prior = read_csv(tmp_path, text, fps=50.0)
    assert_same(prior, robot)
    assert "wxyz" in prior.source["quaternions"]


def test_a_file_without_object_parks_one_far_away(tmp_path):
    prior = read_csv(tmp_path, csv_text(robot_motion()), fps=50.0)
    assert prior.object == NO_OBJECT
    assert not prior.contact.any()
    away = np.linalg.norm((prior.object_pos_w - prior.root_pos_w)[:, :2], axis=1)
    assert away.min() >= PARKED
    assert "parked" in prior.source["object"]


def hdmi(tmp_path, robot, *, contact=True):
    """A folder as HDMI writes it: without waist links, with a box and its label."""
    arrays = mjlab_arrays(robot)
    names = list(robot.bodies.names)
    keep = [i for i, n in enumerate(names) if n not in ("waist_yaw_link",)]
    box = np.tile([1.0, 0.2, 0.25], (60, 1)) + 0.01 * np.arange(60)[:, None]
    pos = np.concatenate([arrays["body_pos_w"][:, keep], box[:, None]], axis=1)
    turn = np.tile([[1.0, 0, 0, 0]], (60, 1))[:, None]
    quat = np.concatenate([arrays["body_quat_w"][:, keep], turn], axis=1)
    arrays |= {"body_pos_w": pos, "body_quat_w": quat}
    del arrays["fps"]
    if contact:
        arrays["object_contact"] = np.arange(60)[:, None] > 20
    folder = tmp_path / "move_box"
    folder.mkdir()
    np.savez(folder / "motion.npz", **arrays)
    meta = {
        "fps": 50.0,
        "joint_names": g1().joint_names,
        "body_names": [*(names[i] for i in keep), "largebox"],
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder / "motion.npz", box


def test_hdmi_brings_object_and_contact(tmp_path):
    robot = robot_motion()
    path, box = hdmi(tmp_path, robot)
    prior = read_motion(Request(path, "clip", g1(), task="carry-box"))
    assert_same(prior, robot)
    np.testing.assert_allclose(prior.object_pos_w, box, atol=1e-6)
    assert prior.object.name == "small_box"
    hands = [CONTACT_NAMES.index(n) for n in ("left_hand", "right_hand")]
    assert (prior.contact[:, hands] == (np.arange(60) > 20)[:, None]).all()
    assert not np.delete(prior.contact, hands, axis=1).any()
    with pytest.raises(ValueError, match="not its size"):
        read_motion(Request(path, "clip", g1()))


def test_hdmi_without_labels_says_so(tmp_path):
    path, _ = hdmi(tmp_path, robot_motion(), contact=False)
    prior = read_motion(Request(path, "clip", g1(), task="carry-box"))
    assert not prior.contact.any()
    assert prior.source["contact"] == "the file labels none"


def at(key, value, where=(5,)):
    def change(arrays):
        arrays[key] = arrays[key].copy()
        arrays[key][where] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (at("joint_pos", np.nan), "joint_pos is not finite at frame 5"),
        (at("body_quat_w", 0.0), "norm 0.000 at frame 5"),
        (lambda a: a.update(fps=np.array([0])), "0 frames/s"),
        (lambda a: a.update(fps=np.array([np.nan])), "fps is not finite"),
        (lambda a: a.pop("fps"), "no 'fps'"),
        (lambda a: a.update(fps=np.array(["fast"])), "expected numbers"),
        (lambda a: a.update(joint_pos=a["joint_pos"][:, :23]), "23 columns"),
        (lambda a: a.update(joint_pos=a["joint_pos"][:0]), "no frames"),
        (lambda a: a.update(body_pos_w=a["body_pos_w"] * 100), "disagree"),
        (lambda a: a.update(body_pos_w=a["body_pos_w"][:30]), "body_pos_w has shape"),
        (lambda a: a.update(joint_pos=np.rad2deg(a["joint_pos"])), "disagree"),
        (lambda a: a.update(body_pos_w=a["body_pos_w"][..., [0, 2, 1]]), "disagree"),
        (lambda a: a.pop("body_quat_w"), "known are"),
        (lambda a: a.update(body_names=np.array(["pelvis"])), "1 body names for 30"),
        (lambda a: a.update(joint_names=np.array(["x"] * 29)), "joint x is twice"),
        (lambda a: a.update(joint_pos=np.array(["a"])), "expected numbers"),
    ],
)
def test_faults_of_npz_are_named(tmp_path, change, says):
    arrays = mjlab_arrays(robot_motion())
    change(arrays)
    with pytest.raises(ValueError, match=r"^clip\.npz: ") as error:
        read_npz(tmp_path, arrays)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def csv_with(change):
    robot = robot_motion()
    rows = [line.split(",") for line in csv_text(robot).splitlines()]
    change(rows)
    return "\n".join(",".join(row) for row in rows)


def scale(columns, factor):
    def change(rows):
        for row in rows:
            row[columns] = [f"{float(v) * factor:.9f}" for v in row[columns]]

    return change


def swap_up(rows):
    for row in rows:
        row[1], row[2] = row[2], row[1]
        row[0], row[1] = str(float(row[0]) - 3.0), "0.75"
        row[2] = "0.0"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows[3].__setitem__(8, "nan"), "not finite at frame 3"),
        (lambda rows: rows[3].pop(), "not a table"),
        (lambda rows: [row.pop() for row in rows], "35 columns, expected 36"),
        (lambda rows: rows[3].__setitem__(8, "six"), "not a table"),
        (scale(slice(0, 3), 100.0), "in centimetres"),
        (scale(slice(7, 36), 180.0 / np.pi), "in degrees"),
        (scale(slice(3, 7), 0.0), "norm 0.000"),
        (scale(slice(7, 36), -1.0), "outside"),
        (swap_up, "up axis is y"),
        (lambda rows: rows.__delitem__(slice(1, None)), "1 frames"),
        (lambda rows: rows.clear(), "no row of numbers"),
    ],
)
def test_faults_of_csv_are_named(tmp_path, change, says):
    with pytest.raises(ValueError, match=r"^clip\.csv: ") as error:
        read_csv(tmp_path, csv_with(change))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), 1e9])
def test_rates_that_make_no_sense_are_refused(tmp_path, fps):
    text = f"# fps={fps}\n{csv_text(robot_motion())}"
    with pytest.raises(ValueError, match="frames/s"):
        read_csv(tmp_path, text)


def test_joints_a_little_out_are_cut_and_that_is_said(tmp_path):
    robot = robot_motion()
    robot.joints[10, 3] = g1().upper[3] + 0.05
    prior = read_csv(tmp_path, csv_text(robot), fps=50.0)
    assert prior.joint_pos[10, 3] == g1().upper[3]
    assert prior.source["joints_cut_rad"] == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("suffix", [".pkl", ".pt", ".npy", ".fbx", ""])
def test_other_kinds_are_refused_with_what_to_do(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(ValueError, match=r"savez|known are") as error:
        read_motion(Request(path, "clip", g1()))
    if suffix in (".pkl", ".pt", ".npy"):
        assert "run code" in str(error.value)
