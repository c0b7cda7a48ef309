"""`Bundle`: a skill as a folder that carries its own contract and checksums."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from envs import observations
from policies.contract import Contract
from policies.hierarchy import Hierarchy, Network

Floats = NDArray[np.floating]

TRACKER, GENERATOR = "tracker.onnx", "generator.onnx"
CONTRACT, METRICS, CARD = "contract.json", "metrics.json", "MODEL_CARD.md"
CHECKSUMS = "SHA256SUMS"
NEEDED = (TRACKER, GENERATOR, CONTRACT, METRICS)
FILES = (*NEEDED, CARD)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A folder that was read and verified: contract, metrics and two networks."""

    path: Path
    contract: Contract
    metrics: dict[str, Any]
    tracker: Network
    generator: Network

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Verify checksums, contract and network shapes; ValueError in one line."""
        verify_checksums(path)
        contract = Contract.load(path / CONTRACT)
        j = contract.robot.num_joints
        layouts = {k: observations.size(v) for k, v in contract.layouts().items()}
        plan = (contract.horizon, layouts["command"])
        return cls(
            path=path,
            contract=contract,
            metrics=json.loads((path / METRICS).read_text()),
            tracker=onnx_network(path / TRACKER, layouts["tracker"], (j,)),
            generator=onnx_network(path / GENERATOR, layouts["generator"], plan),
        )

    def hierarchy(self, num: int = 1) -> Hierarchy:
        """Fresh run-time state for `num` robots."""
        return Hierarchy(self.contract, self.tracker, self.generator, num)


def write_checksums(path: Path) -> None:
    """Write SHA256SUMS over the bundle's files, as `sha256sum -c` reads it."""
    lines = [f"{_sha256(path / name)}  {name}\n" for name in FILES]
    (path / CHECKSUMS).write_text("".join(lines))


def verify_checksums(path: Path) -> None:
    """Raise ValueError naming the first file that is missing or was changed."""
    if not (path / CHECKSUMS).is_file():
        msg = f"{path}: not a bundle (no {CHECKSUMS}); make one with `export`"
        raise ValueError(msg)
    rows = (path / CHECKSUMS).read_text().splitlines()
    sums = {name: digest for digest, _, name in (row.partition("  ") for row in rows)}
    for name in (*NEEDED, *(name for name in sums if name not in NEEDED)):
        file = path / name
        plain = Path(name).name == name
        if name not in sums or not plain or not file.is_file():
            msg = f"{path}: {name} is missing; copy or export the bundle again"
            raise ValueError(msg)
        if _sha256(file) != sums[name]:
            msg = f"{file}: checksum differs from {CHECKSUMS}: the file was changed"
            raise ValueError(msg + "; export the bundle again")


def onnx_network(path: Path, inputs: int, outputs: tuple[int, ...]) -> Network:
    """A network on one CPU thread, (N, inputs) to (N, *outputs) float32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        msg = f"{path}: not a network that onnxruntime reads ({error})"
        raise ValueError(msg) from error
    found_in = tuple(session.get_inputs()[0].shape[1:])
    found_out = tuple(session.get_outputs()[0].shape[1:])
    if found_in != (inputs,) or found_out != outputs:
        msg = (
            f"{path}: maps {found_in} to {found_out}, "
            f"the contract needs ({inputs},) to {outputs}"
        )
        raise ValueError(msg)
    name = session.get_inputs()[0].name

    def network(x: Floats) -> Floats:
        return np.asarray(session.run(None, {name: x})[0])

    return network


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
