"""Export a hierarchy as a bundle: ONNX networks, contract, metrics, model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from policies import bundle
from policies.card import model_card
from policies.contract import Contract
from policies.network import NormalizedMlp

Floats = NDArray[np.floating]

OPSET = 17
PARITY = 1e-4
"""Largest difference allowed between a network and its ONNX file, relative to ±1."""


def export_bundle(
    out: Path,
    contract: Contract,
    tracker: NormalizedMlp,
    generator: NormalizedMlp,
    metrics: dict[str, Any],
) -> Path:
    """Write the bundle to `out`, whole or not at all; returns `out`.

    Raises ValueError if ONNX and torch disagree, the bundle cannot be loaded back, or
    `out` is anything but an older bundle.
    """
    contract.validate()
    _check_replaceable(out)
    partial = _empty(out)
    for name, network in ((bundle.TRACKER, tracker), (bundle.GENERATOR, generator)):
        (partial / name).write_bytes(to_onnx(network))
        check_parity(partial / name, network)
    contract.save(partial / bundle.CONTRACT)
    _describe(partial, contract, metrics)
    return _replace(out, partial)


def add_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write sections of figures into a bundle's metrics and card, whole or not at all.

    Raises ValueError if it is no bundle. Networks and contract stay as they are.
    """
    loaded = bundle.Bundle.load(path)
    partial = _empty(path)
    for name in (bundle.TRACKER, bundle.GENERATOR, bundle.CONTRACT):
        shutil.copy(path / name, partial / name)
    _describe(partial, loaded.contract, {**loaded.metrics, **figures})
    _replace(path, partial)


def _describe(folder: Path, contract: Contract, metrics: dict[str, Any]) -> None:
    """Write metrics, card and checksums."""
    (folder / bundle.METRICS).write_text(json.dumps(metrics, indent=1) + "\n")
    (folder / bundle.CARD).write_text(model_card(contract, metrics), encoding="utf-8")
    bundle.write_checksums(folder)


def _empty(out: Path) -> Path:
    """An empty folder beside `out`, to be filled and put in its place."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    return partial


def _replace(out: Path, partial: Path) -> Path:
    """Put a folder that can be loaded in the place of `out`; returns `out`."""
    bundle.Bundle.load(partial)
    if out.exists():
        shutil.rmtree(out)
    partial.rename(out)
    return out


def _check_replaceable(out: Path) -> None:
    """Raise ValueError if `out` holds what an export must not delete."""
    older = (out / bundle.CHECKSUMS).is_file()
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not older):
        msg = f"{out}: holds something else than a bundle; name another folder"
        raise ValueError(msg)


def to_onnx(network: NormalizedMlp) -> bytes:
    """The network as an ONNX graph, `obs (N, D)` to `out (N, *shape)` float32."""
    nodes, weights = [], []

    def constant(name: str, value: NDArray) -> str:
        weights.append(numpy_helper.from_array(value, name))
        return name

    norm = network.normalizer
    scale = 1.0 / np.sqrt(norm.var.numpy() + 1e-6)
    last = "obs"
    for op, name, value in (
        ("Sub", "mean", norm.mean.numpy()),
        ("Mul", "scale", scale.astype(np.float32)),
    ):
        nodes.append(helper.make_node(op, [last, constant(name, value)], [f"o_{name}"]))
        last = f"o_{name}"
    low, high = (constant(n, np.float32(v)) for n, v in (("low", -10), ("high", 10)))  # pyright: ignore[reportArgumentType]
    nodes.append(helper.make_node("Clip", [last, low, high], ["clipped"]))
    last = "clipped"
    for index, layer in enumerate(network.layers):
        output = f"layer{index}"
        if isinstance(layer, nn.Linear):
            inputs = [
                last,
                constant(f"w{index}", layer.weight.detach().numpy()),
                constant(f"b{index}", layer.bias.detach().numpy()),
            ]
            nodes.append(helper.make_node("Gemm", inputs, [output], transB=1))
        else:
            nodes.append(helper.make_node("Elu", [last], [output]))
        last = output
    shape = constant("shape", np.array([-1, *network.shape], np.int64))
    nodes.append(helper.make_node("Reshape", [last, shape], ["out"]))
    width = len(norm.mean)
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["N", width])],
        [
            helper.make_tensor_value_info(
                "out", TensorProto.FLOAT, ["N", *network.shape]
            )
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def check_parity(path: Path, network: NormalizedMlp, samples: int = 256) -> float:
    """Largest difference between file and network; ValueError beyond `PARITY`."""
    norm = network.normalizer
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(samples, len(norm.mean))).astype(np.float32)
    inputs = norm.mean.numpy() + noise * np.sqrt(norm.var.numpy())
    run = bundle.onnx_network(path, inputs.shape[1], network.shape)
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs)).numpy()
    worst = float(np.max(np.abs(run(inputs) - expected) / (1 + np.abs(expected))))
    if not worst <= PARITY:
        msg = f"{path}: differs from the trained network by {worst:.2e}, "
        raise ValueError(msg + f"allowed {PARITY:.0e}; nothing was exported")
    return worst
