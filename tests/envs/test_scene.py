import dataclasses

import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.objects import LIFT_BOX
from assets.scene import compile_scene
from envs.quantities import Motion, measure
from envs.scene import build_scene

ROBOT = g1()


@pytest.fixture
def moving(scene):
    """Simulator data in a random, moving state that touches nothing."""
    rng = np.random.default_rng(2)
    data = mujoco.MjData(scene.model)
    data.qpos[7:36] = 0.3 * rng.normal(size=29)
    for at in (0, 36):
        data.qpos[at : at + 3] = rng.normal(size=3) + np.array([3.0 * at, 0.0, 8.0])
        quat = rng.normal(size=4)
        data.qpos[at + 3 : at + 7] = quat / np.linalg.norm(quat)
    data.qvel[:] = rng.normal(size=scene.model.nv)
    mujoco.mj_forward(scene.model, data)
    return data


def measured(scene, data):
    return measure(scene, data.qpos[None], data.qvel[None], data.sensordata[None])


def world_velocity(model, data, body):
    velocity = np.zeros(6)
    kind = mujoco.mjtObj.mjOBJ_XBODY
    mujoco.mj_objectVelocity(model, data, kind, model.body(body).id, velocity, 0)
    return velocity[3:], velocity[:3]


def test_tracked_bodies_are_where_the_simulator_has_them(scene, moving):
    now = measured(scene, moving)
    for index, body in enumerate(ROBOT.tracked_bodies):
        there = moving.body(body)
        np.testing.assert_allclose(now.body_pos[0, index], there.xpos, atol=1e-5)
        np.testing.assert_allclose(now.body_quat[0, index], there.xquat, atol=1e-5)
        linear, angular = world_velocity(scene.model, moving, body)
        np.testing.assert_allclose(now.body_lin_vel[0, index], linear, atol=1e-5)
        np.testing.assert_allclose(now.body_ang_vel[0, index], angular, atol=1e-5)


def test_root_and_object_velocities_are_in_their_frames(scene, moving):
    now = measured(scene, moving)
    linear, angular = world_velocity(scene.model, moving, "object")
    np.testing.assert_allclose(now.object_lin_vel[0], linear, atol=1e-5)
    np.testing.assert_allclose(now.object_ang_vel[0], angular, atol=1e-5)
    to_world = moving.body(ROBOT.root_body).xmat.reshape(3, 3)
    linear, angular = world_velocity(scene.model, moving, ROBOT.root_body)
    np.testing.assert_allclose(to_world @ now.root_lin_vel_b[0], linear, atol=1e-5)
    np.testing.assert_allclose(to_world @ now.root_ang_vel_b[0], angular, atol=1e-5)


def test_shapes_are_the_documented_ones(scene, moving):
    now = measured(scene, moving)
    b, c = len(ROBOT.tracked_bodies), len(scene.contact_names)
    expected = {
        "joint_pos joint_vel": (1, 29),
        "root_quat object_quat": (1, 4),
        "root_lin_vel_b root_ang_vel_b": (1, 3),
        "object_pos object_lin_vel object_ang_vel": (1, 3),
        "body_pos body_lin_vel body_ang_vel": (1, b, 3),
        "body_quat": (1, b, 4),
        "contact touching": (1, c),
        "robot_contacts forbidden": (1,),
        "feet_force": (1, 2),
    }
    shapes = {name: s for names, s in expected.items() for name in names.split()}
    assert shapes.keys() == {f.name for f in dataclasses.fields(Motion)}
    for name, shape in shapes.items():
        values = getattr(now, name)
        assert values.shape == shape, name
        assert values.dtype == np.float32, name
        assert f"{name}" in (Motion.__doc__ or "")


def test_nothing_touches_in_the_air(scene, moving):
    now = measured(scene, moving)
    assert not now.contact.any()
    assert not now.robot_contacts.any()
    assert not now.feet_force.any()


def standing(scene):
    data = mujoco.MjData(scene.model)
    data.qpos[2], data.qpos[3] = ROBOT.default_height, 1.0
    data.qpos[7:36] = data.ctrl[:] = ROBOT.default_pos
    data.qpos[36:40] = [1.5, 0.0, LIFT_BOX.half_size[2], 1.0]
    return data


def test_feet_bear_the_robots_weight(scene):
    data = standing(scene)
    mujoco.mj_step(scene.model, data, 100)
    weight = 9.81 * (scene.model.body_mass.sum() - LIFT_BOX.mass)
    feet = measured(scene, data).feet_force[0]
    assert feet.sum() == pytest.approx(weight, rel=0.1)
    assert (feet > 0.2 * weight).all()


@pytest.mark.parametrize("hand", [0, 1])
def test_a_hand_on_the_box_counts_as_that_hand(scene, hand):
    data = standing(scene)
    mujoco.mj_forward(scene.model, data)
    palm = data.site(ROBOT.palm_sites[hand]).xpos
    data.qpos[36:39] = palm - np.array([0, 0, LIFT_BOX.half_size[2] + 0.01])
    mujoco.mj_forward(scene.model, data)
    now = measured(scene, data)
    assert now.contact[0, hand] == 1.0
    assert now.contact[0, 1 - hand] == 0.0
    assert now.touching[0, hand] > 0
    assert now.robot_contacts[0] >= now.touching[0].sum()


def test_bodies_join_a_label_are_allowed_or_should_keep_off():
    knees = ("left_knee_link", "right_knee_link")
    hands = ("left_hand", "right_hand")
    scenes = (
        build_scene(ROBOT, LIFT_BOX, hands, joined={"right_hand": knees}),
        build_scene(ROBOT, LIFT_BOX, hands, allowed=knees),
        build_scene(ROBOT, LIFT_BOX, hands, keep_off=knees),
    )
    seen = []
    for scene in scenes:
        data = standing(scene)
        mujoco.mj_forward(scene.model, data)
        shin = data.geom("left_shin_collision").xpos
        data.qpos[36:39] = shin + np.array([LIFT_BOX.half_size[0], 0.0, 0.0])
        mujoco.mj_forward(scene.model, data)
        seen.append(measured(scene, data))
    joined, allowed, off = seen
    assert joined.contact[0].tolist() == [0.0, 1.0]
    assert allowed.contact[0].tolist() == off.contact[0].tolist() == [0.0, 0.0]
    assert allowed.robot_contacts[0] < joined.robot_contacts[0]
    assert off.forbidden[0] > 0
    assert joined.forbidden[0] == allowed.forbidden[0] == 0


def test_the_robots_gains_are_the_models(scene):
    model = scene.model
    stiffer = dataclasses.replace(ROBOT, kp=tuple(2.0 * k for k in ROBOT.kp))
    for robot, compiled in ((ROBOT, model), (stiffer, compile_scene(stiffer, None))):
        np.testing.assert_allclose(compiled.actuator_gainprm[:, 0], robot.kp)
        np.testing.assert_allclose(-compiled.actuator_biasprm[:, 1], robot.kp)
        np.testing.assert_allclose(-compiled.actuator_biasprm[:, 2], robot.kd)
        np.testing.assert_allclose(compiled.actuator_forcerange[:, 1], robot.effort)


def test_the_object_has_its_own_mass_and_size(scene):
    body = scene.model.body("object")
    assert body.mass[0] == pytest.approx(LIFT_BOX.mass)
    np.testing.assert_allclose(scene.model.geom("object").size, LIFT_BOX.half_size)


def test_an_unknown_contact_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="no contact body 'tail'; it has left_hand"):
        build_scene(ROBOT, LIFT_BOX, ("left_hand", "tail"))


def test_a_missing_model_and_other_joints_are_named(tmp_path):
    missing = dataclasses.replace(ROBOT, mjcf=tmp_path / "none.xml")
    with pytest.raises(FileNotFoundError, match=r"none\.xml: no such robot model"):
        compile_scene(missing, None)
    text = ROBOT.mjcf.read_text().replace("left_knee_joint", "left_nee_joint")
    (tmp_path / "odd.xml").write_text(text)
    odd = dataclasses.replace(ROBOT, mjcf=tmp_path / "odd.xml")
    with pytest.raises(ValueError, match=r"odd\.xml.* lacks left_knee_joint"):
        compile_scene(odd, None)
