"""What simulated robots sense, the goals of their clips included."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.batch_env import BatchEnv
from envs.observations import Sense
from perception.prior import Prior

Floats = NDArray[np.floating]


class Sensing:
    """`env.sense()`, with the goal of each simulation's clip where the task has goals.

    | field | shape | unit | frame |
    |---|---|---|---|
    | goal_pos_w, goal_quat_w | (K, 3), (K, 4) | m, wxyz | world of each of K clips |
    """

    def __init__(self, env: BatchEnv, priors: Sequence[Prior]) -> None:
        self.env = env
        self.goal_pos_w = np.array([p.goal_pos_w for p in priors], np.float32)
        self.goal_quat_w = np.array([p.goal_quat_w for p in priors], np.float32)
        self._anchor = env.robot.tracked_bodies.index(env.robot.anchor_body)

    def __call__(self) -> Sense:
        """What each robot could measure now; the goal is told in the anchor's frame."""
        env, sense = self.env, self.env.sense()
        if not env.task.goal:
            return sense
        pos, quat = rotations.relative(
            env.now.body_pos[:, self._anchor],
            env.now.body_quat[:, self._anchor],
            self.goal_pos_w[env.clip],
            self.goal_quat_w[env.clip],
        )
        return dataclasses.replace(sense, goal_pos_b=pos, goal_quat_b=quat)
