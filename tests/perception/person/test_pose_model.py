import hashlib
import zipfile

import pytest

from perception.person import pose_model
from perception.person.pose_model import MEMBERS, model_hash, resolve_model


def bundle(path, members=tuple(MEMBERS)):
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, b"model")
    return path


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """An empty cache, and nothing to be had from outside."""
    monkeypatch.delenv("SUGARMILL_POSE_MODEL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(pose_model, "URL", (tmp_path / "absent").as_uri())
    monkeypatch.setattr(pose_model, "WHEEL", "no-such-package-0==0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_a_given_path_wins_then_the_environment_then_the_cache(tmp_path, monkeypatch):
    cached = pose_model.cache_path()
    cached.parent.mkdir(parents=True)
    bundle(cached)
    assert resolve_model() == cached
    named = bundle(tmp_path / "named.task")
    monkeypatch.setenv("SUGARMILL_POSE_MODEL", str(named))
    assert resolve_model() == named
    given = bundle(tmp_path / "given.task")
    assert resolve_model(given) == given


def test_the_download_is_kept(tmp_path, monkeypatch):
    source = bundle(tmp_path / "official.task")
    monkeypatch.setattr(pose_model, "URL", source.as_uri())
    found = resolve_model()
    assert found == pose_model.cache_path()
    assert found.read_bytes() == source.read_bytes()
    assert model_hash(found) == hashlib.sha256(source.read_bytes()).hexdigest()
    assert list(found.parent.iterdir()) == [found]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "no such file"), (b"text", "not a model bundle")]
)
def test_a_given_path_that_is_no_model_is_refused(tmp_path, content, said):
    path = tmp_path / "x.task"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        resolve_model(path)


def test_a_bundle_that_lacks_a_model_is_refused(tmp_path):
    path = bundle(tmp_path / "x.task", ["pose_detector.tflite"])
    with pytest.raises(ValueError, match=r"lacks pose_landmarks_detector\.tflite"):
        resolve_model(path)


def test_with_nothing_to_be_had_one_line_says_what_to_do():
    with pytest.raises(ValueError, match="no pose model") as caught:
        resolve_model()
    line = str(caught.value)
    assert "\n" not in line
    assert "SUGARMILL_POSE_MODEL" in line
    assert not pose_model.cache_path().exists()
