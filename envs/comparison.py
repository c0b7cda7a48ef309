"""Robot beside prior: the `Step` that rewards and terminations judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.objects import Shape
from assets.robot import RobotSpec
from envs.balance import WEIGHT_FORCE
from envs.quantities import Motion, Step, yaw_frame
from envs.reference import Frames
from envs.symmetry import nearest_alike
from envs.task import Task

Floats = NDArray[np.floating]


class Comparison:
    """Assembles the steps of `num_envs` simulations.

    `air (N, F)` is how long each of `feet`, bodies by name, has been off the floor [s].
    """

    def __init__(
        self, task: Task, robot: RobotSpec, feet: tuple[str, ...], num_envs: int
    ) -> None:
        bodies = robot.tracked_bodies
        self._dt = task.dt
        self._shape: Shape = task.object.shape
        self.anchor = bodies.index(robot.anchor_body)
        self._ends = np.array([bodies.index(b) for b in robot.end_effectors])
        self._feet = np.array([bodies.index(b) for b in feet])
        ends = [robot.array("lower"), robot.array("upper")]
        self.joint_range = np.stack(ends).astype(np.float32)
        self.air = np.zeros((num_envs, len(feet)), np.float32)

    def __call__(
        self,
        joint_vel: Floats,
        now: Motion,
        ref: Frames,
        actions: tuple[Floats, Floats],
        torque: Floats,
    ) -> Step:
        """The step from joint velocities `(N, J)` [rad/s] to now.

        `actions` are this step's and the last one's, `torque (N, J)` [N·m] the motors'.
        """
        ref.object_quat[:] = nearest_alike(
            self._shape, ref.object_quat, now.object_quat
        )
        local_pos, local_quat = yaw_frame(now.body_pos, now.body_quat, self.anchor)
        ref_pos, ref_quat = yaw_frame(ref.body_pos, ref.body_quat, self.anchor)
        return Step(
            now=now,
            ref=ref,
            action=actions[0],
            last_action=actions[1],
            joint_acc=(now.joint_vel - joint_vel) / self._dt,
            torque=torque,
            anchor=self.anchor,
            end_effectors=self._ends,
            feet=self._feet,
            joint_range=self.joint_range,
            air_time=self._landings(now.feet_force),
            local_pos=local_pos,
            ref_local_pos=ref_pos,
            local_quat=local_quat,
            ref_local_quat=ref_quat,
        )

    def _landings(self, feet_force: Floats) -> Floats:
        """Seconds in the air `(N, F)` of feet that land now, 0 for the others."""
        down = feet_force > WEIGHT_FORCE
        landed = np.where(down, self.air, 0.0)
        self.air = np.where(down, 0.0, self.air + np.float32(self._dt))
        return landed
