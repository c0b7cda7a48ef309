"""Tiny bundles whose behaviour is known by construction, for tests of the rails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from assets.g1.spec import g1
from assets.objects import LIFT_BOX
from envs import observations
from policies import bundle
from policies.contract import Contract, Start


def make_contract() -> Contract:
    """A G1 in its default stance with the tutorial's box 0.45 m ahead."""
    robot = g1()
    joints = robot.default_pos
    return Contract(
        robot=robot,
        object=LIFT_BOX,
        task="lift-box",
        start=Start(
            joint_pos=joints,
            root_height=robot.default_height,
            root_quat_w=(1.0, 0.0, 0.0, 0.0),
            object_pos_w=(0.45, 0.0, LIFT_BOX.half_size[2]),
            object_quat_w=(1.0, 0.0, 0.0, 0.0),
        ),
        initial_command=(*joints, *[0.0] * 8),
        action_scale=robot.action_scale,
    )


def make_bundle(path: Path, gain: float = 0.0) -> Path:
    """Write a bundle that stands: the generator repeats its last command.

    The tracker's action is `gain` times the joint errors of the newest history frame,
    so that targets depend on the state when `gain` is not zero.
    """
    contract = make_contract()
    layouts = {k: observations.size(v) for k, v in contract.layouts().items()}
    j, command = contract.robot.num_joints, layouts["command"]
    path.mkdir(parents=True, exist_ok=True)
    frame = observations.size(observations.proprioception_layout(j))
    newest = command + (contract.history - 1) * frame + 3
    weight = np.zeros((layouts["tracker"], j), np.float32)
    weight[newest : newest + j] = gain * np.eye(j)
    _save_linear(path / bundle.TRACKER, weight, (j,))
    repeat = np.zeros((layouts["generator"], contract.horizon * command), np.float32)
    for step in range(contract.horizon):
        repeat[-command:, step * command : (step + 1) * command] = np.eye(command)
    _save_linear(path / bundle.GENERATOR, repeat, (contract.horizon, command))
    contract.save(path / bundle.CONTRACT)
    (path / bundle.METRICS).write_text("{}\n")
    (path / bundle.CARD).write_text("# A bundle for tests\n")
    bundle.write_checksums(path)
    return path


def _save_linear(path: Path, weight: np.ndarray, outputs: tuple[int, ...]) -> None:
    """Write y = x W reshaped to (N, *outputs) as an ONNX file."""
    shape = np.array([-1, *outputs], np.int64)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["flat"]),
            helper.make_node("Reshape", ["flat", "shape"], ["y"]),
        ],
        path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(weight)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", *outputs])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(shape, "shape")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
