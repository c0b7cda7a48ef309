"""How far a prior is from what physics can follow, in newtons, metres and radians."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from perception.prior import Prior
from perception.retargeting.inverse_dynamics import feed_forward
from perception.retargeting.scene import FLOOR, RobotScene, compile_scene

Floats = NDArray[np.float64]

GROUPS = {
    "hands": ("hand",),
    "forearms": ("wrist", "elbow"),
    "arms": ("shoulder",),
    "shins": ("shin", "knee", "linkage", "ankle", "foot"),
    "thighs": ("thigh", "hip"),
    "trunk": ("torso", "pelvis", "head", "waist"),
}
LIMITS = {
    "residual_mean_n": 5.0,
    "penetration_max_m": 0.03,
    "hand_gap_mean_m": 0.03,
    "foot_speed_max_m_s": 0.10,
    "joint_limit_violation_rad": 1e-3,
    "joint_speed_over_limit": 1.0,
}


def measure_quality(prior: Prior, robot: RobotSpec) -> dict[str, Any]:
    """Figures of a prior as JSON values; raises ValueError if it is hopeless.

    | figure | meaning |
    |---|---|
    | residual_mean_n, residual_p90_n | left on the floating bases, N and N·m together |
    | penetration_max_m | deepest into the object per group of bodies; feet: floor |
    | foot_speed_max_m_s | of the soles, which should stand still |
    | hand_gap_mean_m | between palms and object while contact is labelled |
    | joint_limit_violation_rad | farthest outside a joint's range |
    | joint_speed_over_limit | highest joint speed over what its motor can do |
    | torque_over_limit | highest torque over what its motor can give |
    | reasons | what rules the prior out; empty in one that is returned |
    """
    scene = compile_scene(robot, prior.object)
    torque, residual = feed_forward(prior, robot)
    depth, gap, feet = _sweep(scene, prior)
    speed = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * prior.fps
    over = np.maximum(
        prior.joint_pos - robot.array("upper"), robot.array("lower") - prior.joint_pos
    )
    quality: dict[str, Any] = {
        "residual_mean_n": float(residual.mean()),
        "residual_p90_n": float(np.quantile(residual, 0.9)),
        "penetration_max_m": depth,
        "foot_speed_max_m_s": float(speed.max()),
        "hand_gap_mean_m": float(gap.mean()) if len(gap) else 0.0,
        "joint_limit_violation_rad": float(max(over.max(), 0.0)),
        "joint_speed_over_limit": _joint_speed(prior, robot),
        "torque_over_limit": float((np.abs(torque) / robot.array("effort")).max()),
    }
    quality["reasons"] = _reasons(quality)
    if quality["reasons"]:
        msg = f"prior '{prior.name}': {'; '.join(quality['reasons'])}"
        raise ValueError(msg)
    return quality


def _joint_speed(prior: Prior, robot: RobotSpec) -> float:
    """Highest joint speed over its limit; above 1 no motor can follow."""
    speed = np.abs(np.diff(prior.joint_pos, axis=0)) * prior.fps
    return float((speed / robot.array("velocity")).max())


def _reasons(quality: dict[str, Any]) -> list[str]:
    """What rules the prior out, each with the figure found and the limit."""
    found = {
        **quality,
        "penetration_max_m": max(quality["penetration_max_m"].values()),
    }
    return [
        f"{name} is {found[name]:.3g}, expected at most {limit:g}"
        for name, limit in LIMITS.items()
        if found[name] > limit
    ]


def _sweep(scene: RobotScene, prior: Prior) -> tuple[dict[str, float], Floats, Floats]:
    """Deepest penetration [m] per group, palm gaps [m] in contact, feet `(T, F, 3)`."""
    model = scene.model
    data = mujoco.MjData(model)
    skip = {*map(int, scene.object_geoms), model.geom(FLOOR).id}
    geoms = [
        g
        for g in range(model.ngeom)
        if (model.geom_contype[g] | model.geom_conaffinity[g]) and g not in skip
    ]
    depth = dict.fromkeys([*GROUPS, "floor"], 0.0)
    gaps: list[float] = []
    feet = np.zeros((prior.num_frames, len(np.concatenate(scene.feet)), 3))
    for t in range(prior.num_frames):
        data.qpos[:] = scene.qpos(
            prior.joint_pos[t], prior.root_pos_w[t], prior.root_quat_w[t]
        )
        scene.place_object(data, prior.object_pos_w[t], prior.object_quat_w[t])
        mujoco.mj_kinematics(model, data)
        feet[t] = data.geom_xpos[np.concatenate(scene.feet)]
        for geom in geoms:
            near = _distance(scene, data, geom)
            group = _group(model.geom(geom).name or _body_name(model, geom))
            depth[group] = max(depth[group], -near)
            if geom in scene.hands and prior.contact[t, scene.hands.index(geom)]:
                gaps.append(max(near, 0.0))
        low = data.geom_xpos[np.concatenate(scene.feet), 2]
        sunk = model.geom_size[np.concatenate(scene.feet), 0] - low
        depth["floor"] = max(depth["floor"], float(sunk.max()))
    return depth, np.array(gaps), feet


def _distance(scene: RobotScene, data: mujoco.MjData, geom: int) -> float:
    """Distance [m] from a geom to the object, negative inside it, at most 0.2."""
    line = np.zeros(6)
    return min(
        mujoco.mj_geomDistance(scene.model, data, geom, int(part), 0.2, line)
        for part in scene.object_geoms
    )


def _group(name: str) -> str:
    for group, words in GROUPS.items():
        if any(word in name for word in words):
            return group
    return "trunk"


def _body_name(model: mujoco.MjModel, geom: int) -> str:
    return model.body(int(model.geom_bodyid[geom])).name
