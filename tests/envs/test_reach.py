import mujoco
import numpy as np
import pytest

from envs.quantities import measure
from envs.reach import Reach, _own_joints, reach_offset


@pytest.fixture
def at_reference(scene, reference):
    """A row in contact, and the motion of a robot that is exactly there."""
    row = int(np.flatnonzero(reference.frames.contact.all(axis=1))[5])
    data = mujoco.MjData(scene.model)
    data.qpos, data.qvel = reference.qpos[row], reference.qvel[row]
    mujoco.mj_forward(scene.model, data)

    def now(shift=(0.0, 0.0, 0.0)):
        moved = mujoco.MjData(scene.model)
        moved.qpos, moved.qvel = data.qpos, data.qvel
        moved.qpos[-7:-4] += shift
        mujoco.mj_forward(scene.model, moved)
        states = moved.qpos[None], moved.qvel[None], moved.sensordata[None]
        return measure(scene, *states)

    return np.array([row]), now


def test_what_is_in_place_is_not_pulled(reference, at_reference):
    rows, now = at_reference
    offset = reach_offset(Reach(damper=0.0), reference.reach, rows, now())
    np.testing.assert_allclose(offset, 0.0, atol=1e-3)
    np.testing.assert_allclose(
        reach_offset(Reach(), reference.reach, rows, now()), 0.0, atol=0.02
    )


def test_hands_are_pulled_to_where_the_object_went(scene, reference, at_reference):
    """The arms' torques are those of the spring's force at the palms."""
    rows, now = at_reference
    shift = np.array([0.03, -0.02, 0.01])
    law = Reach(damper=0.0)
    offset = reach_offset(law, reference.reach, rows, now(shift))[0]
    expected = np.einsum("cjk,k->j", reference.reach.joints[rows[0]], 400.0 * shift)
    np.testing.assert_allclose(offset, expected, atol=2e-3)
    names = np.array(scene.robot.joint_names)
    moved = names[np.abs(offset) > 1e-6]
    assert all(any(k in n for k in ("shoulder", "elbow", "wrist")) for n in moved)
    far = reach_offset(law, reference.reach, rows, now((5.0, 0.0, 0.0)))[0]
    limit = np.einsum("cjk,k->j", reference.reach.joints[rows[0]], [60.0, 0.0, 0.0])
    np.testing.assert_allclose(far, limit, atol=2e-3)


def test_limbs_have_their_own_joints(scene):
    limb = scene.model.body(scene.robot.contact_bodies["left_hand"]).id
    names = [scene.robot.joint_names[j] for j in _own_joints(scene, limb)]
    assert len(names) == 7 and all(name.startswith("left_") for name in names)


def test_the_pull_rises_before_contact_and_falls_after_it():
    contact = np.zeros((200, 2))
    contact[100:110, 0] = 1.0
    weight = Reach().weight(contact, 0.02)
    np.testing.assert_array_equal(weight[:, 1], 0.0)
    np.testing.assert_array_equal(weight[100:110, 0], 1.0)
    assert weight[60, 0] == 0.0 and weight[80, 0] == pytest.approx(0.5)
    assert weight[119, 0] == pytest.approx(0.5) and weight[130, 0] == 0.0
