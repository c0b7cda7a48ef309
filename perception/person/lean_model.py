"""The pose model without the part that paints the person's mask, which nobody reads.

The landmark network always computes a mask of 256 × 256 pixels, a quarter of its time.
Taken out of the file, the landmarks stay as they are, bit for bit.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from perception.person.pose_model import cache_path, model_hash, pack, write_model

NETWORK = "pose_landmarks_detector.tflite"
OUTPUTS = 5
"""Landmarks, whether somebody is there, mask, heat map, landmarks in the world."""


def lean_model(model: Path) -> Path:
    """The same model made lean, from the cache or into it.

    `model` itself where it is not built as expected, or the cache cannot be written.
    """
    lean = cache_path().with_name(f"lean_{model_hash(model)[:16]}.task")
    if lean.is_file():
        return lean
    try:
        write_model(lean, _lean_bundle(model))
    except Exception:  # whatever is odd about it, MediaPipe can tell better
        return model
    return lean


def _lean_bundle(model: Path) -> bytes:
    lean = io.BytesIO()
    with zipfile.ZipFile(model) as source, zipfile.ZipFile(lean, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == NETWORK:
                data = without_mask(data)
            target.writestr(zipfile.ZipInfo(name), data)
    return lean.getvalue()


def without_mask(network: bytes) -> bytes:
    """The landmark network without what only its mask needs.

    MediaPipe counts on five outputs: whether somebody is there stands in the mask's
    place as well. ValueError where there are not five with one mask among them.
    """
    from mediapipe.tasks.metadata import schema_py_generated as schema

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(network, 0))
    graphs: list[Any] = tree.subgraphs or []
    if not graphs:
        msg = "no graph, expected one"
        raise ValueError(msg)
    graph = graphs[0]
    outputs = [int(tensor) for tensor in graph.outputs]
    sizes = [list(graph.tensors[tensor].shape) for tensor in outputs]
    masks = [i for i, size in enumerate(sizes) if len(size) == 4 and size[-1] == 1]
    present = [i for i, size in enumerate(sizes) if size == [1, 1]]
    if (len(outputs), len(masks), len(present)) != (OUTPUTS, 1, 1):
        msg = f"outputs of {sizes}, expected {OUTPUTS} with one mask and one score"
        raise ValueError(msg)
    outputs[masks[0]] = outputs[present[0]]
    graph.outputs = outputs
    graph.operators = _needed(graph.operators, outputs)
    return pack(tree, b"TFL3")


def _needed(operators: list[Any], outputs: list[int]) -> list[Any]:
    """The operators, in their order, that the outputs come from."""
    used, kept = set(outputs), []
    for operator in reversed(operators):
        if used.intersection(map(int, operator.outputs)):
            used.update(map(int, operator.inputs))
            kept.append(operator)
    return kept[::-1]
