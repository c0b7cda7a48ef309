import dataclasses

import numpy as np
import pytest

from deploy.control.guards import Limits
from deploy.control.loop import Lockstep, drive
from deploy.control.runner import PolicyRunner, sense_of
from deploy.control.safety import Mode
from deploy.robots import known_robot, meet
from deploy.simulation.mujoco_backend import MujocoBackend
from policies.bundle import Bundle


@pytest.fixture(scope="module")
def bundle(bundle_path):
    return Bundle.load(bundle_path)


def test_a_runner_in_lockstep_is_the_hierarchy_stepped_directly(bundle):
    """After the blend the commands are the hierarchy's targets, to the last bit."""
    robot = known_robot(bundle.contract)
    backend = MujocoBackend(bundle.contract, robot)
    runner = PolicyRunner(bundle, robot, Limits(blend_time=0.3))
    twin = bundle.hierarchy()
    runner.stand(backend.read(), backend.time)
    runner.activate(backend.read(), backend.time)
    twin.reset(sense_of(backend.sim.state(backend.time)))
    same = []
    for _ in range(100):
        state = backend.sim.state(backend.time)
        command = runner.step(state, backend.time)
        expected = twin.step(sense_of(state))[0]
        same.append(np.array_equal(command.q, expected.astype(float)))
        backend.write(command)
    assert runner.safety.mode is Mode.RUN
    assert not same[5]
    assert all(same[16:])
    assert runner.safety.clamped == 0


def test_the_same_seed_gives_the_same_episode(bundle):
    heights = []
    for _ in range(2):
        robot = known_robot(bundle.contract)
        backend = MujocoBackend(bundle.contract, robot, seed=3)
        pacer = Lockstep(lambda backend=backend: backend.time)
        drive(backend, PolicyRunner(bundle, robot), pacer, 0.02, 50)
        heights.append(backend.recorder.result()["root_height_m"])
    assert heights[0] == heights[1]
    assert len(heights[0]) == 51


def test_a_fault_ends_the_drive_with_its_reason(bundle):
    robot = known_robot(bundle.contract)
    backend = MujocoBackend(bundle.contract, robot)
    runner = PolicyRunner(bundle, robot)
    pacer = Lockstep(lambda: backend.time)
    telemetry = drive(backend, runner, pacer, 0.02, 1000)
    assert telemetry.cycles < 1000
    assert runner.safety.mode is Mode.FAULT
    assert "tilted" in runner.safety.reason


class Broken:
    """A backend whose second write fails as the test says."""

    def __init__(self, inner, error):
        self.inner, self.error, self.writes, self.closed = inner, error, 0, False

    def read(self):
        return self.inner.read()

    def write(self, command):
        self.writes += 1
        if self.writes == 2:
            raise self.error
        self.inner.write(command)

    def close(self):
        self.closed = True


@pytest.mark.parametrize("error", [RuntimeError("cable cut"), OSError(28, "disk full")])
def test_an_error_in_the_loop_closes_the_backend_and_is_the_reason(bundle, error):
    robot = known_robot(bundle.contract)
    inner = MujocoBackend(bundle.contract, robot)
    backend, runner = Broken(inner, error), PolicyRunner(bundle, robot)
    drive(backend, runner, Lockstep(lambda: inner.time), 0.02, 10)
    assert backend.closed
    assert runner.safety.mode is Mode.FAULT
    assert runner.safety.reason == str(error)


def test_an_interrupt_closes_the_backend_and_goes_on_up(bundle):
    robot = known_robot(bundle.contract)
    inner = MujocoBackend(bundle.contract, robot)
    backend, runner = Broken(inner, KeyboardInterrupt()), PolicyRunner(bundle, robot)
    with pytest.raises(KeyboardInterrupt):
        drive(backend, runner, Lockstep(lambda: inner.time), 0.02, 10)
    assert backend.closed
    assert runner.safety.mode is Mode.DAMP


def test_a_robot_that_differs_is_named(bundle):
    robot = known_robot(bundle.contract)
    stiffer = dataclasses.replace(robot, kp=(99.0, *robot.kp[1:]))
    with pytest.raises(ValueError, match=r"kp differs at index 0: here 99\.0"):
        meet(bundle.contract, stiffer)
    names = (robot.joint_names[1], robot.joint_names[0], *robot.joint_names[2:])
    with pytest.raises(ValueError, match="joint_names differs at index 0"):
        PolicyRunner(bundle, dataclasses.replace(robot, joint_names=names))
    other = dataclasses.replace(robot, name="atlas")
    contract = dataclasses.replace(bundle.contract, robot=other)
    with pytest.raises(ValueError, match="'atlas'; known here: unitree_g1"):
        known_robot(contract)


def test_a_robot_far_from_its_start_pose_is_not_activated(bundle, make_state):
    robot = known_robot(bundle.contract)
    runner = PolicyRunner(bundle, robot)
    pose = robot.array("default_pos").copy()
    pose[3] += 0.6
    state = make_state(joint_pos=pose)
    runner.stand(state, 0.0)
    with pytest.raises(ValueError, match=r"left_knee_joint is 0\.60 rad off"):
        runner.activate(state, 0.0)
