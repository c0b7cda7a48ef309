import numpy as np
import pytest

from perception.video import find_videos, open_video
from tests.perception.clips import ffmpeg, pattern


def test_frames_are_as_many_and_as_large_as_the_header_says(tmp_path):
    video = open_video(pattern(tmp_path / "a.mp4", 2.0, 15))
    shapes = [frame.shape for frame in video.frames()]
    assert shapes == [(240, 320, 3)] * 30
    assert (video.fps, video.announced, video.scale) == (15.0, 30, 1.0)


def test_large_frames_shrink_and_keep_their_scale(tmp_path):
    video = open_video(pattern(tmp_path / "a.mp4"), max_side=160)
    frame = next(iter(video.frames()))
    assert frame.shape == (120, 160, 3)
    assert video.scale == 0.5


def test_rotation_in_the_header_turns_the_picture_upright(tmp_path):
    flat = pattern(tmp_path / "flat.mp4")
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", turned)
    video = open_video(turned)
    assert (video.width, video.height) == (240, 320)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.mp4", b"hello", "not a video"),
        ("empty.mp4", b"", "empty"),
        ("noise.avi", bytes(np.random.default_rng(0).bytes(9999)), "not a video"),
    ],
)
def test_what_is_no_video_is_named_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        open_video(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sound_without_a_picture_is_refused(tmp_path):
    path = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
    with pytest.raises(ValueError, match=r"sound\.mp4"):
        open_video(path)


def test_a_truncated_video_gives_what_decodes_and_says_so(tmp_path):
    whole = pattern(tmp_path / "whole.mp4", 6.0, 15, "-g", 5, "-movflags", "faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    video = open_video(cut)
    decoded = sum(1 for _ in video.frames())
    assert 15 <= decoded < 90
    note = video.check_length(decoded)
    assert note == f"decoded {decoded} of 90 announced frames"


def test_less_than_a_second_is_refused(tmp_path):
    video = open_video(pattern(tmp_path / "a.mp4"))
    with pytest.raises(ValueError, match="at least 1 s"):
        video.check_length(10)


def test_only_videos_are_found(tmp_path):
    for name in ("b.MP4", "a.webm", "scene.toml", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in find_videos(tmp_path)] == ["a.webm", "b.MP4"]
