from pathlib import Path

import numpy as np
import pytest

from assets.g1.spec import g1
from benchmarks.mutated_videos import ours
from benchmarks.mutations import MUTATIONS, Source, write_mutations
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from tests.perception.clips import ffmpeg

CLIP = sorted((Path(__file__).parents[2] / "assets/clips/lift_box").glob("*.mp4"))[0]
DEAR = ("240 frames/s", "rotated", "10 and 16 bits", "odd sizes", "variable rate")
DEAR += ("grey", "nobody", "still", "upside down, backwards", "sizes change")
"""Kinds that can mostly be watched to their end: seconds each."""


def test_spoilt_videos_give_reasons_and_never_stop_a_folder(tmp_path, tmp_path_factory):
    """Of two seconds; `python -m benchmarks.mutated_videos` spoils whole clips."""
    try:
        resolve_model()
    except ValueError as error:
        pytest.skip(str(error))
    short = tmp_path_factory.mktemp("short") / CLIP.name
    ffmpeg("-i", CLIP, "-t", 2.0, short)
    source = Source(short, tmp_path, "source")
    kinds = [kind for kind in MUTATIONS if kind not in DEAR]
    assert len(kinds) == 20
    for number, kind in enumerate(kinds):
        out = tmp_path / f"{number}.mp4"
        MUTATIONS[kind](source, np.random.default_rng([7, number]), out)
    source.path.unlink()
    records = make_priors(
        tmp_path, tmp_path / "out", robot=g1(), progress=False, time_limit_s=120.0
    ).clips.values()
    assert len(records) == len(kinds)
    for record in records:
        assert not ours(record), record.reason
        if record.status != "kept":
            assert len(str(record.reason).split()) >= 3
            assert "\n" not in str(record.reason)


def test_the_same_seed_spoils_alike(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        write_mutations([CLIP], folder, 12, seed=3)
    first, second = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in folders
    )
    assert first == second
    assert len(first) == 12
