"""Whole-body inverse kinematics: feet, palms, posture and balance, off the object."""

from __future__ import annotations

import dataclasses

import mink
import mujoco
import numpy as np
from numpy.typing import NDArray

from perception.retargeting.scene import FLOOR, RobotScene

Floats = NDArray[np.float64]

ITERATIONS = 10
CLEARANCE = 0.012
ARM_CLEARANCE = 0.001
HAND_PENETRATION = 0.006
SELF_CLEARANCE = 0.005
JOINT_MARGIN = 0.05
JOINT_STEP = 0.05
"""How far [rad] an iteration may turn a joint."""
PUSH = 0.002
"""How far [m] an iteration moves a body that is too close to the object."""


@dataclasses.dataclass(frozen=True)
class Weights:
    """Costs of the tasks; positions per m, orientations per rad."""

    foot_position: float = 20.0
    foot_orientation: float = 5.0
    palm_position: float = 4.0
    palm_orientation: float = 0.8
    pelvis_height: float = 1.0
    pelvis_orientation: float = 0.1
    torso_orientation: float = 0.3
    com: float = 8.0
    posture: float = 0.05
    damping: float = 0.02


@dataclasses.dataclass(frozen=True)
class Frame:
    """What the robot should do in one frame.

    | field | shape | unit | frame |
    |---|---|---|---|
    | foot_pos_w, foot_quat_w | (2, 3), (2, 4) | m, wxyz | world, the feet's bodies |
    | palm_pos_w, palm_quat_w | (2, 3), (2, 4) | m, wxyz | world, the palm sites |
    | palm_weight | () | 0 to 1 | |
    | pelvis_height | () | m | world |
    | torso_quat_w | (4,) | wxyz | world |
    | com_w | (2,) | m | world x, y |
    | object_pos_w, object_quat_w | (3,), (4,) | m, wxyz | world |
    """

    foot_pos_w: Floats
    foot_quat_w: Floats
    palm_pos_w: Floats
    palm_quat_w: Floats
    palm_weight: float
    pelvis_height: float
    torso_quat_w: Floats
    com_w: Floats
    object_pos_w: Floats
    object_quat_w: Floats


class HeightTask(mink.Task):
    """Hold a body's origin at a height [m] above the floor."""

    def __init__(self, body: int, cost: float) -> None:
        super().__init__(cost=np.array([cost]))
        self.body = body
        self.height = 0.0

    def compute_error(self, configuration: mink.Configuration) -> Floats:
        """Height above the target `(1,)` [m]."""
        return np.array([configuration.data.xpos[self.body, 2] - self.height])

    def compute_jacobian(self, configuration: mink.Configuration) -> Floats:
        """Derivative of the height `(1, nv)`."""
        jac = np.empty((3, configuration.nv))
        mujoco.mj_jacBody(configuration.model, configuration.data, jac, None, self.body)
        return jac[2:]


class WholeBodyIK:
    """Solves frames in sequence, each from the last one's solution."""

    def __init__(self, scene: RobotScene, weights: Weights | None = None) -> None:
        w = weights or Weights()
        robot, model = scene.robot, scene.model
        self.scene = scene
        self.weights = w
        self.configuration = mink.Configuration(model)
        self.posture = mink.PostureTask(model, cost=w.posture)
        self.damping = mink.DampingTask(model, cost=w.damping)
        bodies = robot.contact_bodies
        self.feet = [
            mink.FrameTask(bodies[side], "body", w.foot_position, w.foot_orientation)
            for side in ("left_foot", "right_foot")
        ]
        self.palms = [
            mink.FrameTask(site, "site", w.palm_position, w.palm_orientation)
            for site in robot.palm_sites
        ]
        root, anchor = robot.root_body, robot.anchor_body
        self.pelvis = HeightTask(model.body(root).id, w.pelvis_height)
        self.upright = mink.FrameTask(root, "body", 0.0, w.pelvis_orientation)
        self.torso = mink.FrameTask(anchor, "body", 0.0, w.torso_orientation)
        self.com = mink.ComTask(np.array([w.com, w.com, 0.0]))
        steps = {name: JOINT_STEP for name in robot.joint_names}
        self.limits = [
            mink.ConfigurationLimit(model, min_distance_from_limits=JOINT_MARGIN),
            mink.VelocityLimit(model, steps),
            *_collision_limits(scene),
        ]

    @property
    def qpos(self) -> Floats:
        """The current configuration `(nq,)`."""
        return self.configuration.q.copy()

    def reset(self, qpos: Floats) -> None:
        """Start from a configuration `(nq,)`, which is the posture as well."""
        self.configuration.update(qpos)
        self.posture.set_target(qpos)

    def solve(
        self, frame: Frame, posture: Floats | None = None, iterations: int = ITERATIONS
    ) -> Floats:
        """The configuration `(nq,)` for one frame, from the current one."""
        self._set_targets(frame)
        if posture is not None:
            self.posture.set_target(posture)
        tasks = [
            *self.feet,
            *self.palms,
            self.pelvis,
            self.upright,
            self.torso,
            self.com,
            self.posture,
            self.damping,
        ]
        for _ in range(iterations):
            try:
                velocity = mink.solve_ik(
                    self.configuration, tasks, 1.0, "daqp", 1e-6, limits=self.limits
                )
            except mink.NoSolutionFound:
                velocity = mink.solve_ik(
                    self.configuration, tasks, 1.0, "daqp", 1e-6, limits=self.limits[:2]
                )
            self.configuration.integrate_inplace(velocity, 1.0)
        return self.qpos

    def keep_style(self, frame: Frame) -> Frame:
        """`frame` with the pelvis and the trunk where they are now."""
        data, robot = self.configuration.data, self.scene.robot
        return dataclasses.replace(
            frame,
            pelvis_height=float(data.body(robot.root_body).xpos[2]),
            torso_quat_w=data.body(robot.anchor_body).xquat.copy(),
        )

    def _set_targets(self, frame: Frame) -> None:
        data = self.configuration.data
        self.scene.place_object(data, frame.object_pos_w, frame.object_quat_w)
        self.configuration.update()
        for side in range(2):
            self.feet[side].set_target(
                _se3(frame.foot_pos_w[side], frame.foot_quat_w[side])
            )
            self.palms[side].set_target(
                _se3(frame.palm_pos_w[side], frame.palm_quat_w[side])
            )
            self.palms[side].set_position_cost(
                self.weights.palm_position * frame.palm_weight
            )
            self.palms[side].set_orientation_cost(
                self.weights.palm_orientation * frame.palm_weight
            )
        self.pelvis.height = frame.pelvis_height
        origin = np.zeros(3)
        self.upright.set_target(_se3(origin, frame.torso_quat_w))
        self.torso.set_target(_se3(origin, frame.torso_quat_w))
        self.com.set_target(np.array([*frame.com_w, 0.0]))


def _se3(pos: Floats, quat: Floats) -> mink.SE3:
    return mink.SE3.from_rotation_and_translation(mink.SO3(quat), pos)


def _collision_limits(scene: RobotScene) -> list[mink.Limit]:
    """Keep the robot off the object, the palms on it, and the arms off the legs."""
    model = scene.model
    of_object = [int(g) for g in scene.object_geoms]
    hands = list(scene.hands)
    feet = {int(g) for side in scene.feet for g in side}
    body = [
        g
        for g in range(model.ngeom)
        if model.geom_contype[g] | model.geom_conaffinity[g]
        and g not in {*of_object, *hands, *feet, model.geom(FLOOR).id}
    ]
    arms, trunk = _arms_and_trunk(scene, body)
    rest = [g for g in body if g not in arms]
    return [
        mink.CollisionAvoidanceLimit(
            model, [(rest, of_object)], 0.85, CLEARANCE, 0.10, -PUSH
        ),
        mink.CollisionAvoidanceLimit(
            model, [(arms, of_object)], 0.85, ARM_CLEARANCE, 0.05
        ),
        mink.CollisionAvoidanceLimit(
            model, [(hands, of_object)], 0.85, -HAND_PENETRATION, 0.05
        ),
        mink.CollisionAvoidanceLimit(
            model, [([*arms, *hands], trunk)], 0.85, SELF_CLEARANCE, 0.05
        ),
    ]


def _arms_and_trunk(scene: RobotScene, geoms: list[int]) -> tuple[list[int], list[int]]:
    """Split geoms into those within two bodies of a palm's forearm, and the rest."""
    model = scene.model
    forearm: set[int] = set()
    for hand in scene.hands:
        body = int(model.geom_bodyid[hand])
        for _ in range(4):
            forearm.add(body)
            body = int(model.body_parentid[body])
    shoulders = {int(model.body_parentid[b]) for b in forearm}
    arms = [g for g in geoms if model.geom_bodyid[g] in forearm]
    trunk = [g for g in geoms if model.geom_bodyid[g] not in forearm | shoulders]
    return arms, trunk
