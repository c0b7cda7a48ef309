"""Made-up control steps, for terms and terminations."""

import dataclasses

import numpy as np

from assets import rotations
from envs.quantities import Motion, Step, yaw_frame
from envs.reference import Frames

N, J, B, C, F = 5, 7, 6, 2, 2
ANCHOR = 2


def _quats(rng, *shape):
    return rotations.normalize(rng.normal(size=(*shape, 4)))


def motion(rng):
    """A random state whose root is body 0."""
    body_quat, root = _quats(rng, N, B), rng.normal(size=(N, B, 3))
    return Motion(
        joint_pos=rng.normal(size=(N, J)),
        joint_vel=rng.normal(size=(N, J)),
        root_quat=body_quat[:, 0],
        root_lin_vel_b=rng.normal(size=(N, 3)),
        root_ang_vel_b=rng.normal(size=(N, 3)),
        body_pos=root,
        body_quat=body_quat,
        body_lin_vel=rng.normal(size=(N, B, 3)),
        body_ang_vel=rng.normal(size=(N, B, 3)),
        object_pos=rng.normal(size=(N, 3)),
        object_quat=_quats(rng, N),
        object_lin_vel=rng.normal(size=(N, 3)),
        object_ang_vel=rng.normal(size=(N, 3)),
        contact=np.zeros((N, C)),
        touching=np.zeros((N, C)),
        robot_contacts=np.zeros(N),
        forbidden=np.zeros(N),
        feet_force=np.zeros((N, F)),
    )


def frames_of(now):
    """Reference frames in which everything is as in `now`."""
    shared = {f.name for f in dataclasses.fields(Frames)} - {"offset"}
    values = {name: getattr(now, name).copy() for name in shared}
    return Frames(offset=np.zeros_like(now.joint_pos), **values)


def step(now, ref, **changes):
    """A step without any effort whose joints have a range of ±10."""
    local_pos, local_quat = yaw_frame(now.body_pos, now.body_quat, ANCHOR)
    ref_pos, ref_quat = yaw_frame(ref.body_pos, ref.body_quat, ANCHOR)
    values = {
        "now": now,
        "ref": ref,
        "action": np.zeros((N, J)),
        "last_action": np.zeros((N, J)),
        "joint_acc": np.zeros((N, J)),
        "torque": np.zeros((N, J)),
        "anchor": ANCHOR,
        "end_effectors": np.array([1, 4]),
        "feet": np.array([1, 3]),
        "joint_range": np.array([[-10.0] * J, [10.0] * J]),
        "air_time": np.zeros((N, F)),
        "local_pos": local_pos,
        "ref_local_pos": ref_pos,
        "local_quat": local_quat,
        "ref_local_quat": ref_quat,
    }
    return Step(**{**values, **changes})


def moved(values, yaw, shift):
    """The same `Motion` or `Frames`, turned about world Z and moved on the floor."""
    q = rotations.from_yaw(yaw)
    changes = {}
    for field in dataclasses.fields(values):
        old, name = getattr(values, field.name), field.name
        if name.endswith("quat"):
            changes[name] = rotations.multiply(q, old)
        elif name.endswith("_b") or name.startswith("joint"):
            continue
        elif name.endswith("_vel"):
            changes[name] = rotations.rotate(q, old)
        elif name.endswith("_pos"):
            changes[name] = rotations.rotate(q, old) + shift
    return dataclasses.replace(values, **changes)
