"""Derivatives over all frames at once are MuJoCo's; bounds are never too high."""

import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.objects import BOTTLE, CHAIR, SMALL_BOX
from perception.retargeting.clearance import NEAR, Clearance
from perception.retargeting.kinematics import kinematics
from perception.retargeting.scene import compile_scene
from perception.retargeting.separation import may_be_near

FRAMES = 4


def poses(scene, seed=0):
    """Configurations all over the joints' ranges, the object near the robot."""
    rng = np.random.default_rng(seed)
    robot = scene.robot
    low, high = robot.array("lower"), robot.array("upper")
    joints = rng.uniform(low, high, (FRAMES, len(low)))
    quat = rng.normal(size=(2, FRAMES, 4))
    quat /= np.linalg.norm(quat, axis=-1, keepdims=True)
    qpos = scene.qpos(joints, rng.normal(size=(FRAMES, 3)), quat[0])
    root = qpos[:, scene.root_qpos : scene.root_qpos + 3]
    near = root + rng.uniform(-0.4, 0.4, (FRAMES, 3))
    scene.place_object(qpos, near, quat[1])
    return qpos


@pytest.fixture(scope="module")
def scene():
    return compile_scene(g1(), BOTTLE)


def at(scene, q):
    data = mujoco.MjData(scene.model)
    data.qpos[:] = q
    mujoco.mj_kinematics(scene.model, data)
    mujoco.mj_comPos(scene.model, data)
    return data


def test_places_and_jacobians_are_those_of_mujoco(scene):
    model, qpos = scene.model, poses(scene)
    found = kinematics(model, qpos)
    bodies = [model.body(name).id for name in ("torso_link", "object")]
    bodies.append(model.body(scene.robot.contact_bodies["left_hand"]).id)
    offset = np.array([0.02, -0.3, 0.1])
    jac = found.jacobians(found.pos[:, bodies] + offset, bodies)
    com = found.com_jacobian(model.body(scene.robot.root_body).id)
    sites = [model.site(name).id for name in scene.robot.palm_sites]
    site_pos, site_quat = found.site(sites)
    for t, q in enumerate(qpos):
        data = at(scene, q)
        expected = np.zeros((6, model.nv))
        for k, body in enumerate(bodies):
            point = data.xpos[body] + offset
            mujoco.mj_jac(model, data, expected[:3], expected[3:], point, body)
            np.testing.assert_allclose(jac[t, k], expected, atol=1e-12)
        root = model.body(scene.robot.root_body).id
        mujoco.mj_jacSubtreeCom(model, data, expected[:3], root)
        np.testing.assert_allclose(com[t], expected[:3], atol=1e-12)
        np.testing.assert_allclose(site_pos[t], data.site_xpos[sites], atol=1e-12)
        for k, site in enumerate(sites):
            quat = np.zeros(4)
            mujoco.mju_mat2Quat(quat, data.site_xmat[site])
            assert abs(quat @ site_quat[t, k]) == pytest.approx(1.0, abs=1e-9)


def test_effect_is_what_jacobians_make_of_a_force(scene):
    model, qpos = scene.model, poses(scene)
    found, rng = kinematics(model, qpos), np.random.default_rng(1)
    frame = np.array([0, 2, 2])
    body = np.array([model.body(n).id for n in ("torso_link", "object", "pelvis")])
    points, forces = rng.normal(size=(2, 3, 3))
    pushed = found.effect(frame, body, points, forces)
    for i, t in enumerate(frame):
        jac = np.zeros((3, model.nv))
        data = at(scene, qpos[t])
        mujoco.mj_jac(model, data, jac, None, points[i], int(body[i]))
        np.testing.assert_allclose(pushed[i], forces[i] @ jac, atol=1e-12)


@pytest.mark.parametrize("obj", [BOTTLE, CHAIR, SMALL_BOX], ids=lambda o: o.shape)
def test_no_pair_that_is_near_is_left_out(obj):
    scene = compile_scene(g1(), obj)
    model, qpos = scene.model, poses(scene, 2)
    found, clear = kinematics(model, qpos), Clearance(scene, ("left_hand",))
    within = clear.gap + NEAR
    where = found.geom_pos, found.geom_mat
    near = set(zip(*may_be_near(model, clear.pairs, *where, within), strict=True))
    assert len(near) < 0.5 * FRAMES * len(clear.pairs)
    for t, q in enumerate(qpos):
        data = at(scene, q)
        for pair, (a, b) in enumerate(clear.pairs.tolist()):
            limit = float(within[pair])
            gap = mujoco.mj_geomDistance(model, data, a, b, limit, None)
            assert (t, pair) in near or gap >= limit


def test_rows_say_how_distances_change(scene):
    qpos, size = poses(scene, 3), scene.object_dof
    clear = Clearance(scene, ("left_hand",))
    rows, short = clear.rows(kinematics(scene.model, qpos), size)
    step = np.random.default_rng(4).normal(size=(FRAMES, scene.model.nv)) * 1e-6
    step[:, size:] = 0.0
    moved = qpos.copy()
    for q, way in zip(moved, step, strict=True):
        mujoco.mj_integratePos(scene.model, q, way, 1.0)
    _, after = clear.rows(kinematics(scene.model, moved), size)
    there = np.isfinite(short) & np.isfinite(after)
    assert there.sum() > FRAMES
    expected = (rows @ step[:, :size, None])[..., 0]
    change = (short[there] - after[there]) - expected[there]
    assert np.median(np.abs(change)) < 1e-8
