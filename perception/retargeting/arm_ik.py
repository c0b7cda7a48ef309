"""Inverse kinematics of one arm: its palm along a path, clear of object and floor."""

from __future__ import annotations

import mink
import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from assets.scene import OBJECT_BODY, add_object, scene_spec
from perception.retargeting.arm_path import PalmPath
from perception.smoothing import gaussian

Floats = NDArray[np.float64]

STEPS, POLISH = 6, 2
SETTLE = 100
SIGMA = 3.0
CLEARANCE = 0.01
PALM_CLEARANCE = -0.001
MAX_STEP = 0.1
"""Joints turn by at most this [rad] in a step, so that they do not jump."""


def compile_arm(
    robot: RobotSpec, obj: ObjectSpec, base_height: float
) -> mujoco.MjModel:
    """The arm with its base at the origin, `base_height` [m] up, floor and object.

    The object is moved from outside.
    """
    spec = scene_spec(robot, None)
    spec.body(robot.root_body).pos = [0.0, 0.0, base_height]
    add_object(spec, obj, mocap=True)
    return spec.compile()


class ArmIK:
    """Follows palm positions and looks, within the joints' ranges, at any speed."""

    def __init__(self, model: mujoco.MjModel, robot: RobotSpec) -> None:
        self.model, self.robot = model, robot
        self.configuration = mink.Configuration(model)
        self.palm = mink.FrameTask(
            robot.palm_sites[0], "site", 1.0, np.array([0.1, 0.1, 0.0]), lm_damping=1e-4
        )
        self.posture = mink.PostureTask(model, cost=1e-3)
        self.posture.set_target(robot.array("default_pos"))
        speeds = dict.fromkeys(robot.joint_names, np.array([MAX_STEP]))
        self.bounds: list[mink.Limit] = [
            mink.ConfigurationLimit(model),
            mink.VelocityLimit(model, speeds),
        ]
        self.clearances = _clearances(model, robot)

    def follow(self, path: PalmPath) -> Floats:
        """Joint positions `(T, J)` [rad] along a path in the base's frame, smooth."""
        self.configuration.update(self.robot.array("default_pos"))
        out = np.empty((len(path.pos_w), self.robot.num_joints))
        for frame in range(len(out)):
            for _ in range(STEPS if frame else SETTLE):
                self._step(path, frame)
            out[frame] = self.configuration.q
        return gaussian(out, SIGMA)

    def polish(self, path: PalmPath, joints: Floats) -> Floats:
        """Put the palm back where smoothing moved it from, near `joints (T, J)`."""
        out = np.empty_like(joints)
        for frame, near in enumerate(joints):
            self.configuration.update(near)
            for _ in range(POLISH):
                self._step(path, frame)
            out[frame] = self.configuration.q
        return out

    def _step(self, path: PalmPath, frame: int) -> None:
        data = self.configuration.data
        data.mocap_pos[0] = path.object_pos_w[frame]
        data.mocap_quat[0] = path.object_quat_w[frame]
        self.configuration.update()
        self.palm.set_target(self._target(path, frame))
        tasks = [self.palm, self.posture]
        for limits in ([*self.bounds, *self.clearances], self.bounds):
            try:
                velocity = mink.solve_ik(
                    self.configuration, tasks, 1.0, "daqp", 1e-6, limits=limits
                )
            except mink.NoSolutionFound:
                continue
            self.configuration.integrate_inplace(velocity, 1.0)
            return

    def _target(self, path: PalmPath, frame: int) -> mink.SE3:
        """The palm's pose: z along the look, turned about it as little as possible."""
        now = self.configuration.data.site(self.robot.palm_sites[0]).xmat.reshape(3, 3)
        z = path.look_w[frame]
        x = now[:, 0] - (now[:, 0] @ z) * z
        if np.linalg.norm(x) < 1e-3:
            x = np.cross(now[:, 1], z)
        x /= np.linalg.norm(x)
        matrix = np.stack([x, np.cross(z, x), z], axis=1)
        turn = mink.SO3.from_matrix(matrix)
        return mink.SE3.from_rotation_and_translation(turn, path.pos_w[frame])


def object_geoms(model: mujoco.MjModel) -> list[int]:
    """Geoms of the object."""
    body = model.body(OBJECT_BODY).id
    return [int(g) for g in np.flatnonzero(model.geom_bodyid == body)]


def arm_geoms(model: mujoco.MjModel, robot: RobotSpec) -> tuple[list[int], list[int]]:
    """Geoms of the palm, and of the links that move."""
    palm = model.body(robot.contact_bodies["right_hand"]).id
    fixed = {0, model.body(robot.root_body).id, model.body(OBJECT_BODY).id}
    moving = [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) not in fixed]
    hand = [g for g in moving if model.geom_bodyid[g] == palm]
    return hand, [g for g in moving if g not in hand]


def _clearances(model: mujoco.MjModel, robot: RobotSpec) -> list[mink.Limit]:
    hand, links = arm_geoms(model, robot)
    obj, floor = object_geoms(model), [model.geom("floor").id]
    return [
        mink.CollisionAvoidanceLimit(
            model, [(links, obj), ([*links, *hand], floor)], 0.85, CLEARANCE, 0.08
        ),
        mink.CollisionAvoidanceLimit(model, [(hand, obj)], 0.85, PALM_CLEARANCE, 0.05),
    ]
