"""How far a prior is from what physics can follow, in newtons, metres and radians."""

from __future__ import annotations

import dataclasses
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from assets.robot import RobotSpec
from perception.prior import CONTACT_NAMES, Prior
from perception.retargeting.body import sole_points
from perception.retargeting.clearance import self_pairs
from perception.retargeting.feasible import zero_moment_point
from perception.retargeting.inverse_dynamics import feed_forward
from perception.retargeting.scene import RobotScene, compile_scene

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
    "penetration_max_m": 0.02,
    "self_penetration_max_m": 0.05,
    "contact_gap_mean_m": 0.02,
    "foot_speed_max_m_s": 0.05,
    "joint_limit_violation_rad": 1e-3,
    "joint_speed_over_limit": 1.0,
}
STANDING = 0.004
"""Height [m] of a sole below which its foot should stand still."""
BEARING = 0.02
"""Height [m] of a sole below which its foot may bear weight."""
NEAR = 0.2
"""Distance [m] from the object from which on bodies are looked at."""


class PoorPriorError(ValueError):
    """A prior that nobody should learn from; it is in `prior`, with its quality."""

    def __init__(self, prior: Prior) -> None:
        super().__init__(f"prior '{prior.name}': {'; '.join(prior.quality['reasons'])}")
        self.prior = prior


def measure_quality(prior: Prior, robot: RobotSpec) -> dict[str, Any]:
    """Figures of a prior as JSON values; raises `PoorPriorError` if it is hopeless.

    | figure | meaning |
    |---|---|
    | residual_mean_n, residual_p90_n | left on the floating bases, N and N·m together |
    | penetration_max_m | deepest into the object per group of bodies; feet: floor |
    | self_penetration_max_m | deepest of the robot's limbs into each other |
    | foot_speed_max_m_s | of soles on the floor, which should stand still |
    | pressure_outside_p99_m | zero-moment point beyond the soles, on feet alone |
    | contact_gap_mean_m, contact_gap_max_m | from what touches to the object |
    | joint_limit_violation_rad | farthest outside a joint's range |
    | joint_speed_over_limit | highest joint speed over what its motor can do |
    | torque_over_limit | highest torque over what its motor can give |
    | reasons | what rules the prior out; empty in one that is returned |
    """
    scene = compile_scene(robot, prior.object)
    torque, residual = feed_forward(prior, robot)
    sweep = _Sweep(scene, prior)
    over = np.maximum(
        prior.joint_pos - robot.array("upper"), robot.array("lower") - prior.joint_pos
    )
    gaps = sweep.gaps or [0.0]
    quality: dict[str, Any] = {
        "residual_mean_n": float(residual.mean()),
        "residual_p90_n": float(np.quantile(residual, 0.9)),
        "penetration_max_m": sweep.depth,
        "self_penetration_max_m": sweep.self_depth,
        "foot_speed_max_m_s": sweep.foot_speed(prior.fps),
        "pressure_outside_p99_m": sweep.pressure_outside(prior),
        "contact_gap_mean_m": float(np.mean(gaps)),
        "contact_gap_max_m": float(np.max(gaps)),
        "joint_limit_violation_rad": float(max(over.max(), 0.0)),
        "joint_speed_over_limit": _joint_speed(prior, robot),
        "torque_over_limit": float((np.abs(torque) / robot.array("effort")).max()),
    }
    quality["reasons"] = _reasons(quality)
    if quality["reasons"]:
        raise PoorPriorError(dataclasses.replace(prior, quality=quality))
    return quality


def _joint_speed(prior: Prior, robot: RobotSpec) -> float:
    """Highest joint speed over its limit; above 1 no motor can follow."""
    speed = np.abs(np.diff(prior.joint_pos, axis=0)) * prior.fps
    return float((speed / robot.array("velocity")).max())


def _reasons(quality: dict[str, Any]) -> list[str]:
    """What rules the prior out, each with the figure found and the limit."""
    deepest = max(quality["penetration_max_m"].values())
    found = {**quality, "penetration_max_m": deepest}
    return [
        f"{name} is {found[name]:.3g}, expected at most {limit:g}"
        for name, limit in LIMITS.items()
        if found[name] > limit
    ]


class _Sweep:
    """Distances over a whole prior, in metres."""

    def __init__(self, scene: RobotScene, prior: Prior) -> None:
        model = scene.model
        self.scene, self.data = scene, mujoco.MjData(model)
        self.depth = dict.fromkeys([*GROUPS, "floor"], 0.0)
        self.self_depth = 0.0
        self.gaps: list[float] = []
        soles = [sole_points(model, geoms) for geoms in scene.feet]
        self.soles = np.zeros((prior.num_frames, 2, len(soles[0][0]), 3))
        feet = [int(model.geom_bodyid[geoms[0]]) for geoms in scene.feet]
        pairs = np.stack(self_pairs(scene), axis=1)
        parts = [
            (int(g), int(p)) for g in scene.robot_geoms for p in scene.object_geoms
        ]
        groups = {int(g): _group(_name(model, int(g))) for g in scene.robot_geoms}
        order = [prior.contact_names.index(name) for name in CONTACT_NAMES]
        for t, q in enumerate(scene.motion(prior)):
            self.data.qpos[:] = q
            mujoco.mj_kinematics(model, self.data)
            for side, (points, radius) in enumerate(soles):
                mat = self.data.xmat[feet[side]].reshape(3, 3)
                low = self.data.xpos[feet[side]] + points @ mat.T
                self.soles[t, side] = low - [0.0, 0.0, radius]
            near = self._distances(np.array(parts))
            for geom, gap in near.items():
                group = groups[geom]
                self.depth[group] = max(self.depth[group], -gap)
            for column, geoms in zip(order, scene.contact_geoms, strict=True):
                if prior.contact[t, column]:
                    gap = min(near.get(int(g), NEAR) for g in geoms)
                    self.gaps.append(max(gap, 0.0))
            own = self._distances(pairs, within=0.0)
            self.self_depth = max(self.self_depth, -min(own.values(), default=0.0))
        self.depth["floor"] = max(0.0, -float(self.soles[..., 2].min()))

    def _distances(
        self, pairs: NDArray[np.int_], within: float = NEAR
    ) -> dict[int, float]:
        """Least distance [m] of each first geom to its second ones, if within."""
        model, data = self.scene.model, self.data
        way = data.geom_xpos[pairs[:, 0]] - data.geom_xpos[pairs[:, 1]]
        reach = model.geom_rbound[pairs].sum(axis=1) + within
        close = pairs[(way**2).sum(axis=1) < reach**2]
        found: dict[int, float] = {}
        for a, b in close:
            gap = mujoco.mj_geomDistance(
                model, data, int(a), int(b), within + 1e-6, None
            )
            found[int(a)] = min(gap, found.get(int(a), NEAR))
        return found

    def foot_speed(self, fps: float) -> float:
        """Highest speed [m/s] along the floor of a foot that is flat on it."""
        down = np.max(self.soles[..., 2], axis=2) < STANDING
        both = down[1:] & down[:-1]
        speed = (
            np.linalg.norm(np.diff(self.soles[..., :2], axis=0), axis=-1).max(axis=2)
            * fps
        )
        return float(speed[both].max(initial=0.0))

    def pressure_outside(self, prior: Prior) -> float:
        """How far [m] beyond the standing soles the robot would press, 99th percentile.

        Motions that ask for it cannot be done: the robot would turn about the edge of
        its foot. Frames in which a seat bears weight, or no foot stands, do not count.
        """
        zmp = zero_moment_point(self.scene, self.scene.motion(prior))
        seated = prior.contact[:, prior.contact_names.index("pelvis")]
        outside = [
            _beyond(self.soles[t, stand, :, :2].reshape(-1, 2), zmp[t])
            for t, stand in enumerate(self.soles[..., 2].min(axis=2) < BEARING)
            if stand.any() and not seated[t]
        ]
        return float(np.quantile(np.maximum(outside, 0.0), 0.99)) if outside else 0.0


def _beyond(points: Floats, place: Floats) -> float:
    """How far [m] a place `(2,)` lies outside the hull of points `(P, 2)`, if it does.

    Where it lies inside the value is negative; near corners it is a little too small.
    """
    sides = ConvexHull(points).equations
    return float((sides[:, :2] @ place + sides[:, 2]).max())


def _group(name: str) -> str:
    for group, words in GROUPS.items():
        if any(word in name for word in words):
            return group
    return "trunk"


def _name(model: mujoco.MjModel, geom: int) -> str:
    return model.geom(geom).name or model.body(int(model.geom_bodyid[geom])).name
