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
from policies.contract import Contract, Goal, Start


def make_contract(goal: Goal | None = None) -> Contract:
    """A G1 in its default stance with the tutorial's box 0.45 m ahead.

    With a goal it is a box to carry, and the tutorial's all the same.
    """
    robot = g1()
    joints = robot.default_pos
    return Contract(
        robot=robot,
        object=LIFT_BOX,
        task="lift-box" if goal is None else "carry-box",
        goal=goal,
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


def make_bundle(path: Path, goal: Goal | None = None) -> Path:
    """Write a bundle that balances: about 5 s in the simulated world, then it falls.

    The generator repeats its last command; the tracker is an ankle-and-hip strategy,
    linear in the newest gravity and gyroscope readings.
    """
    contract = make_contract(goal)
    layouts = {k: observations.size(v) for k, v in contract.layouts().items()}
    command = layouts["command"]
    path.mkdir(parents=True, exist_ok=True)
    j = contract.robot.num_joints
    _save_linear(path / bundle.TRACKER, _balance(contract), (j,))
    repeat = np.zeros((layouts["generator"], contract.horizon * command), np.float32)
    for step in range(contract.horizon):
        repeat[-command:, step * command : (step + 1) * command] = np.eye(command)
    _save_linear(path / bundle.GENERATOR, repeat, (contract.horizon, command))
    contract.save(path / bundle.CONTRACT)
    (path / bundle.METRICS).write_text("{}\n")
    (path / bundle.CARD).write_text("# A bundle for tests\n")
    bundle.write_checksums(path)
    return path


def _balance(contract: Contract) -> np.ndarray:
    """Weights `(D_tracker, J)`; gravity's z, nearly constant, serves as the bias."""
    names = contract.robot.joint_names
    layout = contract.layouts()["tracker"]
    end = observations.size(layout[:2])
    frame = observations.size(observations.proprioception_layout(len(names)))
    gyro_y, gravity_x, gravity_z = end - frame + 1, end - 3, end - 1
    weight = np.zeros((observations.size(layout), len(names)), np.float32)
    for side in ("left", "right"):
        ankle, hip = (names.index(f"{side}_{n}_pitch_joint") for n in ("ankle", "hip"))
        weight[gravity_x, ankle], weight[gyro_y, ankle] = 2.79, 0.586
        weight[gravity_z, ankle], weight[gravity_x, hip] = -0.1625, 0.78
    return weight / np.asarray(contract.action_scale, np.float32)


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
