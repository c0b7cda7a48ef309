import dataclasses
import importlib.util

import pytest

from assets.g1.spec import g1
from perception.person.pose_model import resolve_model
from perception.pipeline import make_priors
from tests.perception.clips import pattern

HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.fixture
def folder(tmp_path):
    try:
        resolve_model()
    except ValueError as error:
        pytest.skip(str(error))
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a", "b"):
        pattern(folder / f"{name}.mp4", 1.2)
    (folder / "text.mp4").write_text("not a video")
    return folder


def untimed(manifest):
    return {
        name: dataclasses.replace(record, seconds=0.0, stages={})
        for name, record in manifest.clips.items()
    }


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install ray")
def test_a_cluster_gives_what_one_machine_gives(folder, tmp_path):
    options = {"robot": g1(), "progress": False}
    here = make_priors(folder, tmp_path / "here", **options)
    there = make_priors(folder, tmp_path / "there", engine="ray", **options)
    assert untimed(there) == untimed(here)
    assert {record.status for record in there.clips.values()} == {"rejected"}


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_one_line_says_what_to_install(folder, tmp_path):
    with pytest.raises(ValueError, match="pip install 'sugarmill"):
        make_priors(folder, tmp_path / "out", robot=g1(), engine="ray")
