import dataclasses

import mujoco
import numpy as np
import pytest

from assets.g1.other_shapes import FILE as OTHER_SHAPES
from assets.g1.spec import g1
from envs.balance import Balance, Soles, stands
from envs.batch_env import BatchEnv
from envs.task import ResetNoise
from envs.variants import task_scene

STILL = ResetNoise(root_xy=0.0, root_z=0.0, root_rot=0.0, joint=0.0)


def test_joints_do_the_work_of_the_wrench(scene, reference):
    """Feet that stand still: joint power equals that of the wrench on the root."""
    model, data = scene.model, mujoco.MjData(scene.model)
    rng, row = np.random.default_rng(0), 40
    data.qpos = reference.qpos[row]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    soles = Soles(scene, soft=1e-9)
    feet = [soles.jacobian(data, foot) for foot in (0, 1)]
    root = data.xmat[model.body(scene.robot.root_body).id].reshape(3, 3)
    tables = soles.offsets(data) * scene.robot.array("kp")[:, None]
    np.testing.assert_array_equal(tables[0], 0.0)
    for index, jac in ((1, feet[0]), (2, feet[1]), (3, np.concatenate(feet))):
        wrench, twist = rng.normal(size=6), rng.normal(size=6)
        local = np.concatenate([twist[:3], root.T @ twist[3:]])
        joints = np.linalg.lstsq(jac[:, 6:35], -jac[:, :6] @ local, rcond=None)[0]
        assert np.abs(jac[:, :6] @ local + jac[:, 6:35] @ joints).max() < 1e-9
        power = (tables[index] @ wrench) @ joints
        assert power == pytest.approx(wrench @ twist, rel=1e-3)


def test_a_foot_stands_if_it_should_and_does(scene, reference):
    force = np.array([[0.0, 50.0], [50.0, 50.0], [50.0, 50.0], [50.0, 0.0]])
    should = np.array([[1, 1], [1, 1], [1, 0], [0, 1]], bool)
    np.testing.assert_array_equal(stands(force, should), [2, 3, 1, 0])
    data, soles = mujoco.MjData(scene.model), Soles(scene)
    data.qpos = reference.qpos[0]
    mujoco.mj_kinematics(scene.model, data)
    assert soles.bear(data).all()
    data.qpos[2] += 0.1
    mujoco.mj_kinematics(scene.model, data)
    assert not soles.bear(data).any()


def test_feet_of_another_shape_give_the_same_moments(task, scene, reference):
    """Two capsules along the sole hold a robot up as four spheres do."""
    other = task_scene(task, g1(OTHER_SHAPES), task.what.object)
    rows = []
    for one in (scene, other):
        data, soles = mujoco.MjData(one.model), Soles(one)
        data.qpos = reference.qpos[0]
        mujoco.mj_kinematics(one.model, data)
        mujoco.mj_comPos(one.model, data)
        assert soles.bear(data).all()
        rows.append(soles.offsets(data)[3])
    scale = np.abs(rows[0]).max(axis=0)
    assert (np.abs(rows[1] - rows[0]).max(axis=0) < 0.3 * scale).all()


def test_the_wrench_leads_back_and_is_bounded(reference):
    law = Balance()
    goal = reference.qpos[:2], np.zeros_like(reference.qvel[:2])
    qpos, rest = goal[0].copy(), goal[1]
    np.testing.assert_allclose(law.wrench(qpos, rest, goal), 0.0, atol=1e-9)
    qpos[:, 0] += 0.1
    wrench = law.wrench(qpos, rest, goal)
    np.testing.assert_allclose(wrench[:, 0], -0.1 * law.spring[0])
    qpos[:, 2] -= 1.0
    np.testing.assert_allclose(law.wrench(qpos, rest, goal)[:, 2], law.limit)
    moving = rest.copy()
    moving[:, 1] = 0.1
    wrench = law.wrench(goal[0], moving, goal)
    np.testing.assert_allclose(wrench[:, 1], -0.1 * law.damper[1])


def test_a_tilted_robot_stands_up_instead_of_falling(task, lift_prior):
    survived = {}
    task = dataclasses.replace(task, reset_noise=STILL)
    for balance in (False, True):
        env = BatchEnv(task, g1(), [lift_prior], 4, threads=1, balance=balance)
        env.reset()
        env.time[:] = env.clip[:] = 0
        env.batch.bind("qpos")[:] = env.reference.qpos[0]
        env.batch.bind("qvel")[:] = 0.0
        env.batch.bind("qvel")[:, 0] = [0.2, -0.2, 0.25, -0.25]
        env.batch.forward()
        ended = np.zeros(4, bool)
        for _ in range(60):
            _, _, done, _ = env.step(np.zeros((4, 29), np.float32))
            ended |= done
        survived[balance] = int((~ended).sum())
    assert survived[True] == 4
    assert survived[False] < 4


def test_the_targets_contain_the_balance(task, lift_prior):
    env, still = BatchEnv(task, g1(), [lift_prior], 2, threads=1), np.zeros((2, 29))
    env.reset()
    env.batch.bind("qvel")[:, 0] = 0.1
    for _ in range(3):
        env.step(still)
    held, law = env.targets(still), env.control.balance
    env.control = dataclasses.replace(env.control, balance=None)
    plain, now = env.targets(still), env.row
    assert law is not None
    goal = env.reference.qpos[now], env.reference.qvel[now]
    wrench = law.wrench(env.batch.qpos, env.batch.qvel, goal)
    which = stands(env.now.feet_force, env.reference.standing[now])
    table = env.reference.balance[now, which]
    expected = np.einsum("njk,nk->nj", table, wrench)
    np.testing.assert_allclose(held - plain, expected, atol=1e-5)
    assert which.any() and np.abs(expected).max() > 1e-3
