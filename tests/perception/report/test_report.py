import base64
import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from assets import rotations
from assets.g1.spec import g1
from assets.objects import LIFT_BOX
from perception.prior import CONTACT_NAMES, Prior
from perception.report.against_truth import clip_figures
from perception.report.folder import add_folder
from perception.report.followed import _body_positions, limb_errors, time_offset
from perception.report.report import Report
from perception.report.stills import prior_strip
from perception.report.style import SCRIPT
from perception.track import JOINTS, Track
from tests.perception.synthetic_track import lift_track

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Collects tags and references, and checks that tags close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.references, self.words = [], [], [], ""
        self.feed(text)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.references += [v for k, v in attrs if k in ("src", "href", "poster")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture
def report():
    return Report("A title", "a subtitle")


def written(report, tmp_path):
    report.write(tmp_path / "sub" / "report.html")
    return (tmp_path / "sub" / "report.html").read_text(encoding="utf-8")


def gradient():
    return np.tile(np.arange(65, dtype=np.uint8)[:, None, None], (1, 47, 3))


def test_every_kind_of_block_is_inside_the_file(report, tmp_path, clip):
    report.add_text("Words", "one\n\ntwo")
    report.add_table("Numbers", [{"name": "a", "value": 0.12345}, {"name": "b"}])
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], [1, 0])
    report.add_figure("Plot", figure)
    report.add_image("Picture", gradient())
    report.add_video("Made", [gradient()] * 5, fps=10)
    report.add_video("Given", clip[0])
    text = written(report, tmp_path)
    page = Page(text)
    for word in ("A title", "a subtitle", "one", "two", "0.123", "–", "Plot", "Given"):
        assert word in page.words
    assert page.tags.count("video") == 2
    assert page.tags.count("img") == 2
    assert page.tags.count("table") == 1
    assert base64.b64encode(clip[0].read_bytes()).decode() in text


def bare(text):
    """The page less what is inlined in it, and less its own script."""
    text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert text.count("<script") == 1
    return text.replace(f"<script>{SCRIPT}</script>", "")


def test_nothing_outside_is_referred_to(priors_page):
    text = priors_page.read_text(encoding="utf-8")
    references = Page(text).references
    assert references
    assert all(reference.startswith(("data:", "#")) for reference in references)
    for word in ("://", "@import", "url(", "<script", "fetch(", "import("):
        assert word not in bare(text)


def test_a_folder_is_told_worst_first(priors_page, folder_of_priors):
    page = Page(priors_page.read_text(encoding="utf-8"))
    words = page.words[page.words.index("All videos, worst first") :]
    names = ["off", "kept", "empty_handed", "<i>x</i>"]
    places = [words.index(name) for name in names]
    assert places == sorted(places)
    for part in ("set aside", "penetration 50 mm", "Retarget error per body", "gate"):
        assert part in page.words
    assert page.tags.count("video") == 3
    assert "<i>x</i>" not in priors_page.read_text(encoding="utf-8")


def test_ten_clips_are_two_megabytes(priors_page):
    assert priors_page.stat().st_size < 3 * 200_000


def test_rows_are_figures_by_clip(folder_of_priors):
    rows = add_folder(Report("t"), folder_of_priors)
    assert [row["clip"] for row in rows] == ["<i>x</i>", "empty_handed", "kept", "off"]
    assert rows[2]["joint error mm"] == pytest.approx(0.0, abs=1e-6)
    assert "joint error mm" not in rows[3]


def test_links_lead_to_sections(report, tmp_path):
    for title in ("one", "two", "three"):
        report.add_section(title)
        report.add_text("", "words")
    text = written(report, tmp_path)
    links = re.findall(r'href="#([^"]+)"', text)
    assert len(links) == 3
    assert all(f'id="{link}"' in text for link in links)


def test_text_is_escaped(report, tmp_path):
    report.add_section("<i>x</i>")
    report.add_text("<b>t</b>", "<script>alert(1)</script>")
    report.add_table("t", [{"<u>": "<img src=x>"}])
    text = bare(written(report, tmp_path))
    for tag in ("<script", "<i>", "<b>", "<u>", "<img"):
        assert tag not in text


def test_same_content_same_file(tmp_path, folder_of_priors, priors_page):
    report = Report("Sugarmill: a folder")
    add_folder(report, folder_of_priors)
    assert written(report, tmp_path) == priors_page.read_text(encoding="utf-8")


def test_a_video_of_nothing_is_refused(report):
    with pytest.raises(ValueError, match="no pictures"):
        report.add_video("Empty", [])


def test_limbs_held_alike_have_no_error_wherever_they_stand(lift_prior):
    """A person made of the robot's own joints, turned, moved and begun later."""
    positions = _body_positions(lift_prior, g1())
    assert positions is not None
    turn, late = rotations.from_yaw(0.8), 10
    joints = np.stack([positions[name] for name in JOINTS if "toe" not in name], 1)
    joints = np.insert(joints, [6, 6], 0.0, axis=1)
    joints = rotations.rotate(turn, joints)[late:] + np.array([3.0, 1.0, 0.0])
    count = len(joints)
    track = dataclasses.replace(
        lift_track(),
        fps=50.0,
        joints_w=joints,
        visibility=np.ones((count, 14)),
        contact=lift_prior.contact[late:],
        object_pos_w=lift_prior.object_pos_w[late:],
        object_quat_w=lift_prior.object_quat_w[late:],
        T_world_to_cam=np.tile(np.eye(4), (count, 1, 1)),
    )
    assert time_offset(track, lift_prior) == pytest.approx(late / 50)
    errors = limb_errors(track, lift_prior, g1())
    assert set(errors) >= {"trunk", "left forearm", "right shin"}
    assert max(errors.values()) < 0.01


def test_perfect_track_has_no_error_in_any_world(clip):
    truth = clip[1]
    turn, shift = rotations.from_yaw(1.1), np.array([2.0, -1.0, 0.0])
    moved = dataclasses.replace(
        truth,
        joints_w=rotations.rotate(turn, truth.joints_w) + shift,
        object_pos_w=rotations.rotate(turn, truth.object_pos_w) + shift,
        object_quat_w=rotations.multiply(turn, truth.object_quat_w),
        T_world_to_cam=truth.T_world_to_cam @ inverse(turn, shift),
    )
    figures = clip_figures(moved, truth)
    assert figures["joint error mm"] == pytest.approx(0.0, abs=1e-6)
    assert figures["object error mm"] == pytest.approx(0.0, abs=1e-6)
    assert figures["contact F1"] == 1.0


def inverse(turn, shift):
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotations.to_matrix(turn), shift
    return np.linalg.inv(transform)


def test_known_errors_are_reported(clip):
    truth = clip[1]
    late = np.roll(truth.contact, 5, axis=0)
    late[:5] = False
    off = dataclasses.replace(
        truth, object_pos_w=truth.object_pos_w + np.array([0, 0.05, 0]), contact=late
    )
    figures = clip_figures(off, truth)
    held = truth.contact[:, 0].sum()
    assert figures["object error mm"] == pytest.approx(50.0)
    assert figures["contact F1"] == pytest.approx(2 * (held - 5) / (2 * held - 5))


def test_truth_of_another_length_is_refused(clip):
    truth = clip[1]
    values = {f.name: getattr(truth, f.name) for f in dataclasses.fields(truth)}
    short = {
        name: value[:-1] if np.ndim(value) > 1 and name != "K" else value
        for name, value in values.items()
    }
    with pytest.raises(ValueError, match=r"truth has \d+ frames"):
        clip_figures(truth, Track(**short))


def test_prior_strip_shows_the_robot_move():
    robot, frames = g1(), 20
    pose = np.tile(robot.array("default_pos"), (frames, 1))
    pose[:, robot.joint_names.index("left_shoulder_pitch_joint")] = np.linspace(
        0.0, -2.0, frames
    )
    upright = np.array([1.0, 0.0, 0.0, 0.0])
    still = np.tile(upright, (frames, 1))
    prior = Prior(
        joint_pos=pose,
        root_pos_w=np.tile([0.0, 0.0, robot.default_height], (frames, 1)),
        root_quat_w=still,
        object_pos_w=np.tile([0.5, 0.0, 0.25], (frames, 1)),
        object_quat_w=still,
        contact=np.zeros((frames, len(CONTACT_NAMES)), bool),
        confidence=np.ones(frames),
        goal_pos_w=np.array([0.5, 0.0, 0.25]),
        goal_quat_w=upright,
        joint_names=robot.joint_names,
        object=LIFT_BOX,
        task="lift-box",
        name="test",
    )
    first, last = np.split(prior_strip(prior, robot, 2).astype(int), 2, axis=1)
    assert first.std() > 10.0
    assert 0.0 < np.abs(first - last).mean() < 40.0
