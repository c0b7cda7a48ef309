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
from policies.contract import Contract
from policies.network import NormalizedMlp
from policies.tables import show

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
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, network in ((bundle.TRACKER, tracker), (bundle.GENERATOR, generator)):
        (partial / name).write_bytes(to_onnx(network))
        check_parity(partial / name, network)
    contract.save(partial / bundle.CONTRACT)
    (partial / bundle.METRICS).write_text(json.dumps(metrics, indent=1) + "\n")
    (partial / bundle.CARD).write_text(model_card(contract, metrics))
    bundle.write_checksums(partial)
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


def model_card(contract: Contract, metrics: dict[str, Any]) -> str:
    """README of a bundle, made from its contract and metrics."""
    size = " × ".join(f"{s:g}" for s in contract.object.size)
    lines = [
        f"# {contract.task} for {contract.robot.name}",
        "",
        f"Object: {contract.object.shape}, {size} m, {contract.object.mass:g} kg.",
        f"Tracker at {contract.control_hz:g} Hz; command generator plans "
        f"{contract.horizon} commands {1 / contract.command_hz:g} s apart and executes "
        f"{contract.execute}. The object's pose is expected in the frame of "
        f"`{contract.object_frame}`. No reference is needed at run time.",
        "",
        "## Figures",
        "",
        "| stage | figure | value |",
        "|---|---|---|",
    ]
    for stage, values in metrics.items():
        if isinstance(values, dict):
            lines += [f"| {stage} | {k} | {show(v)} |" for k, v in values.items()]
    lines += [
        "",
        "Measured in MuJoCo, with the simulator it was trained in. Nothing here was "
        "validated on hardware.",
        "",
    ]
    return "\n".join(lines)
