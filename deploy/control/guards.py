"""Reasons to stop: what must be true of every state while motors are driven."""

from __future__ import annotations

import dataclasses

import numpy as np

from assets.robot import RobotSpec
from deploy.backend import RobotState
from envs.motors import TargetLimits
from envs.observations import gravity_in_body


@dataclasses.dataclass(frozen=True)
class Limits(TargetLimits):
    """How much is too much, beside what training already kept to (`TargetLimits`).

    The defaults suit simulation; `hardware` has slower beginnings.

    | field | unit | meaning |
    |---|---|---|
    | stand_time | s | from the pose found to the skill's first pose |
    | blend_time | s | from the pose held to the policy's targets |
    | max_gap | s | longest pause of the control loop |
    | max_age, max_object_age | s | oldest usable state and object pose |
    | max_tilt | rad | largest tilt of the root |
    | fall_tilt, fall_ahead | rad, s | tilted by more, and about to pass max_tilt |
    | max_jump | rad | joint position off where its own speed led, in one cycle |
    | range_margin | rad | how far beyond its range a joint may be read |
    | max_speed | – | joint speed over the joint's limit, any joint |
    | max_mean_speed | rad/s | joint speed, mean over joints |
    | patience | cycles | fast, falling or frozen for longer than this is a fault |
    """

    stand_time: float = 0.0
    blend_time: float = 0.3
    max_gap: float = 0.2
    max_age: float = 0.08
    max_object_age: float = 0.5
    max_tilt: float = 1.3
    fall_tilt: float = 0.6
    fall_ahead: float = 0.25
    max_jump: float = 0.3
    range_margin: float = 0.3
    max_speed: float = 1.5
    max_mean_speed: float = 8.0
    patience: int = 4


def hardware() -> Limits:
    """Limits for a real robot: it stands up slowly and blends in a full second."""
    return Limits(stand_time=3.0, blend_time=1.0)


LONGEST_STEP = 0.05
"""Between states further apart [s] than this no joint is expected anywhere."""


class Guards:
    """Checks one state at a time; remembers only what a streak needs."""

    def __init__(self, robot: RobotSpec, limits: Limits) -> None:
        self._robot = robot
        self._limits = limits
        self._lower = robot.array("lower") - limits.range_margin
        self._upper = robot.array("upper") + limits.range_margin
        self._speed = robot.array("velocity") * limits.max_speed
        self.reset()

    def reset(self) -> None:
        """Forget all streaks."""
        self._fast = self._frozen = self._falling = 0
        self._before: RobotState | None = None

    def find(
        self, state: RobotState | None, now: float, *, needs_object: bool = False
    ) -> str:
        """The first reason why `state` must not be used at `now`, or ''."""
        if state is None:
            return "no state from the robot"
        try:
            state.validate(self._robot.num_joints)
        except ValueError as error:
            return str(error)
        found = self._age("state", now - state.stamp, self._limits.max_age)
        found = found or self._finite(state) or self._body(state)
        if needs_object:
            found = found or self._object(state, now)
        return found

    def follow(self, state: RobotState | None, *, running: bool) -> str:
        """The reason why motion over the last cycles is amiss, or ''."""
        if state is None:
            return ""
        speed = np.abs(state.joint_vel)
        mean, limit = float(speed.mean()), self._limits.max_mean_speed
        fast = bool((speed > self._speed).any()) or mean > limit
        self._fast = self._fast + 1 if fast else 0
        if self._fast > self._limits.patience:
            worst = self._robot.joint_names[int(np.argmax(speed / self._speed))]
            return f"diverging: mean speed {mean:.1f} rad/s, {worst} {speed.max():.1f}"
        before, self._before = self._before, state
        found = self._jump(before, state) or self._fall(state)
        news = before is not None and state.stamp > before.stamp
        same = news and before is not None and _same(before, state)
        if news or not running:
            self._frozen = self._frozen + 1 if same and running else 0
        if not found and self._frozen > self._limits.patience:
            return f"state frozen for {self._frozen} cycles"
        return found

    def _jump(self, before: RobotState | None, state: RobotState) -> str:
        """A joint that is not where its speed led: a glitch, or joints exchanged."""
        if before is None or not 0.0 < state.stamp - before.stamp <= LONGEST_STEP:
            return ""
        mean_speed = 0.5 * (before.joint_vel + state.joint_vel)
        led = before.joint_pos + mean_speed * (state.stamp - before.stamp)
        off = np.abs(state.joint_pos - led)
        worst = int(np.argmax(off))
        if off[worst] <= self._limits.max_jump:
            return ""
        name = self._robot.joint_names[worst]
        return f"{name} jumped by {off[worst]:.2f} rad, limit {self._limits.max_jump}"

    def _fall(self, state: RobotState) -> str:
        """Tilted, and turning further so fast that the limit is soon passed."""
        gravity = gravity_in_body(state.imu_quat_w)
        tilt = _tilt(gravity)
        turning = gravity[0] * state.imu_gyro_b[1] - gravity[1] * state.imu_gyro_b[0]
        rate = turning / max(float(np.sin(tilt)), 0.1)
        soon = tilt + rate * self._limits.fall_ahead
        falling = tilt > self._limits.fall_tilt and soon > self._limits.max_tilt
        self._falling = self._falling + 1 if falling else 0
        if self._falling > self._limits.patience:
            return f"falling: tilted by {tilt:.2f} rad and turning at {rate:.1f} rad/s"
        return ""

    def _age(self, what: str, age: float, limit: float) -> str:
        if age > limit:
            return f"{what} is {age:.3f} s old, limit {limit} s"
        if not age >= -limit:
            return f"{what} is stamped {-age:.3f} s in the future"
        return ""

    def _finite(self, state: RobotState) -> str:
        for name in ("joint_pos", "joint_vel", "imu_quat_w", "imu_gyro_b"):
            if not np.isfinite(getattr(state, name)).all():
                return f"{name} is not finite"
        return _unit("imu_quat_w", state.imu_quat_w)

    def _body(self, state: RobotState) -> str:
        pos = state.joint_pos
        out = np.flatnonzero((pos < self._lower) | (pos > self._upper))
        if len(out):
            name, value = self._robot.joint_names[out[0]], pos[out[0]]
            return f"{name} reads {value:.2f} rad, far outside its range"
        tilt = _tilt(gravity_in_body(state.imu_quat_w))
        if tilt > self._limits.max_tilt:
            return f"root tilted by {tilt:.2f} rad, limit {self._limits.max_tilt}"
        return ""

    def _object(self, state: RobotState, now: float) -> str:
        if state.object_stamp == -np.inf:
            return "no object pose has arrived"
        age = now - state.object_stamp
        found = self._age("object pose", age, self._limits.max_object_age)
        if found:
            return found
        if not np.isfinite([*state.object_pos_b, *state.object_quat_b]).all():
            return "object pose is not finite"
        return _unit("object_quat_b", state.object_quat_b)


def _tilt(gravity: np.ndarray) -> float:
    """Angle [rad] between the body's vertical and the world's."""
    return float(np.arccos(np.clip(-gravity[2], -1.0, 1.0)))


def _same(a: RobotState, b: RobotState) -> bool:
    """Whether nothing at all moved."""
    fields = ("joint_pos", "joint_vel", "imu_gyro_b")
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in fields)


def _unit(name: str, quat: np.ndarray) -> str:
    norm = float(np.linalg.norm(quat))
    return "" if 0.9 < norm < 1.1 else f"{name} has norm {norm:.2f}, expected 1"
