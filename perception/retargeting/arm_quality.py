"""How well an arm does what the hand did, in metres, radians and newton metres."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.gravity import GRAVITY
from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from perception.prior import RATE
from perception.retargeting.arm_ik import arm_geoms, object_geoms
from perception.retargeting.arm_path import PalmPath
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

LIFTED = 0.02
LIMITS = {
    "contact_gap_mean_m": 0.02,
    "path_error_mean_m": 0.05,
    "penetration_max_m": 0.02,
    "joint_limit_violation_rad": 1e-3,
    "joint_speed_over_limit": 1.0,
    "torque_over_limit": 1.0,
}


def measure_arm(
    model: mujoco.MjModel,
    robot: RobotSpec,
    obj: ObjectSpec,
    path: PalmPath,
    joints: Floats,
) -> dict[str, Any]:
    """Figures of an arm's motion as JSON values; `joints (T, J)` [rad].

    | figure | meaning |
    |---|---|
    | contact_gap_mean_m | between palm and object while it touches |
    | path_error_mean_m | between the palm and the hand's path, over the clip |
    | penetration_max_m | deepest of any part of the arm into the object |
    | joint_limit_violation_rad | farthest outside a joint's range |
    | joint_speed_over_limit | highest joint speed over what its motor can do |
    | torque_over_limit | highest torque, object in hand, over the motor's |
    | reasons | what rules the prior out |
    """
    gap, error, depth = _sweep(model, robot, path, joints)
    touching = gap[path.touching]
    speed = np.abs(np.diff(joints, axis=0)) * RATE / robot.array("velocity")
    over = np.maximum(joints - robot.array("upper"), robot.array("lower") - joints)
    torque = np.abs(_torques(model, robot, obj, path, joints)) / robot.array("effort")
    quality: dict[str, Any] = {
        "contact_gap_mean_m": float(touching.mean()) if len(touching) else 0.0,
        "path_error_mean_m": float(error.mean()),
        "penetration_max_m": float(depth),
        "joint_limit_violation_rad": float(max(over.max(), 0.0)),
        "joint_speed_over_limit": float(speed.max()),
        "torque_over_limit": float(torque.max()),
    }
    quality["reasons"] = [
        f"{key} is {quality[key]:.3g}, expected at most {limit:g}"
        for key, limit in LIMITS.items()
        if quality[key] > limit
    ]
    return quality


def _sweep(
    model: mujoco.MjModel, robot: RobotSpec, path: PalmPath, joints: Floats
) -> tuple[Floats, Floats, float]:
    """Palm's gap to the object and to its path `(T,)` [m], deepest penetration [m]."""
    data = mujoco.MjData(model)
    hand, links = arm_geoms(model, robot)
    obj, line = object_geoms(model), np.zeros(6)
    gap, error, depth = np.empty(len(joints)), np.empty(len(joints)), 0.0
    for t, q in enumerate(joints):
        data.qpos[:] = q
        data.mocap_pos[0] = path.object_pos_w[t]
        data.mocap_quat[0] = path.object_quat_w[t]
        mujoco.mj_kinematics(model, data)
        near = [
            min(mujoco.mj_geomDistance(model, data, g, o, 0.3, line) for o in obj)
            for g in (*hand, *links)
        ]
        gap[t] = max(min(near[: len(hand)]), 0.0)
        depth = max(depth, -min(near))
        palm = data.site(robot.palm_sites[0]).xpos
        error[t] = np.linalg.norm(palm - path.pos_w[t])
    return gap, error, depth


def _torques(
    model: mujoco.MjModel,
    robot: RobotSpec,
    obj: ObjectSpec,
    path: PalmPath,
    joints: Floats,
) -> Floats:
    """Joint torques `(T, J)` [N·m] of the motion, carrying what is lifted."""
    data = mujoco.MjData(model)
    speed = gaussian(np.gradient(joints, 1.0 / RATE, axis=0), 2.0)
    accel = gaussian(np.gradient(speed, 1.0 / RATE, axis=0), 2.0)
    up = path.object_pos_w[:, 2] > path.object_pos_w[:10, 2].mean() + LIFTED
    swift = np.gradient(path.object_pos_w, 1.0 / RATE, axis=0)
    force = gaussian(np.gradient(swift, 1.0 / RATE, axis=0), 3.0)
    force[:, 2] += GRAVITY
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    out, jacobian = np.empty_like(joints), np.zeros((3, model.nv))
    site = model.site(robot.palm_sites[0]).id
    for t in range(len(joints)):
        data.qpos[:], data.qvel[:], data.qacc[:] = joints[t], speed[t], accel[t]
        mujoco.mj_inverse(model, data)
        out[t] = data.qfrc_inverse
        if path.touching[t] and up[t]:
            mujoco.mj_jacSite(model, data, jacobian, None, site)
            out[t] += jacobian.T @ (obj.mass * force[t])
    return out
