"""Many simulations of one task behind Stable-Baselines3's `VecEnv`.

`mujoco.batch.Batch` steps all simulations on a C++ thread pool; everything around it
works on whole arrays. PD controllers get `PriorControl`'s targets plus scaled actions.
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
from envs.balance import WEIGHT_FORCE, Balance
from envs.guard import Guard
from envs.observations import Sense, size
from envs.prior_control import PriorControl
from envs.quantities import Motion, Step, measure, sensed, yaw_frame
from envs.randomize import Randomization, Randomizer
from envs.reach import Reach
from envs.reference import build_reference
from envs.reset import noisy_starts
from envs.rewards.stack import RewardStack
from envs.state_pool import PoolSettings, StatePool
from envs.symmetry import nearest_alike
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
    ) -> None:
        self.task, self.robot = task, robot
        kinds, of_clip = distinct(objects_of(task, priors))
        scenes = [task_scene(task, robot, kind) for kind in kinds]
        self.scene = scenes[0]
        self.reference = build_reference(
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
        bodies = robot.tracked_bodies
        self._anchor = bodies.index(robot.anchor_body)
        self._ends = np.array([bodies.index(b) for b in robot.end_effectors])
        self._feet = np.array([bodies.index(b) for b in self.scene.feet])
        ends = [robot.array("lower"), robot.array("upper")]
        self._range = np.stack(ends).astype(np.float32)
        self._scale = robot.array("action_scale").astype(np.float32)
        self.clip, self.time = np.zeros((2, num_envs), np.int64)
        self.last_action = np.zeros((num_envs, robot.num_joints), np.float32)
        self._from_start = np.zeros(num_envs, bool)
        self._return = np.zeros(num_envs)
        self._begun = np.zeros(num_envs, np.int64)
        self._air = np.zeros((num_envs, len(self._feet)), np.float32)
        self._actions = self.last_action
        self.control = PriorControl(
            self.reference, Balance() if balance else None, Reach() if reach else None
        )
        self.guard: Guard | None = None
        names = [row.name for row in task.terminations]
        self._exploded = names.index("exploded") if "exploded" in names else len(names)
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
        return self.advance(self.targets(self._actions))

    def advance(
        self, targets: Floats
    ) -> tuple[Floats, Floats, NDArray, list[dict[str, Any]]]:
        """As `step_wait`, with joint targets `(N, J)` [rad] from elsewhere.

        The action that counts is the one that would have asked for these targets.
        """
        self._actions = ((targets - self._base()) / self._scale).astype(np.float32)
        before = np.array(self._qpos), np.array(self._qvel)
        self._simulate(targets)
        self.time += 1
        everyone = np.arange(self.num_envs)
        self.now = self._measure(everyone)
        step = self._step(before[1])
        reward = self.rewards(step)
        cause = terminations.evaluate(self.task.terminations, step)
        if self.guard is not None and (cause == self._exploded).any():
            ids = np.flatnonzero(cause == self._exploded)
            sizes = self.variants.sizes(self.clip)
            self.guard.keep(self.task, ids, before, targets, self.row, sizes)
        truncated = (cause < 0) & (self.time >= self.reference.length[self.clip] - 1)
        self._return += reward
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
        seconds = (self.time - self._begun) * self.task.dt
        self.world.push(seconds, np.any(self.now.contact, axis=1), self.rng)
        self.world.simulate(self._ctrl, targets, self.task.substeps)

    def _landings(self) -> Floats:
        """Seconds in the air `(N, F)` of feet that land now, 0 for the others."""
        down = self.now.feet_force > WEIGHT_FORCE
        landed = np.where(down, self._air, 0.0)
        self._air = np.where(down, 0.0, self._air + np.float32(self.task.dt))
        return landed

    def sense(self) -> Sense:
        """What each simulated robot could measure now."""
        return sensed(self.now, self._anchor)

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

    def _step(self, qvel: Floats) -> Step:
        """The step from a state with velocities `qvel (N, nv)` to now."""
        joint_vel = qvel[:, 6 : 6 + self.robot.num_joints].astype(np.float32)
        now, ref = self.now, self.reference.frames.take(self.row)
        alike = nearest_alike(self.task.object.shape, ref.object_quat, now.object_quat)
        ref.object_quat[:] = alike
        local_pos, local_quat = yaw_frame(now.body_pos, now.body_quat, self._anchor)
        ref_pos, ref_quat = yaw_frame(ref.body_pos, ref.body_quat, self._anchor)
        return Step(
            now=now,
            ref=ref,
            action=self._actions,
            last_action=self.last_action,
            joint_acc=(now.joint_vel - joint_vel) / self.task.dt,
            torque=self._torque.astype(np.float32),
            anchor=self._anchor,
            end_effectors=self._ends,
            feet=self._feet,
            joint_range=self._range,
            air_time=self._landings(),
            local_pos=local_pos,
            ref_local_pos=ref_pos,
            local_quat=local_quat,
            ref_local_quat=ref_quat,
        )

    def _reset_sims(self, ids: NDArray) -> None:
        rows = self.pool.draw(ids, self.rng)
        self.clip[ids] = np.searchsorted(self.reference.start, rows, "right") - 1
        self.time[ids] = rows - self.reference.start[self.clip[ids]]
        self._from_start[ids] = self.time[ids] == 0
        qpos, qvel = self.pool.qpos[rows], self.pool.qvel[rows]
        first = np.flatnonzero(self._from_start[ids])
        qpos[first] = noisy_starts(
            qpos[first], self.task.reset_noise, self._range, self.rng
        )
        self._qpos[ids], self._qvel[ids] = qpos, qvel
        self._ctrl[ids] = qpos[:, 7 : 7 + self.robot.num_joints]
        self._warmstart[ids] = 0.0
        self._air[ids] = 0.0
        self.variants.assign(ids, self.clip[ids])
        if self.world is not None:
            self.world.draw(ids, self.clip[ids], self.rng)
        self.last_action = self.last_action.copy()
        self.last_action[ids] = self.pool.last_action[rows]
        self._return[ids] = 0.0
        self._begun[ids] = self.time[ids]
        self.batch.forward(ids)

    def _report(
        self,
        ids: NDArray,
        cause: NDArray,
        truncated: NDArray,
        obs: Floats,
        infos: list[dict[str, Any]],
    ) -> None:
        names = [row.name for row in self.task.terminations]
        error = self.now.object_pos - self.reference.frames.object_pos[self.row]
        reached = self.time / (self.reference.length[self.clip] - 1)
        for i in ids:
            infos[i] = {
                "terminal_observation": np.nan_to_num(obs[i]),
                "TimeLimit.truncated": bool(truncated[i]),
                "episode": {
                    "r": float(self._return[i]),
                    "l": int(self.time[i] - self._begun[i]),
                    "cause": "complete" if truncated[i] else names[cause[i]],
                    "from_start": bool(self._from_start[i]),
                    "clip": int(self.clip[i]),
                    "reached": float(reached[i]),
                    "object_error": float(np.linalg.norm(error[i])),
                },
            }
