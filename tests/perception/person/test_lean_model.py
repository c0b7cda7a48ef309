"""The lean pose model: same landmarks, no mask; what is odd stays as it is."""

import io
import itertools
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from perception.person import pose_model
from perception.person.lean_model import NETWORK, lean_model, without_mask
from perception.video import open_video

ROOT = Path(__file__).parents[3]

SIZES = {
    0: [1, 256, 256, 3],
    1: [1, 195],
    2: [1, 1],
    3: [1, 256, 256, 1],
    4: [1, 64, 64, 39],
    5: [1, 117],
    6: [1, 8],
}
"""Tensors of a little network: input, five outputs, and one on the mask's way."""


def network(ways=((0, 1), (0, 2), (0, 6), (6, 3), (0, 4), (6, 5)), outputs=5):
    """A file in which each of `ways` is an operator from one tensor to another."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    graph = schema.SubGraphT()
    graph.tensors = []
    for size in SIZES.values():
        tensor = schema.TensorT()
        tensor.shape = size
        graph.tensors.append(tensor)
    graph.operators = []
    for source, target in ways:
        operator = schema.OperatorT()
        operator.inputs, operator.outputs = [source], [target]
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [0], list(range(1, 1 + outputs))
    tree = schema.ModelT()
    tree.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def ways(data):
    from mediapipe.tasks.metadata import schema_py_generated as schema

    tree: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = tree.subgraphs[0]
    made = [(int(o.inputs[0]), int(o.outputs[0])) for o in graph.operators]
    return made, [int(tensor) for tensor in graph.outputs]


def test_only_what_the_mask_alone_needs_goes():
    made, outputs = ways(without_mask(network()))
    assert made == [(0, 1), (0, 2), (0, 6), (0, 4), (6, 5)]
    assert outputs == [1, 2, 2, 4, 5]
    made, _ = ways(without_mask(network(((0, 1), (0, 6), (6, 3), (0, 5)))))
    assert made == [(0, 1), (0, 5)]


def test_a_network_of_other_outputs_is_refused():
    with pytest.raises(ValueError, match="expected 5 with one mask"):
        without_mask(network(outputs=4))


@pytest.mark.parametrize("content", [b"no network", network(outputs=4)])
def test_what_is_not_as_expected_is_used_as_it_is(tmp_path, monkeypatch, content):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model = tmp_path / "x.task"
    with zipfile.ZipFile(model, "w") as bundle:
        bundle.writestr(NETWORK, content)
    assert lean_model(model) == model
    assert not list(tmp_path.rglob("lean_*"))


def test_the_lean_one_is_kept_and_everything_else_in_it_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model = tmp_path / "x.task"
    with zipfile.ZipFile(model, "w") as bundle:
        bundle.writestr("pose_detector.tflite", b"detector")
        bundle.writestr(NETWORK, network())
    lean = lean_model(model)
    assert lean.parent == pose_model.cache_path().parent
    with zipfile.ZipFile(io.BytesIO(lean.read_bytes())) as bundle:
        assert bundle.read("pose_detector.tflite") == b"detector"
        assert bundle.read(NETWORK) == without_mask(network())
    before = lean.stat().st_mtime_ns
    assert lean_model(model) == lean
    assert lean.stat().st_mtime_ns == before


def test_the_landmarks_stay_bit_for_bit(tmp_path, monkeypatch):
    from perception.person.pose import MediaPipePose

    model = pose_model.cache_path()
    if not model.is_file():
        pytest.skip(f"no pose model at {model}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lean = lean_model(model)
    assert lean != model and lean.stat().st_size < model.stat().st_size
    shipped = sorted((ROOT / "assets" / "clips" / "lift_box").glob("*.mp4"))
    frames = list(itertools.islice(open_video(shipped[0]).frames(), 4))
    plain, less = (MediaPipePose(m).estimate(frames, 30.0) for m in (model, lean))
    assert plain.found.all()
    assert np.array_equal(plain.pixels, less.pixels)
    assert np.array_equal(plain.points_c, less.points_c)
    assert np.array_equal(plain.visibility, less.visibility)
