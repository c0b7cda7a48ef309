"""The hierarchy at run time: a command generator above a tracker, without reference.

Every 0.4 s the generator reads the object's pose and the command in force and plans
eight commands 0.1 s apart, of which four are executed (SUGAR, arXiv 2605.20373,
section 3.3). Between them the command is interpolated to the control rate, and the
tracker turns it and what it senses into joint targets. Batched over N robots, so
that evaluation and the robot run the same code; imports numpy alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from envs import observations
from envs.observations import Sense
from policies.contract import Contract

Floats = NDArray[np.floating]
Network = Callable[[Floats], Floats]


class Hierarchy:
    """State of N generator-and-tracker pairs.

    `tracker` maps (N, D_tracker) to actions (N, J); `generator` maps (N, D_generator)
    to plans (N, horizon, command). Call `reset`, then `step` once a control period.
    """

    def __init__(
        self, contract: Contract, tracker: Network, generator: Network, num: int
    ) -> None:
        robot = contract.robot
        self.contract = contract
        self.tracker = tracker
        self.generator = generator
        self.default_pos = robot.array("default_pos").astype(np.float32)
        self.action_scale = np.asarray(contract.action_scale, np.float32)
        self.initial = np.asarray(contract.initial_command, np.float32)
        frame = observations.size(observations.proprioception_layout(robot.num_joints))
        self.history = np.zeros((num, contract.history, frame), np.float32)
        self.last_action = np.zeros((num, robot.num_joints), np.float32)
        self.command = np.zeros((num, len(self.initial)), np.float32)
        self.knots = np.zeros((num, contract.execute + 1, len(self.initial)), "f4")
        self.tick = np.zeros(num, int)

    def reset(self, sense: Sense, ids: NDArray[np.integer] | None = None) -> None:
        """Start robots `ids` (default all) afresh: initial command, still history."""
        ids = np.arange(len(self.tick)) if ids is None else ids
        self.last_action[ids] = 0.0
        self.command[ids] = self.initial
        self.tick[ids] = 0
        frame = observations.proprioception(sense, self.default_pos, self.last_action)
        self.history[ids] = frame[ids, None]

    def step(self, sense: Sense) -> Floats:
        """Joint targets `(N, J)` [rad] for what N robots sense now."""
        self._plan(sense)
        self._interpolate()
        return self.track(sense)

    def track(self, sense: Sense) -> Floats:
        """Joint targets `(N, J)` [rad] that follow `self.command (N, C)` this tick."""
        frame = observations.proprioception(sense, self.default_pos, self.last_action)
        observations.push_history(self.history, frame)
        obs = observations.tracker_observation(self.command, self.history, sense)
        self.last_action = self._act(obs)
        self.tick += 1
        joints = self.command[:, : len(self.default_pos)]
        return joints + self.action_scale * self.last_action

    def _plan(self, sense: Sense) -> None:
        period = self.contract.execute * self.contract.ticks_per_command
        due = np.flatnonzero(self.tick % period == 0)
        if len(due) == 0:
            return
        goal = self.contract.goal is not None
        obs = observations.generator_observation(sense, self.command, goal=goal)[due]
        plan = self._generate(obs, due)
        self.knots[due, 0] = self.command[due]
        self.knots[due, 1:] = plan[:, : self.contract.execute]

    def _generate(self, obs: Floats, due: NDArray[np.integer]) -> Floats:
        """Plans `(n, horizon, command)` for the robots `due`."""
        del due
        return np.asarray(self.generator(obs), np.float32)

    def _act(self, obs: Floats) -> Floats:
        """Actions `(N, J)` for tracker observations."""
        return np.asarray(self.tracker(obs), np.float32)

    def _interpolate(self) -> None:
        """Set the command for this tick, one tick past the one before."""
        ticks = self.contract.ticks_per_command
        phase = self.tick % (self.contract.execute * ticks) + 1
        index, weight = phase // ticks, (phase % ticks / ticks).astype(np.float32)
        rows = np.arange(len(index))
        last = self.knots[rows, np.minimum(index + 1, self.contract.execute)]
        first = self.knots[rows, index]
        self.command = first + (last - first) * weight[:, None]
