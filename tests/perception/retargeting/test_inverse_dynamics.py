import dataclasses

import mujoco
import numpy as np
import pytest

from assets.g1.spec import g1
from assets.objects import BOTTLE, CHAIR, LIFT_BOX
from perception.prior import CONTACT_NAMES, RATE, Prior
from perception.retargeting.body import measure_body
from perception.retargeting.inverse_dynamics import differentiate, feed_forward
from perception.retargeting.scene import compile_scene

ROBOT = g1()
UP = np.array([0.0, 0.0, 0.5])


def standing(frames=40):
    """A robot that stands still with its hands off a box in front of it."""
    scene = compile_scene(ROBOT, LIFT_BOX)
    qpos = measure_body(scene).qpos
    root = np.tile(qpos[scene.root_qpos : scene.root_qpos + 3], (frames, 1))
    box = np.tile([0.6, 0.0, LIFT_BOX.half_size[2]], (frames, 1))
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (frames, 1))
    return Prior(
        joint_pos=np.tile(ROBOT.array("default_pos"), (frames, 1)),
        root_pos_w=root,
        root_quat_w=upright,
        object_pos_w=box,
        object_quat_w=upright,
        contact=np.zeros((frames, len(CONTACT_NAMES)), dtype=bool),
        confidence=np.ones(frames),
        goal_pos_w=box[-1],
        goal_quat_w=upright[-1],
        joint_names=ROBOT.joint_names,
        object=LIFT_BOX,
        task="lift_box",
        name="standing",
    )


def test_standing_is_feasible_and_its_torques_hold_it_up():
    torque, residual = feed_forward(standing(), ROBOT)
    assert residual.max() < 1e-3
    knee = ROBOT.joint_names.index("left_knee_joint")
    hip = ROBOT.joint_names.index("left_hip_roll_joint")
    assert np.abs(torque[:, knee]).min() > 1.0
    other = ROBOT.joint_names.index("right_hip_roll_joint")
    np.testing.assert_allclose(torque[:, hip], -torque[:, other], atol=0.5)


def test_floating_in_the_air_leaves_the_weight_as_residual():
    prior = standing()
    high = dataclasses.replace(prior, root_pos_w=prior.root_pos_w + UP)
    _, residual = feed_forward(high, ROBOT)
    weight = 33.3411 * 9.81
    assert residual.min() >= 0.99 * weight


def test_a_box_in_the_air_that_nobody_holds_leaves_its_weight():
    prior = standing()
    high = dataclasses.replace(prior, object_pos_w=prior.object_pos_w + UP)
    _, residual = feed_forward(high, ROBOT)
    np.testing.assert_allclose(residual, LIFT_BOX.mass * 9.81, rtol=1e-2)


def test_balance_beyond_the_toes_is_a_residual():
    prior = standing()
    tip = np.radians(25.0)
    lean = np.tile([np.cos(tip / 2), 0.0, np.sin(tip / 2), 0.0], (40, 1))
    ankles = prior.joint_pos.copy()
    for side in ("left", "right"):
        ankles[:, ROBOT.joint_names.index(f"{side}_ankle_pitch_joint")] -= tip
    height = prior.root_pos_w[0, 2]
    way = np.array([np.sin(tip), 0.0, np.cos(tip) - 1.0])
    root = prior.root_pos_w + height * way
    leaning = dataclasses.replace(
        prior, joint_pos=ankles, root_quat_w=lean, root_pos_w=root
    )
    _, residual = feed_forward(leaning, ROBOT)
    assert residual.mean() > 10.0


def test_velocities_are_those_of_the_motion():
    prior = standing(60)
    seconds = np.arange(60) / RATE
    joints = prior.joint_pos.copy()
    joints[:, 3] += 0.2 * np.sin(2.0 * seconds)
    root = prior.root_pos_w + np.outer(0.3 * seconds, [1.0, 0.0, 0.0])
    moving = dataclasses.replace(prior, joint_pos=joints, root_pos_w=root)
    scene = compile_scene(ROBOT, LIFT_BOX)
    motion = differentiate(moving, scene)
    inner = slice(20, 40)
    expected = 0.4 * np.cos(2.0 * seconds)
    np.testing.assert_allclose(
        motion.qvel[inner, scene.joint_dof[3]], expected[inner], atol=0.01
    )
    np.testing.assert_allclose(motion.qvel[inner, scene.root_dof], 0.3, atol=1e-6)


def test_the_scene_resolves_joints_by_name():
    scene = compile_scene(ROBOT, LIFT_BOX)
    for name, address in zip(ROBOT.joint_names, scene.joint_qpos, strict=True):
        assert scene.model.joint(name).qposadr[0] == address
    qpos = scene.model.qpos0.copy()
    scene.place_object(qpos, np.array([1.0, 2.0, 3.0]), np.array([1.0, 0, 0, 0]))
    data = mujoco.MjData(scene.model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(scene.model, data)
    np.testing.assert_allclose(data.body("object").xpos, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("speed", "largest"), [(0.0, 1e-3), (0.5, LIFT_BOX.friction * 9.81 * LIFT_BOX.mass)]
)
def test_a_box_that_slides_by_itself_lacks_the_force_against_friction(speed, largest):
    prior = standing(60)
    way = np.outer(speed * np.arange(60) / RATE, [1.0, 0.0, 0.0])
    sliding = dataclasses.replace(prior, object_pos_w=prior.object_pos_w + way)
    _, residual = feed_forward(sliding, ROBOT)
    assert residual[20:40].max() <= largest * 1.05
    assert residual[20:40].max() >= 0.3 * largest or speed == 0.0


@pytest.mark.parametrize("item", [CHAIR, BOTTLE])
def test_what_stands_on_the_floor_is_carried_by_it(item):
    prior = standing()
    pos = np.tile([1.0, 0.0, item.half_size[2]], (40, 1))
    there = dataclasses.replace(prior, object=item, object_pos_w=pos)
    _, residual = feed_forward(there, ROBOT)
    assert residual.max() < 1e-2
