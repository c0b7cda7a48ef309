import dataclasses

import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from envs.balance import STANDING, Balance, _soles, _standing, balance_table
from envs.batch_env import BatchEnv
from envs.task import ResetNoise

STILL = ResetNoise(root_xy=0.0, root_z=0.0, root_rot=0.0, joint=0.0)


def test_joints_do_the_work_of_the_wrench(scene, reference):
    """Feet that stand still: joint power equals that of the wrench on the root."""
    model, data = scene.model, mujoco.MjData(scene.model)
    rng, row = np.random.default_rng(0), 40
    data.qpos = reference.qpos[row]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    jac = _standing(model, data, _soles(scene))
    assert len(jac) == 24
    root = data.xmat[model.body(scene.robot.root_body).id].reshape(3, 3)
    table = balance_table(scene, reference.qpos[row : row + 1], soft=1e-9)[0]
    table = table * scene.robot.array("kp")[:, None]
    for _ in range(5):
        wrench, twist = rng.normal(size=6), rng.normal(size=6)
        local = np.concatenate([twist[:3], root.T @ twist[3:]])
        joints = np.linalg.lstsq(jac[:, 6:35], -jac[:, :6] @ local, rcond=None)[0]
        assert np.abs(jac[:, :6] @ local + jac[:, 6:35] @ joints).max() < 1e-9
        assert (table @ wrench) @ joints == pytest.approx(wrench @ twist, rel=1e-3)


def test_a_robot_in_the_air_is_left_alone(scene, reference):
    qpos = reference.qpos[:1].copy()
    qpos[:, 2] += 2 * STANDING
    np.testing.assert_array_equal(balance_table(scene, qpos), 0.0)


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
    envs = [
        BatchEnv(task, g1(), [lift_prior], 2, threads=1, balance=on)
        for on in (False, True)
    ]
    for env in envs:
        env.seed(0)
        env.reset()
        env.batch.bind("qvel")[:, 0] = 0.1
    plain, held = (env.targets(np.zeros((2, 29), np.float32)) for env in envs)
    now = envs[1].row
    goal = envs[1].reference.qpos[now], envs[1].reference.qvel[now]
    wrench = Balance().wrench(envs[1].batch.qpos, envs[1].batch.qvel, goal)
    expected = np.einsum("njk,nk->nj", envs[1].reference.balance[now], wrench)
    np.testing.assert_allclose(held - plain, expected, atol=1e-5)
    assert np.abs(expected).max() > 1e-3
