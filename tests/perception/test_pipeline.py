import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from assets.g1.spec import g1
from perception.claim import LOCK, claimed
from perception.manifest import Manifest
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from perception.prior import Prior
from perception.track import Track
from perception.video import open_video
from tests.perception.clips import ffmpeg, pattern, real_clip

DEMO = Path(__file__).parents[2] / "assets" / "clips" / "lift_box"


@pytest.fixture(scope="module", autouse=True)
def model():
    try:
        return resolve_model()
    except ValueError as error:
        pytest.skip(str(error))


def run(folder, out, **options):
    return make_priors(folder, out, robot=g1(), progress=False, **options)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "text.mp4").write_text("not a video")
    (folder / "empty.mp4").touch()
    pattern(folder / "nobody.mp4", 1.5)
    clip = next(DEMO.glob("*.mp4"))
    (folder / "good.mp4").write_bytes(clip.read_bytes())
    whole = folder / "whole.tmp.mp4"
    ffmpeg("-i", clip, "-g", 5, "-movflags", "faststart", whole)
    data = whole.read_bytes()
    whole.unlink()
    (folder / "cut.mp4").write_bytes(data[: len(data) * 3 // 5])
    scene = (DEMO / "scene.toml").read_text()
    (folder / "scene.toml").write_text(scene.replace(clip.stem, "good"))
    return folder, clip, run(folder, folder / "out")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text", "not a video"),
        ("empty", "the file is empty"),
        ("nobody", "no person found in"),
    ],
)
def test_a_bad_video_is_rejected_with_its_reason(hostile, name, said):
    record = hostile[2].clips[name]
    assert record.status == "rejected"
    assert said in record.reason
    assert "\n" not in record.reason
    assert f"{name}.mp4: {record.reason}" in hostile[2].lines()


def test_a_truncated_video_is_told_apart(hostile):
    record = hostile[2].clips["cut"]
    assert any("announced frames" in note for note in record.notes)
    assert record.status == "kept" or record.reason


def test_one_bad_video_does_not_stop_the_good_one(hostile):
    folder, clip, manifest = hostile
    record = manifest.clips["good"]
    assert (record.status, record.reason) == ("kept", None)
    out = folder / "out"
    assert sorted(record.outputs) == sorted(p.name for p in out.glob("good.*"))
    assert record.score is not None and 0.25 <= record.score <= 1.0
    assert record.frames == Track.load(out / "good.track.npz").num_frames
    assert set(record.stages) >= {"decode", "landmarks", "person", "object", "save"}
    assert sum(record.stages.values()) == pytest.approx(record.seconds, rel=0.05)
    Prior.load(out / "good.prior.npz").validate(g1())
    truth = Track.load(clip.with_suffix(".truth.npz"))
    found = Track.load(out / "good.track.npz")
    found.validate()
    np.testing.assert_allclose(found.K, truth.K, rtol=1e-3)
    for hand in (0, 1):
        agree = found.contact[:, hand] == truth.contact[:, hand]
        assert agree.mean() > 0.85
    overlay = open_video(out / "good.overlay.mp4")
    assert max(overlay.width, overlay.height) <= 480


def test_nothing_is_done_twice_and_changes_are_noticed(hostile, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    first, second = (pattern(folder / f"{n}.mp4", 1.2) for n in "ab")
    out = tmp_path / "out"
    before = run(folder, out)
    again = run(folder, out)
    assert again.clips == before.clips == Manifest.load(out).clips
    second.write_text("changed")
    changed = run(folder, out)
    assert changed.clips["a"] == before.clips["a"]
    assert changed.clips["b"].reason != before.clips["b"].reason
    retasked = run(folder, out, task="carry-box")
    assert retasked.clips["a"].settings["scene"]["task"] == "carry-box"
    assert first.exists()


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    folder, out = tmp_path / "videos", tmp_path / "out"
    folder.mkdir()
    for name in "abc":
        pattern(folder / f"{name}.mp4", 3.0, 30)
    started = begin(folder, out)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    done = dict(Manifest.load(out).clips)
    assert 1 <= len(done) < 3
    manifest = run(folder, out)
    assert sorted(manifest.clips) == ["a", "b", "c"]
    assert {name: manifest.clips[name] for name in done} == done
    assert {path.name for path in out.glob(".*")} == {LOCK}


def hear_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begin(folder, out):
    """`priors` in a process of its own, with one video of the folder done.

    It hears Ctrl-C even if we, a job in the background, do not.
    """
    command = [sys.executable, "sugarmill.py", "priors", folder, "--out", out]
    words = [*map(str, command), "--workers", "1"]
    root = Path(__file__).parents[2]
    started = subprocess.Popen(
        words, cwd=root, stdout=PIPE, stderr=PIPE, text=True, preexec_fn=hear_ctrl_c
    )
    while not (out / "manifest.json").exists() or not Manifest.load(out).clips:
        assert started.poll() is None
        time.sleep(0.02)
    return started


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path):
    folder, out = tmp_path / "videos", tmp_path / "out"
    folder.mkdir()
    for name in "abc":
        pattern(folder / f"{name}.mp4", 4.0, 30)
    started = begin(folder, out)
    started.send_signal(signal.SIGINT)
    said, wrong = started.communicate()
    assert started.returncode == 130
    assert "of 3 videos are done; the same command goes on from there" in said
    assert "Traceback" not in said + wrong
    assert 1 <= len(Manifest.load(out).clips) < 3


def test_a_video_that_takes_too_long_is_given_up(tmp_path):
    pattern(tmp_path / "slow.mp4", 20.0, 30)
    manifest = run(tmp_path, tmp_path / "out", time_limit_s=1.0)
    assert manifest.clips["slow"].status == "failed"
    assert manifest.clips["slow"].reason == "took longer than 1 s"


def test_two_people_are_rejected(tmp_path):
    left, right = real_clip("squat_rohanx01.mp4"), real_clip("sts_opencap.mp4")
    folder = tmp_path / "videos"
    folder.mkdir()
    side_by_side = "[0]scale=-2:640[a];[1]scale=-2:640[b];[a][b]hstack"
    inputs = ("-t", 1.2, "-i", left, "-t", 1.2, "-i", right)
    ffmpeg(*inputs, "-filter_complex", side_by_side, "-r", 15, folder / "two.mp4")
    record = run(folder, tmp_path / "out").clips["two"]
    assert record.status == "rejected"
    assert "two people in" in str(record.reason)


@pytest.mark.parametrize("options", [{"workers": -1}, {"time_limit_s": 0.0}])
def test_impossible_settings_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match="expected"):
        run(tmp_path, tmp_path, **options)


def test_videos_of_one_name_get_a_record_each(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "a.mkv", "a_mp4.avi"):
        (folder / name).write_text("not a video")
    records = run(folder, tmp_path / "out").clips
    assert sorted(records) == ["a_mkv", "a_mp4", "a_mp4_avi"]
    assert all(record.status == "rejected" for record in records.values())


def test_what_does_not_pass_the_gate_is_set_aside(hostile, tmp_path, monkeypatch):
    """Above every score nothing passes; with `keep_all` everything does."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("good.mp4", "scene.toml"):
        (folder / name).write_bytes((hostile[0] / name).read_bytes())
    out = tmp_path / "out"
    monkeypatch.setattr("perception.pipeline.GATE", 1.1)
    record = run(folder, out).clips["good"]
    assert record.status == "set aside"
    assert str(record.reason).startswith("scores 0.")
    assert sorted(p.name for p in (out / "set_aside").iterdir()) == [
        f"good.{end}" for end in ("overlay.mp4", "prior.npz", "track.npz")
    ]
    assert not list(out.glob("good.*"))
    again = run(folder, out, keep_all=True).clips["good"]
    assert again.status == "kept"
    assert again.score == record.score
    assert not list((out / "set_aside").iterdir())


def test_a_folder_without_videos_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no video"):
        run(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="no such folder"):
        run(tmp_path / "absent", tmp_path / "out")


def test_two_do_not_fill_one_folder(hostile, tmp_path):
    with (
        claimed(tmp_path),
        pytest.raises(ValueError, match="another process writes here"),
    ):
        run(hostile[0], tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_a_broken_manifest_is_named(tmp_path):
    pattern(tmp_path / "a.mp4", 1.2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="not a readable manifest"):
        run(tmp_path, tmp_path / "out")
