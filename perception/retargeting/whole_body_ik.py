"""Whole-body inverse kinematics of a whole clip at once: smooth, clear, in balance.

Gauss-Newton over all frames. Every frame has its own targets; neighbours are tied by
joint accelerations, so that the normal equations are a band, solved in one go.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from assets import rotations
from perception.prior import RATE
from perception.retargeting.clearance import Clearance
from perception.retargeting.kinematics import kinematics
from perception.retargeting.plan import Plan
from perception.retargeting.scene import RobotScene
from perception.retargeting.walls import JointWalls, Walls
from perception.retargeting.weights import Weights

Floats = NDArray[np.float64]

JOINT_MARGIN = 0.05
ACTIVE_ROUNDS = 2
"""Solutions per iteration: what the first would break holds in the second."""
MOST = 0.4
"""How far [rad, m] an iteration may move a coordinate."""


class WholeBodyIK:
    """Solves plans for one robot and object."""

    def __init__(self, scene: RobotScene) -> None:
        self.scene = scene
        self.size = scene.object_dof
        model, robot = scene.model, scene.robot
        bodies = robot.contact_bodies
        self.feet = [model.body(bodies[f"{s}_foot"]).id for s in ("left", "right")]
        self.pelvis = model.body(robot.root_body).id
        self.torso = model.body(robot.anchor_body).id
        self.palms = [model.site(name).id for name in robot.palm_sites]
        self.palm_bodies = [int(model.site_bodyid[site]) for site in self.palms]
        self.of_leg = np.array([_moves(model, n, self.feet) for n in robot.joint_names])
        self.of_waist = np.array(
            [_moves(model, n, [self.torso]) for n in robot.joint_names]
        )
        self.shoulders = [
            scene.joint_dof[robot.joint_names.index(f"{s}_shoulder_pitch_joint")]
            for s in ("left", "right")
        ]

    def solve(
        self,
        plan: Plan,
        qpos: Floats,
        clearance: Clearance | None,
        *,
        iterations: int,
        weights: Weights | None = None,
        rate: float = RATE,
    ) -> Floats:
        """Configurations `(T, nq)` nearest to a plan, from `qpos (T, nq)`.

        `qpos` is the posture that free joints stay near; `clearance` keeps off what
        should not be touched.
        """
        qpos, w = qpos.copy(), weights or Weights()
        self.scene.place_object(qpos, plan.object_pos_w, plan.object_quat_w)
        posture = qpos[:, self.scene.joint_qpos].copy()
        for _ in range(iterations):
            hessian, gradient, walls = self._targets(plan, qpos, clearance, w)
            self._joints(plan, qpos, posture, hessian, gradient, w)
            walls = [*walls, self._ranges(qpos)]
            step, solved = np.zeros_like(gradient), None
            for _ in range(ACTIVE_ROUNDS):
                stiff, pull = hessian.copy(), gradient.copy()
                for wall in walls:
                    wall.push(stiff, pull, step)
                if solved is not None and np.array_equal(pull, solved):
                    break  # the same walls hold
                step, solved = self._step(qpos, stiff, pull, w, rate), pull
            largest = np.abs(step).max(axis=1, keepdims=True)
            self._move(qpos, step * np.minimum(1.0, MOST / (largest + 1e-9)))
        return qpos

    def _targets(
        self, plan: Plan, qpos: Floats, clearance: Clearance | None, w: Weights
    ) -> tuple[Floats, Floats, list[Walls]]:
        """Normal equations `(T, n, n)`, `(T, n)` of the tasks in space, and walls."""
        frames, n = len(qpos), self.size
        motion = kinematics(self.scene.model, qpos)
        bodies = [*self.feet, self.pelvis, self.torso]
        palm_pos, palm_quat = motion.site(self.palms)
        pos = np.concatenate([motion.pos[:, bodies], palm_pos], axis=1)
        quat = np.concatenate([motion.quat[:, bodies], palm_quat], axis=1)
        jac = motion.jacobians(pos, [*bodies, *self.palm_bodies])[..., :n]
        error, weight = self._errors(plan, pos, quat, w)
        stacked = (weight @ jac).reshape(frames, 36, n)
        residual = (weight @ error[..., None]).reshape(frames, 36, 1)
        com_rows = w.com * motion.com_jacobian(self.pelvis)[:, :2, :n]
        com_error = w.com * (plan.com_w - motion.com[:, self.pelvis, :2])
        stacked = np.concatenate([stacked, com_rows], axis=1)
        residual = np.concatenate([residual, com_error[..., None]], axis=1)
        turned = stacked.transpose(0, 2, 1)
        hessian, gradient = turned @ stacked, (turned @ residual)[..., 0]
        if clearance is None:
            return hessian, gradient, []
        return hessian, gradient, [Walls(*clearance.rows(motion, n), w.clear)]

    def _errors(
        self, plan: Plan, pos: Floats, quat: Floats, w: Weights
    ) -> tuple[Floats, Floats]:
        """Ways `(T, 6, 6)` to the targets and their weights `(T, 6, 6, 6)`.

        In order: left and right foot, pelvis, torso, left and right palm.
        """
        frames = len(pos)
        goal_pos = np.concatenate(
            [plan.foot_pos_w, plan.pelvis_pos_w[:, None], pos[:, 3:4], plan.palm_pos_w],
            axis=1,
        )
        goal_quat = np.concatenate(
            [
                plan.foot_quat_w,
                plan.pelvis_quat_w[:, None],
                plan.torso_quat_w[:, None],
                plan.palm_quat_w,
            ],
            axis=1,
        )
        error = np.concatenate(
            [goal_pos - pos, rotations.difference(goal_quat, quat)], axis=-1
        )
        weight = np.zeros((frames, 6, 6, 6))
        place, turn = weight[..., :3, :3], weight[..., 3:, 3:]
        eye = np.eye(3)
        place[:, :2], turn[:, :2] = w.foot_position * eye, w.foot_orientation * eye
        place[:, 2] = w.pelvis_position * plan.pelvis_weight[:, None] * eye
        turn[:, 2] = w.pelvis_orientation * eye
        turn[:, 3] = w.torso_orientation * eye
        share = plan.palm_weight[..., None, None]
        place[:, 4:] = w.palm_position * share * eye
        axis = plan.palm_normal_w
        along = axis[..., :, None] * axis[..., None, :]
        soft = w.palm_turn - w.palm_orientation
        turn[:, 4:] = share * (w.palm_orientation * eye + soft * along)
        return np.asarray(error, dtype=np.float64), weight

    def _joints(
        self,
        plan: Plan,
        qpos: Floats,
        posture: Floats,
        hessian: Floats,
        gradient: Floats,
        w: Weights,
    ) -> None:
        """Add posture, arm swing and a little damping."""
        scene, robot = self.scene, self.scene.robot
        joints = qpos[:, scene.joint_qpos]
        diagonal = np.full(hessian.shape[:2], w.damping**2)
        wanted = posture.copy()
        columns = list(scene.joint_dof)
        for side, dof in enumerate(self.shoulders):
            default = robot.default_pos[columns.index(dof)]
            free = 1.0 - plan.palm_weight[:, side]
            swung = default - plan.arm_swing[:, side]
            wanted[:, columns.index(dof)] += free * (
                swung - wanted[:, columns.index(dof)]
            )
        cost = np.where(self.of_leg, w.leg_posture, w.posture) ** 2
        cost[self.of_waist] = w.waist_posture**2
        diagonal[:, scene.joint_dof] += cost
        arms = scene.joint_dof[~(self.of_leg | self.of_waist)]
        diagonal[:, arms] += w.arm_damping**2
        gradient[:, scene.joint_dof] += cost * (wanted - joints)
        index = np.arange(self.size)
        hessian[:, index, index] += diagonal

    def _ranges(self, qpos: Floats) -> JointWalls:
        """The joints' ranges, less a margin, as walls."""
        scene, robot = self.scene, self.scene.robot
        joints = qpos[:, scene.joint_qpos]
        low = robot.array("lower") + JOINT_MARGIN - joints
        high = joints - robot.array("upper") + JOINT_MARGIN
        return JointWalls(scene.joint_dof, low, high)

    def _step(
        self, qpos: Floats, hessian: Floats, gradient: Floats, w: Weights, rate: float
    ) -> Floats:
        """The step `(T, n)` that solves the banded normal equations."""
        frames, n = gradient.shape
        bands = self._bands(hessian)
        velocity = self._velocity(qpos)
        cost = (w.acceleration * rate**2) ** 2
        curve = cost * np.diff(velocity, axis=0)
        gradient = gradient.copy()
        gradient[:-2] -= curve
        gradient[1:-1] += 2.0 * curve
        gradient[2:] -= curve
        bands[:-2, :, 0] += cost
        bands[1:-1, :, 0] += 4.0 * cost
        bands[2:, :, 0] += cost
        bands[:-2, :, n] -= 2.0 * cost
        bands[1:-1, :, n] -= 2.0 * cost
        bands[:-2, :, 2 * n] += cost
        rest = (w.still * rate) ** 2
        for a, b, v in ((0, 1, velocity[0]), (frames - 2, frames - 1, velocity[-1])):
            bands[[a, b], :, 0] += rest
            bands[a, :, n] -= rest
            gradient[a] += rest * v
            gradient[b] -= rest * v
        step = solveh_banded(
            bands.reshape(frames * n, 2 * n + 1).T,
            gradient.ravel(),
            overwrite_ab=True,
            lower=True,
            check_finite=False,
        )
        return step.reshape(frames, n)

    def _bands(self, hessian: Floats) -> Floats:
        """Lower bands `(T, n, 2n + 1)` of the block diagonal `(T, n, n)`.

        What stands in one column lies together, as the solver wants it: row `r` of
        column `c` is at `2n·c + r`, wherever r ≥ c.
        """
        frames, n = hessian.shape[:2]
        bands = np.zeros((frames, n, 2 * n + 1))
        skewed = bands.reshape(frames, -1)[:, : 2 * n * n].reshape(frames, n, 2 * n)
        skewed[..., :n] = np.triu(hessian)
        return bands

    def _velocity(self, qpos: Floats) -> Floats:
        """Differences `(T − 1, n)` of neighbours, in the frame of the first."""
        scene = self.scene
        a, b = qpos[:-1], qpos[1:]
        root = scene.root_qpos
        quat = slice(root + 3, root + 7)
        out = np.zeros((len(a), self.size))
        out[:, scene.joint_dof] = (b - a)[:, scene.joint_qpos]
        dof = scene.root_dof
        out[:, dof : dof + 3] = (b - a)[:, root : root + 3]
        turn = rotations.multiply(rotations.conjugate(a[:, quat]), b[:, quat])
        out[:, dof + 3 : dof + 6] = rotations.log(turn)
        return out

    def _move(self, qpos: Floats, step: Floats) -> None:
        """Take a step `(T, n)` in configurations, which change in place."""
        scene, root, dof = self.scene, self.scene.root_qpos, self.scene.root_dof
        qpos[:, scene.joint_qpos] += step[:, scene.joint_dof]
        qpos[:, root : root + 3] += step[:, dof : dof + 3]
        quat = slice(root + 3, root + 7)
        turned = rotations.multiply(
            qpos[:, quat], rotations.exp(step[:, dof + 3 : dof + 6])
        )
        qpos[:, quat] = rotations.normalize(turned)


def _moves(model: mujoco.MjModel, joint: str, bodies: list[int]) -> bool:
    """Whether a joint moves one of the bodies."""
    moved = int(model.joint(joint).bodyid[0])
    for body in bodies:
        while body:
            if body == moved:
                return True
            body = int(model.body_parentid[body])
    return False
