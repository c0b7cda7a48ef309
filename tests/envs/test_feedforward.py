import mujoco
import numpy as np

from envs.reference import build_reference


def drift(scene, reference, first, steps=25):
    """Mean joint error [rad] after half a second of open loop from a frame."""
    data = mujoco.MjData(scene.model)
    data.qpos, data.qvel = reference.qpos[first], reference.qvel[first]
    frames = reference.frames
    for row in range(first + 1, first + steps + 1):
        data.ctrl = frames.joint_pos[row] + frames.offset[row]
        mujoco.mj_step(scene.model, data, 4)
    error = data.qpos[7:36] - reference.qpos[first + steps, 7:36]
    return np.sqrt(np.mean(error**2))


def test_open_loop_drifts_half_as_far_with_the_offset(scene, lift_prior):
    errors = []
    for feedforward in (True, False):
        reference = build_reference(scene, [lift_prior], feedforward=feedforward)
        starts = range(30, 150, 20)
        errors.append(np.mean([drift(scene, reference, t) for t in starts]))
    assert errors[1] > 2 * errors[0], errors


def test_without_feedforward_the_offset_is_zero(scene, lift_prior):
    reference = build_reference(scene, [lift_prior], feedforward=False)
    assert not reference.frames.offset.any()


def test_offsets_ask_for_no_more_than_the_motors_have(scene, reference):
    torque = scene.robot.array("kp") * reference.frames.offset
    torque -= scene.robot.array("kd") * reference.frames.joint_vel
    assert (np.abs(torque) <= 1.001 * scene.robot.array("effort")).all()
