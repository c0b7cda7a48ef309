import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.g1.spec import g1
from perception.importers.families import read_motion
from perception.importers.person_motion import TOE_HEIGHT, UNITS
from perception.importers.request import Request
from perception.track import JOINTS
from tests.perception.importers.bvh_text import SIDED, bvh_text, person


def read(tmp_path, text, **options):
    path = tmp_path / "clip.bvh"
    path.write_text(text)
    return read_motion(Request(path, "clip", g1(), **options))


def shape_of(joints):
    """What no turn about z and no shift changes: distances, and heights but one."""
    apart = np.linalg.norm(joints[:, :, None] - joints[:, None], axis=-1)
    height = joints[..., 2]
    return apart, height - height[:1, :1]


def assert_same_motion(track, where):
    truth = np.stack([where[name] for name in JOINTS], axis=1)
    for found, true in zip(shape_of(track.joints_w), shape_of(truth), strict=True):
        np.testing.assert_allclose(found, true, atol=1e-6)


@pytest.mark.parametrize("style", [*SIDED, "mixamo"])
def test_joints_are_found_by_every_naming(tmp_path, style):
    root, turns, where = person()
    assert_same_motion(read(tmp_path, bvh_text(root, turns, style=style)), where)


@pytest.mark.parametrize("up", ["y", "z", "-y"])
@pytest.mark.parametrize("unit", UNITS)
def test_units_and_axis_up_are_found(tmp_path, up, unit):
    root, turns, where = person(seed=1)
    text = bvh_text(root, turns, scale=1.0 / UNITS[unit], up=up)
    track = read(tmp_path, text)
    truth = np.stack([where[name] for name in JOINTS], axis=1)
    for found, true in zip(shape_of(track.joints_w), shape_of(truth), strict=True):
        np.testing.assert_allclose(found, true, atol=2e-5)


def test_feet_reach_the_floor(tmp_path):
    root, turns, _ = person(seed=2)
    track = read(tmp_path, bvh_text(root + np.array([0.0, 0.0, 3.0]), turns))
    lowest = track.joints_w[:, [JOINTS.index(j) for j in ("l_toe", "r_toe")], 2].min()
    assert lowest == pytest.approx(TOE_HEIGHT, abs=0.05)


def test_the_frame_rate_is_the_files_unless_given(tmp_path):
    root, turns, _ = person()
    text = bvh_text(root, turns, fps=120.0)
    assert read(tmp_path, text).fps == pytest.approx(120.0, rel=1e-5)
    assert read(tmp_path, text, fps=60.0).fps == 60.0


def test_positions_of_inner_joints_take_the_place_of_offsets(tmp_path):
    root, turns, where = person(seed=3)
    lines = bvh_text(root, turns).splitlines()
    index = next(i for i, line in enumerate(lines) if "JOINT LeftUpLeg" in line)
    offset = lines[index + 2].split()[1:]
    lines[index + 2] = "OFFSET 7 7 7"
    lines[index + 3] = lines[index + 3].replace(
        "CHANNELS 3", "CHANNELS 6 Xposition Yposition Zposition"
    )
    start = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    for row in range(start, len(lines)):
        cells = lines[row].split()
        lines[row] = " ".join([*cells[:6], *offset, *cells[6:]])
    assert_same_motion(read(tmp_path, "\n".join(lines)), where)


def test_zero_position_channels_leave_the_offset(tmp_path):
    root, turns, where = person(seed=3)
    lines = bvh_text(root, turns).splitlines()
    index = next(i for i, line in enumerate(lines) if "JOINT LeftUpLeg" in line)
    lines[index + 3] = lines[index + 3].replace(
        "CHANNELS 3", "CHANNELS 6 Xposition Yposition Zposition"
    )
    start = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    for row in range(start, len(lines)):
        cells = lines[row].split()
        lines[row] = " ".join([*cells[:6], "0", "0", "0", *cells[6:]])
    assert_same_motion(read(tmp_path, "\n".join(lines)), where)


def test_a_missing_toe_is_the_end_of_the_foot(tmp_path):
    root, turns, where = person(seed=4)
    text = bvh_text(root, turns)
    lines = text.splitlines()
    for side in ("Left", "Right"):
        index = next(i for i, ln in enumerate(lines) if f"JOINT {side}Toe" in ln)
        lines[index] = "End Site"
        lines[index + 3 : index + 8] = []
    # the channels of both toes go too
    start = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    for row in range(start, len(lines)):
        cells = lines[row].split()
        lines[row] = " ".join([*cells[:15], *cells[18:27], *cells[30:]])
    text = "\n".join(line for line in lines if line)
    assert text.count("{") == text.count("}")
    assert_same_motion(read(tmp_path, text), where)


def swap_sides(text):
    return text.replace("Left", "@").replace("Right", "Left").replace("@", "Right")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.replace("UpLeg", "Bone"), "no joint for l_hip"),
        (lambda t: t.replace("Frame Time: 0.0", "Frame Time: -0.0"), "frame time is"),
        (lambda t: t.replace("Frame Time: 0.033333333", "Frame Time: 0"), "frame time"),
        (lambda t: t.replace("Frames: 40", "Frames: 41"), "41 frames announced, 40"),
        (lambda t: t.replace("Zrotation", "Wrotation", 1), "line 5"),
        (lambda t: t.replace("HIERARCHY", "HISTORY"), "not a BVH file"),
        (lambda t: t.replace("}", "", 1), "braces open"),
        (lambda t: t.rsplit(" ", 1)[0], "no table"),
        (lambda t: t.rsplit(" ", 1)[0] + " nan", "not finite at frame 39"),
        (swap_sides, "left and right swapped"),
        (lambda t: t[: t.index("MOTION")], "MOTION"),
    ],
)
def test_faults_are_named(tmp_path, change, says):
    root, turns, _ = person()
    with pytest.raises(ValueError, match=r"clip\.bvh: ") as error:
        read(tmp_path, change(bvh_text(root, turns)))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_legs_that_no_person_has_are_refused(tmp_path):
    root, turns, _ = person()
    with pytest.raises(ValueError, match="legs are"):
        read(tmp_path, bvh_text(root, turns, scale=7.0))


def test_who_lies_is_refused(tmp_path):
    root, turns, _ = person()
    for tilt in (np.pi / 4, np.pi / 2):
        tilted = Rotation.from_rotvec([0.0, tilt, 0.0]) * turns["hips"]
        with pytest.raises(ValueError, match="which axis is up"):
            read(tmp_path, bvh_text(root, {**turns, "hips": tilted}, up="z"))
