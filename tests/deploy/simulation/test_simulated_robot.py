import dataclasses

import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.scene import compile_scene
from deploy.backend import JointCommand
from deploy.simulation.mujoco_backend import substeps
from deploy.simulation.simulated_robot import SimulatedRobot, World, training_world
from envs.tasks import TASKS, task_by_name
from envs.variants import task_scene
from tests.bundles import make_contract

ROBOT, CONTRACT = g1(), make_contract()


def command(q, **changes):
    fields = {name: np.zeros(29) for name in ("dq", "tau")}
    fields |= {"q": q, "kp": ROBOT.array("kp"), "kd": ROBOT.array("kd")}
    return JointCommand(**{**fields, **changes})


def simulated(**world):
    return SimulatedRobot(CONTRACT, ROBOT, World(**world), seed=0)


def targets(steps):
    rng = np.random.default_rng(0)
    return ROBOT.array("default_pos") + rng.normal(scale=0.1, size=(steps, 29))


def test_commands_with_the_robots_gains_are_the_training_physics():
    """PD by message equals MuJoCo's own position actuators, bit for bit."""
    sim = simulated()
    model = compile_scene(ROBOT, CONTRACT.object)
    data = mujoco.MjData(model)
    data.qpos[:] = sim.qpos
    for q in targets(25):
        sim.apply(command(q))
        data.ctrl[:] = q
        for _ in range(4):
            sim.step()
            mujoco.mj_step(model, data)
        np.testing.assert_array_equal(sim.qpos, data.qpos)


@pytest.mark.parametrize("name", TASKS)
def test_friction_is_that_of_the_tasks_training(name):
    """What slides by itself has the same in all directions, on both sides."""
    task = task_by_name(name)
    contract = dataclasses.replace(CONTRACT, task=name)
    sim = SimulatedRobot(contract, ROBOT, World(), seed=0)
    round_cone = sim.model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
    assert round_cone == task.what.slides
    assert sim.model.opt.cone == task_scene(task, ROBOT, task.object).model.opt.cone


def test_torque_is_tau_plus_both_gains_times_their_errors():
    sim = simulated()
    rng = np.random.default_rng(1)
    q = ROBOT.array("default_pos") + rng.normal(scale=0.01, size=29)
    dq, tau = rng.normal(scale=0.1, size=(2, 29))
    kp, kd = 0.5 * ROBOT.array("kp"), 0.3 * ROBOT.array("kd")
    before = sim.state(0.0)
    sim.apply(JointCommand(q, dq, tau, kp, kd))
    sim.step()
    expected = tau + kp * (q - before.joint_pos) + kd * (dq - before.joint_vel)
    np.testing.assert_allclose(sim.torque(), expected, atol=1e-9)


def test_torque_stays_within_the_efforts():
    sim = simulated()
    sim.apply(command(ROBOT.array("default_pos") + 50.0))
    sim.step()
    np.testing.assert_allclose(sim.torque(), ROBOT.array("effort"))


def test_damping_brakes_and_does_not_hold():
    sim = simulated()
    sim.apply(command(np.zeros(29), kp=np.zeros(29)))
    for _ in range(400):
        sim.step()
    assert sim.root_height < 0.4
    assert np.abs(sim.state(0.0).joint_vel).max() < 1.0


def test_latency_delays_a_command_by_that_much():
    late, prompt = simulated(latency=0.02), simulated()
    home, moved = ROBOT.array("default_pos"), ROBOT.array("default_pos") + 0.1
    for step in range(8):
        late.apply(command(moved if step < 4 else home))
        prompt.apply(command(home if step < 4 else moved))
        late.step()
        prompt.step()
    torque = late.torque(), prompt.torque()
    assert np.abs(torque[0] - torque[1]).max() < 0.2 * np.abs(torque[1]).max()


def test_dropped_commands_leave_the_last_one_in_force():
    sim = simulated(drop=1.0)
    before = sim.data.ctrl.copy()
    sim.apply(command(ROBOT.array("default_pos") + 1.0))
    sim.step()
    np.testing.assert_array_equal(sim.data.ctrl, before)


def test_seeds_move_the_start_within_the_tasks_noise():
    world = training_world(CONTRACT)
    noise = world.start
    starts = np.array(
        [SimulatedRobot(CONTRACT, ROBOT, world, seed).qpos for seed in range(12)]
    )
    still = simulated().qpos
    for rows, half in (
        (slice(0, 2), noise.root_xy),
        (slice(7, 36), noise.joint),
        (slice(36, 38), noise.object_xy),
    ):
        offsets = starts[:, rows] - still[rows]
        assert (np.abs(offsets) <= half + 1e-12).all()
        assert len(np.unique(offsets)) > 20
    assert (starts[:, 2] >= still[2]).all()
    np.testing.assert_array_equal(starts[:, 38], still[38])


def test_the_object_is_reported_in_the_anchors_frame():
    sim = simulated()
    state = sim.state(0.0)
    torso = sim.data.body("torso_link")
    rotation = torso.xmat.reshape(3, 3)
    expected = rotation.T @ (sim.data.body("object").xpos - torso.xpos)
    np.testing.assert_allclose(state.object_pos_b, expected, atol=1e-12)


def test_a_control_rate_must_hold_whole_physics_steps():
    assert substeps(50.0, 0.005) == 4
    with pytest.raises(ValueError, match="60"):
        substeps(60.0, 0.005)
