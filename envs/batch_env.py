"""Many simulations of one task behind Stable-Baselines3's `VecEnv`.

`mujoco.batch.Batch` steps all simulations on a C++ thread pool; everything around it
works on whole arrays. PD controllers get `PriorControl`'s targets plus scaled actions,
clamped to what motors are allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces
from mujoco.batch import Batch
from numpy.typing import NDArray

from assets.robot import RobotSpec
from envs import refiner_observation, terminations
from envs.balance import Balance
from envs.comparison import Comparison
from envs.episodes import Episodes
from envs.guard import Guard
from envs.motors import Motors, TargetLimits
from envs.observations import Sense, size
from envs.prior_control import PriorControl
from envs.quantities import Motion, measure, sensed
from envs.randomize import Randomization, Randomizer
from envs.reach import Reach
from envs.reference import Reference, build_reference
from envs.reset import noisy_starts
from envs.rewards.stack import RewardStack
from envs.state_pool import PoolSettings, StatePool
from envs.task import Task
from envs.variants import Variants, distinct, objects_of, task_scene
from envs.vec_adapter import SharedVecEnv
from perception.prior import Prior

Floats = NDArray[np.floating]

ACTION_LIMIT = 4.0
"""Actions are clipped to ±4, which asks for a motor's whole effort."""

_VELOCITY_STAGE = mujoco.mjtStage.mjSTAGE_VEL


class BatchEnv(SharedVecEnv):
    """`num_envs` simulations of `task` along `priors`, stepped on `threads` threads.

    Each simulation has the object of the clip that it follows (`variants`).

    Observations are the refiner's (`refiner_observation.layout`), actions `(N, J)`
    in units of `RobotSpec.action_scale`. `batch` is MuJoCo's; `sense()` gives what a
    robot would measure. `infos` of finished episodes carry `episode` (r, l, cause,
    from_start, clip) and SB3's `terminal_observation` and `TimeLimit.truncated`.
    A `reference` of another environment with this task, these priors and this
    `feedforward` spares building it again.
    """

    def __init__(
        self,
        task: Task,
        robot: RobotSpec,
        priors: Sequence[Prior],
        num_envs: int,
        *,
        threads: int = 0,
        seed: int = 0,
        feedforward: bool = True,
        balance: bool = True,
        reach: bool = True,
        pool: PoolSettings | None = None,
        randomization: Randomization | None = None,
        limits: TargetLimits | None = None,
        reference: Reference | None = None,
    ) -> None:
        self.task, self.robot = task, robot
        kinds, of_clip = distinct(objects_of(task, priors))
        scenes = [task_scene(task, robot, kind) for kind in kinds]
        self.scene = scenes[0]
        self.reference = reference or build_reference(
            self.scene, priors, feedforward=feedforward, hold=task.hold
        )
        self.rng = np.random.default_rng(seed)
        self.batch = Batch(self.scene.model, num_envs, threads, persistent=True)
        models = [scene.model for scene in scenes]
        self.variants = Variants(self.batch, kinds, models, of_clip)
        names = "qpos qvel ctrl qacc_warmstart sensordata actuator_force".split()
        bound = [self.batch.bind(name) for name in names]
        self._qpos, self._qvel, self._ctrl = bound[:3]
        self._warmstart, self._sensors, self._torque = bound[3:]
        self.world = (
            Randomizer(self.scene, self.batch, self.variants, randomization)
            if randomization
            else None
        )
        self.rewards = RewardStack(task.rewards, task.dt)
        self.pool = StatePool(
            self.reference, num_envs, robot.num_joints, pool or PoolSettings()
        )
        self.comparison = Comparison(task, robot, self.scene.feet, num_envs)
        self._scale = robot.array("action_scale").astype(np.float32)
        self.clip, self.time = np.zeros((2, num_envs), np.int64)
        self.last_action = self._actions = np.zeros((num_envs, robot.num_joints), "f4")
        self.sent = np.zeros((num_envs, robot.num_joints))
        self._motors = Motors(robot, limits or TargetLimits())
        self.control = PriorControl(
            self.reference, Balance() if balance else None, Reach() if reach else None
        )
        self.guard: Guard | None = None
        names = [row.name for row in task.terminations]
        self._exploded = names.index("exploded") if "exploded" in names else len(names)
        self.episodes = Episodes(num_envs, names)
        width = size(refiner_observation.layout(self.scene))
        super().__init__(
            num_envs,
            spaces.Box(-np.inf, np.inf, (width,), np.float32),
            spaces.Box(-ACTION_LIMIT, ACTION_LIMIT, (robot.num_joints,), np.float32),
        )

    @property
    def row(self) -> NDArray[np.int64]:
        """Row of each simulation's current reference frame."""
        return self.reference.rows(self.clip, self.time)

    def reset(self) -> Floats:
        """Start every simulation anew and observe."""
        ids = np.arange(self.num_envs)
        self._reset_sims(ids)
        self.now = self._measure(ids)
        return self._observe(ids, self.now)

    def targets(self, actions: Floats) -> Floats:
        """Joint targets `(N, J)` [rad] of actions at the current frames."""
        return self._base() + self._scale * actions

    def _base(self) -> Floats:
        """Targets of zero action."""
        state = self._qpos, self._qvel
        return self.control.targets(self.clip, self.time, state, self.now)

    def step_async(self, actions: Floats) -> None:
        """Keep the actions `(N, J)` for `step_wait`."""
        actions = np.nan_to_num(np.asarray(actions, np.float32))
        self._actions = actions.clip(-ACTION_LIMIT, ACTION_LIMIT)

    def step_wait(self) -> tuple[Floats, Floats, NDArray, list[dict[str, Any]]]:
        """Advance one control period; finished simulations start anew."""
        return self._advance(self.targets(self._actions))

    def advance(
        self, targets: Floats
    ) -> tuple[Floats, Floats, NDArray, list[dict[str, Any]]]:
        """As `step_wait`, with joint targets `(N, J)` [rad] from elsewhere.

        The action that counts is the one that would have asked for these targets,
        before the motors' limits clamp them.
        """
        self._actions = ((targets - self._base()) / self._scale).astype(np.float32)
        return self._advance(targets)

    def _advance(
        self, targets: Floats
    ) -> tuple[Floats, Floats, NDArray, list[dict[str, Any]]]:
        """One control period with targets that `_actions` ask for."""
        before, then = (np.array(self._qpos), np.array(self._qvel)), self.now
        measured = then.joint_pos, then.joint_vel
        self.sent = self._motors.clamp(targets, self.sent, *measured)
        self._simulate(self.sent)
        self.time += 1
        everyone = np.arange(self.num_envs)
        self.now = self._measure(everyone)
        reward, cause = self._judge(then.joint_vel)
        if self.guard is not None and (cause == self._exploded).any():
            ids = np.flatnonzero(cause == self._exploded)
            sizes = self.variants.sizes(self.clip)
            self.guard.keep(self.task, ids, before, self.sent, self.row, sizes)
        truncated = (cause < 0) & (self.time >= self.reference.length[self.clip] - 1)
        self.episodes.earned += reward
        self.last_action = self._actions
        past = self._qpos, self._qvel, self.last_action
        self.pool.record(self.row, *past, failed=cause >= 0)
        obs = self._observe(everyone, self.now)
        done = (cause >= 0) | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if done.any():
            ids = np.flatnonzero(done)
            self._report(ids, cause, truncated, obs, infos)
            self._reset_sims(ids)
            fresh = self._measure(ids)
            obs[ids] = self._observe(ids, fresh)
            for field in dataclasses.fields(Motion):
                getattr(self.now, field.name)[ids] = getattr(fresh, field.name)
        return np.nan_to_num(obs), reward, done, infos

    def _simulate(self, targets: Floats) -> None:
        """One control period of physics, in each simulation's own world."""
        if self.world is None:
            self._ctrl[:] = targets
            self.batch.step(nstep=self.task.substeps, stage=_VELOCITY_STAGE)
            return
        seconds = (self.time - self.episodes.begun) * self.task.dt
        self.world.push(seconds, np.any(self.now.contact, axis=1), self.rng)
        self.world.simulate(self._ctrl, targets, self.task.substeps)

    def _judge(self, joint_vel: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Rewards and ending terminations of the step from joint velocities to now."""
        ref, torque = self.reference.frames.take(self.row), np.array(self._torque, "f4")
        actions = self._actions, self.last_action
        step = self.comparison(joint_vel, self.now, ref, actions, torque)
        return self.rewards(step), terminations.evaluate(self.task.terminations, step)

    def sense(self) -> Sense:
        """What each simulated robot could measure now."""
        return sensed(self.now, self.comparison.anchor)

    def _measure(self, ids: NDArray) -> Motion:
        rows = slice(None) if len(ids) == self.num_envs else ids
        state = self._qpos[rows], self._qvel[rows], self._sensors[rows]
        return measure(self.scene, *state)

    def _observe(self, ids: NDArray, now: Motion) -> Floats:
        return refiner_observation.observe(
            self.scene,
            self.reference,
            now,
            self.clip[ids],
            self.time[ids],
            self.last_action[ids],
        )

    def _reset_sims(self, ids: NDArray) -> None:
        rows = self.pool.draw(ids, self.rng)
        self.clip[ids] = np.searchsorted(self.reference.start, rows, "right") - 1
        self.time[ids] = rows - self.reference.start[self.clip[ids]]
        self.episodes.begin(ids, self.time[ids])
        qpos, qvel = self.pool.qpos[rows], self.pool.qvel[rows]
        first = np.flatnonzero(self.time[ids] == 0)
        qpos[first] = noisy_starts(
            qpos[first], self.task.reset_noise, self.comparison.joint_range, self.rng
        )
        self._qpos[ids], self._qvel[ids] = qpos, qvel
        self.sent[ids] = self._ctrl[ids] = qpos[:, 7 : 7 + self.robot.num_joints]
        self._warmstart[ids] = 0.0
        self.comparison.air[ids] = 0.0
        self.variants.assign(ids, self.clip[ids])
        if self.world is not None:
            self.world.draw(ids, self.clip[ids], self.rng)
        self.last_action = self.last_action.copy()
        self.last_action[ids] = self.pool.last_action[rows]
        self.batch.forward(ids)

    def _report(
        self,
        ids: NDArray,
        cause: NDArray,
        truncated: NDArray,
        obs: Floats,
        infos: list[dict[str, Any]],
    ) -> None:
        error = self.now.object_pos - self.reference.frames.object_pos[self.row]
        length = self.reference.length[self.clip]
        for i in ids:
            off = float(np.linalg.norm(error[i]))
            ended = int(cause[i]), int(self.time[i]), int(length[i])
            infos[i] = {
                "terminal_observation": np.nan_to_num(obs[i]),
                "TimeLimit.truncated": bool(truncated[i]),
                "episode": {
                    "clip": int(self.clip[i]),
                    **self.episodes.report(i, *ended, off),
                },
            }
