"""The robot's own lengths, read off its model: what a plan has to be cut to."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray

from perception.retargeting.scene import RobotScene

Floats = NDArray[np.float64]

_SIDES = ("left", "right")
_FLAT = np.array([1.0, 0.0, 0.0, 0.0])


@dataclasses.dataclass(frozen=True)
class Body:
    """Lengths of the robot in its default pose.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | ankle_height | () | m | foot body above the floor with its sole flat |
    | toe, heel | () | m | sole's ends, ahead of the foot's body |
    | sole_width | () | m | half the sole's width |
    | hip_height | () | m | hip joints above the floor |
    | seat_drop | () | m | from the pelvis body down to what it sits on |
    | qpos | (nq,) | | the default pose, ankles' middle above the origin |
    """

    ankle_height: float
    toe: float
    heel: float
    sole_width: float
    hip_height: float
    seat_drop: float
    qpos: Floats

    @property
    def sole_middle(self) -> float:
        """Middle of the sole [m] ahead of the foot's body."""
        return (self.toe + self.heel) / 2


def measure_body(scene: RobotScene) -> Body:
    """Read the robot's lengths off its model."""
    robot, model = scene.robot, scene.model
    data = mujoco.MjData(model)
    origin = np.array([0.0, 0.0, robot.default_height])
    data.qpos[:] = scene.qpos(robot.array("default_pos"), origin, _FLAT)
    mujoco.mj_forward(model, data)
    ankles = [model.body(robot.contact_bodies[f"{s}_foot"]).id for s in _SIDES]
    middle = data.xpos[ankles].mean(axis=0)
    points, radius = sole_points(model, scene.feet[0])
    ankle_height = float((radius - points[:, 2]).max())
    hip = ankles[0]
    root = model.body(robot.root_body).id
    while model.body_parentid[hip] != root:
        hip = int(model.body_parentid[hip])
    floor = middle[2] - ankle_height
    qpos = data.qpos.copy()
    qpos[scene.root_qpos : scene.root_qpos + 3] -= [middle[0], middle[1], floor]
    seat, below = sole_points(model, scene.contact_geoms[-1][:1])
    return Body(
        ankle_height=ankle_height,
        toe=float(points[:, 0].max()),
        heel=float(points[:, 0].min()),
        sole_width=float(np.abs(points[:, 1]).max()),
        hip_height=float(data.xpos[hip, 2] - floor),
        seat_drop=float((below - seat[:, 2]).max()),
        qpos=qpos,
    )


def sole_points(model: mujoco.MjModel, geoms: NDArray[np.int_]) -> tuple[Floats, float]:
    """Where geoms of one body can touch: `(P, 3)` [m] in the body, and their radius.

    Spheres and capsules give their centres and ends, all others the corners of the
    box around them.
    """
    points: list[Floats] = []
    radius = 0.0
    for geom in geoms:
        kind, size = model.geom_type[geom], model.geom_size[geom]
        if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
            local, radius = np.zeros((1, 3)), float(size[0])
        elif kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
            local = np.array([[0.0, 0.0, size[1]], [0.0, 0.0, -size[1]]])
            radius = float(size[0])
        else:
            middle, half = model.geom_aabb[geom, :3], model.geom_aabb[geom, 3:]
            local = middle + CORNERS * half
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
        points.append(local @ turn.reshape(3, 3).T + model.geom_pos[geom])
    return np.concatenate(points), radius


CORNERS = np.array(np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0])).reshape(3, 8).T
"""Signs `(8, 3)` of a box's corners."""
