import numpy as np
import pytest

from perception.reel import KEEP_FPS, Reel
from perception.video import open_video
from tests.perception.clips import pattern


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return open_video(pattern(tmp_path_factory.mktemp("v") / "a.mp4", 2.0, 30))


def test_all_frames_pass_and_some_are_kept(video):
    reel = Reel(video)
    passed = list(reel.frames())
    assert reel.decoded == len(passed) == 60
    np.testing.assert_array_equal(reel.first, passed[0])
    assert reel.kept_fps == KEEP_FPS
    assert reel.index.tolist() == list(range(0, 60, 3))
    for index, kept in zip(reel.index, reel.kept, strict=True):
        np.testing.assert_array_equal(kept, passed[index])


def test_long_clips_keep_fewer_evenly_spread(video, monkeypatch):
    monkeypatch.setattr("perception.reel.MAX_KEPT", 7)
    reel = Reel(video)
    passed = list(reel.frames())
    assert len(reel.kept) <= 7
    assert np.diff(reel.index).tolist() == [reel.every] * (len(reel.kept) - 1)
    assert reel.index[-1] + reel.every >= len(passed)
    for index, kept in zip(reel.index, reel.kept, strict=True):
        np.testing.assert_array_equal(kept, passed[index])


def test_kept_frames_are_small_with_even_sides(video, monkeypatch):
    monkeypatch.setattr("perception.reel.KEEP_SIDE", 101)
    reel = Reel(video)
    assert sum(1 for _ in reel.frames()) == 60
    assert {frame.shape for frame in reel.kept} == {(74, 100, 3)}


def test_a_reel_can_be_watched_again(video):
    reel = Reel(video)
    for _ in range(2):
        assert sum(1 for _ in reel.frames()) == 60
        assert len(reel.kept) == 20
