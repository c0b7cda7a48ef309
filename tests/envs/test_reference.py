import dataclasses

import mujoco
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from envs.commands import command_table
from envs.observations import command_layout, size
from envs.reference import Frames, build_reference, generalized_motion, held
from tests.envs.priors import PER_FRAME, cut

DT = 0.02


def test_rows_run_clip_by_clip_and_stay_at_the_last_frame(reference, lift_prior):
    t = lift_prior.num_frames
    np.testing.assert_array_equal(reference.start, [0, t])
    np.testing.assert_array_equal(reference.length, [t, 40])
    clip, time = np.array([0, 0, 1, 1]), np.array([0, t - 3, 0, 39])
    np.testing.assert_array_equal(reference.rows(clip, time), [0, t - 3, t, t + 39])
    np.testing.assert_array_equal(
        reference.rows(clip, time, 10), [10, t - 1, t + 10, t + 39]
    )


def test_every_column_has_a_row_per_frame(reference):
    rows = reference.length.sum()
    assert reference.qpos.shape[0] == reference.qvel.shape[0] == rows
    for field in dataclasses.fields(Frames):
        column = getattr(reference.frames, field.name)
        assert len(column) == rows, field.name
        assert column.dtype == np.float32, field.name
        assert np.isfinite(column).all(), field.name


def test_frames_are_the_priors(reference, lift_prior):
    t = lift_prior.num_frames
    frames = reference.frames.take(np.arange(t))
    np.testing.assert_allclose(frames.joint_pos, lift_prior.joint_pos, atol=1e-6)
    np.testing.assert_allclose(frames.object_pos, lift_prior.object_pos_w, atol=1e-6)
    np.testing.assert_allclose(frames.body_pos[:, 0], lift_prior.root_pos_w, atol=1e-6)
    np.testing.assert_array_equal(frames.contact, lift_prior.contact[:, :2])


def smoothed(difference):
    return gaussian_filter1d(difference, 3.0, axis=0, mode="nearest")


@pytest.mark.parametrize("name", ["body", "object"])
def test_velocities_are_those_of_the_positions(reference, lift_prior, name):
    """Central differences, smoothed over three frames."""
    frames = reference.frames.take(np.arange(lift_prior.num_frames))
    pos = getattr(frames, f"{name}_pos").astype(float)
    vel = getattr(frames, f"{name}_lin_vel").astype(float)
    difference = smoothed(np.gradient(pos, DT, axis=0))
    scale = np.abs(vel).max()
    assert scale > 0.2
    np.testing.assert_allclose(vel, difference, atol=0.08 * scale)
    travelled = vel.sum(axis=0) * DT
    np.testing.assert_allclose(travelled, pos[-1] - pos[0], atol=0.01)


def test_a_steady_motion_has_its_own_velocity(scene, lift_prior):
    """The root slides at 0.5 m/s and turns at 1 rad/s while the joints stand still."""
    t = np.arange(60) * DT
    steady = cut(lift_prior, 0, 60, "steady")
    half = 0.5 * t
    zero = np.zeros_like(t)
    steady = dataclasses.replace(
        steady,
        joint_pos=np.tile(steady.joint_pos[0], (60, 1)),
        root_pos_w=np.stack([0.5 * t, zero, zero + 0.75], axis=1),
        root_quat_w=np.stack([np.cos(half), zero, zero, np.sin(half)], axis=1),
        object_pos_w=np.tile([0.5, 0.0, 0.25], (60, 1)),
        object_quat_w=np.tile([1.0, 0, 0, 0], (60, 1)),
    )
    _, qvel = generalized_motion(scene.model, steady)
    expected = np.zeros_like(qvel)
    expected[:, 0], expected[:, 5] = 0.5, 1.0
    np.testing.assert_allclose(qvel, expected, atol=1e-6)


def test_velocities_integrate_to_the_motion(scene, reference, lift_prior):
    """Integrating on the manifold for half a second stays within a centimetre."""
    first, steps = 60, 25
    qpos = reference.qpos[first].copy()
    for i in range(steps):
        mean = 0.5 * (reference.qvel[first + i] + reference.qvel[first + i + 1])
        mujoco.mj_integratePos(scene.model, qpos, mean, DT)
    np.testing.assert_allclose(qpos, reference.qpos[first + steps], atol=0.02)


def test_the_last_frame_is_held_at_rest(scene, lift_prior):
    longer = held(lift_prior, 50)
    assert longer.num_frames == lift_prior.num_frames + 50
    for field in PER_FRAME:
        values = getattr(longer, field)
        np.testing.assert_array_equal(values[:-50], getattr(lift_prior, field))
        np.testing.assert_array_equal(values[-50:], np.repeat(values[-1:], 50, axis=0))
    reference = build_reference(scene, [lift_prior], hold=1.0)
    assert reference.length[0] == longer.num_frames
    np.testing.assert_allclose(reference.qvel[-30:], 0.0, atol=1e-9)


def test_a_prior_without_a_tasks_label_is_named(scene, lift_prior):
    names = ("left_hand", *lift_prior.contact_names[2:])
    fewer = dataclasses.replace(
        lift_prior,
        contact=np.delete(lift_prior.contact, 1, axis=1),
        contact_names=names,
    )
    with pytest.raises(ValueError, match="'lift': no contact label 'right_hand'"):
        build_reference(scene, [fewer])


def test_commands_are_in_joint_order_with_velocities_of_the_root(reference, scene):
    j = scene.num_joints
    table = command_table(reference, j)
    assert table.shape == (len(reference.qpos), size(command_layout(j)))
    np.testing.assert_allclose(table[:, :j], reference.frames.joint_pos, atol=1e-6)
    rows = slice(reference.length[0])
    root, quat = reference.qpos[rows, :3], reference.qpos[rows, 3:7]
    in_world = rotations.rotate(quat, table[rows, j : j + 3])
    slope = smoothed(np.gradient(root, DT, axis=0))
    np.testing.assert_allclose(in_world, slope, atol=1e-5)
    turn = rotations.log(rotations.multiply(rotations.conjugate(quat[:-2]), quat[2:]))
    spin = smoothed(turn / (2 * DT))[10:-10]
    inner = slice(11, reference.length[0] - 11)
    np.testing.assert_allclose(table[inner, j + 3 : j + 6], spin, atol=1e-4)


def test_commands_carry_contact_and_progress_of_each_clip(reference, scene):
    table = command_table(reference, scene.num_joints)
    np.testing.assert_array_equal(table[:, -2], reference.frames.contact.max(axis=1))
    ends = reference.start + reference.length - 1
    np.testing.assert_array_equal(table[reference.start, -1], 0.0)
    np.testing.assert_array_equal(table[ends, -1], 1.0)
    steps = np.diff(table[: reference.length[0], -1])
    np.testing.assert_allclose(steps, 1 / (reference.length[0] - 1), rtol=1e-3)
