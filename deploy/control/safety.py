"""The last word before the motors: a latched state machine with reasons.

Pure: no clock, no transport, no threads. The caller brings the time and the newest
state, and gets a command that is always finite. Software damping is not an emergency
stop: a robot that is damped still falls.
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from assets.robot import RobotSpec
from deploy.backend import JointCommand, RobotState
from deploy.control.guards import Guards, Limits
from envs.motors import Motors

Floats = NDArray[np.float64]


class Mode(str, enum.Enum):  # noqa: UP042  Humble's Python has no StrEnum
    """What the robot is being told, and by whom."""

    def __str__(self) -> str:
        return self.value

    IDLE = "idle"
    """Damped, waiting to be told to stand."""
    STAND = "stand"
    """Moved to the skill's first pose, and held there."""
    BLEND = "blend"
    """From the pose held to the policy's targets."""
    RUN = "run"
    """The policy's targets, clamped."""
    DAMP = "damp"
    """Released on purpose; stays so until reset."""
    FAULT = "fault"
    """Released for a reason that is kept; stays so until reset."""


MOVING = (Mode.STAND, Mode.BLEND, Mode.RUN)


class Safety:
    """Modes, guards and clamps for one robot.

    `stand`, `activate`, `damp` and `reset` change the mode; `step` turns a target into
    a command and falls to FAULT, with `reason`, when a guard objects.
    """

    def __init__(self, robot: RobotSpec, limits: Limits | None = None) -> None:
        self.robot = robot
        self.limits = limits or Limits()
        self.mode = Mode.IDLE
        self.reason = ""
        self.clamped = 0
        self._guards = Guards(robot, self.limits)
        self._lower, self._upper = (robot.array(n) for n in ("lower", "upper"))
        self._motors = Motors(robot, self.limits)
        self._kp, self._kd = robot.array("kp"), robot.array("kd")
        self._since = 0.0
        self._held = robot.array("default_pos")
        self._sent = self._held
        self._goal = self._held
        self._last: float | None = None

    def stand(self, state: RobotState | None, now: float, pose: Floats) -> None:
        """Start to move to `pose (J,)` [rad]; ValueError if the state is unfit."""
        if self.mode is not Mode.IDLE:
            msg = f"cannot stand from {self.mode} ({self.reason or 'reset first'})"
            raise ValueError(msg)
        self._guards.reset()
        found = self._guards.find(state, now)
        if found or state is None:
            msg = f"cannot stand: {found}"
            raise ValueError(msg)
        self._held = self._sent = state.joint_pos.copy()
        self._goal = np.clip(pose, self._lower, self._upper)
        self._since, self._last, self.mode = now, now, Mode.STAND

    def activate(self, state: RobotState | None, now: float) -> None:
        """Start to blend from the pose held to the policy; ValueError if unfit."""
        if self.mode is not Mode.STAND:
            msg = f"cannot activate from {self.mode}: stand first"
            raise ValueError(msg)
        found = self._guards.find(state, now, needs_object=True)
        if found:
            msg = f"cannot activate: {found}"
            raise ValueError(msg)
        self._held = self._sent
        self._since, self.mode = now, Mode.BLEND

    def standing(self, now: float) -> bool:
        """Whether the move to the first pose has come to its end."""
        done = now - self._since >= self.limits.stand_time - 1e-9
        return self.mode is Mode.STAND and done

    def damp(self, reason: str) -> None:
        """Release on purpose; a fault stays a fault."""
        if self.mode is not Mode.FAULT:
            self.mode, self.reason = Mode.DAMP, reason

    def fault(self, reason: str) -> None:
        """Release because something is wrong; the first reason is kept."""
        if self.mode is not Mode.FAULT:
            self.mode, self.reason = Mode.FAULT, reason

    def reset(self) -> None:
        """Back to IDLE, from where the robot may stand again."""
        self.mode, self.reason, self._last = Mode.IDLE, "", None
        self._guards.reset()

    def check(self, state: RobotState | None, now: float) -> bool:
        """Whether the policy may be asked; falls to FAULT when a guard objects."""
        if self.mode not in MOVING:
            return False
        found = self._clock(now)
        needs_object = self.mode in (Mode.BLEND, Mode.RUN)
        found = found or self._guards.find(state, now, needs_object=needs_object)
        found = found or self._guards.follow(state, running=self.mode is Mode.RUN)
        if found:
            self.fault(found)
        return not found

    def step(
        self, state: RobotState | None, target: Floats | None, now: float
    ) -> JointCommand:
        """The command for this cycle; call `check` before it.

        `target (J,)` [rad] is the policy's wish; None while none is asked for one.
        """
        if self.mode not in MOVING or state is None:
            return self.damping()
        if self.mode is not Mode.STAND:
            found = self._unfit(target)
            if found:
                self.fault(found)
                return self.damping()
        q = self._clamp(self._wish(target, now), state)
        self._sent, self._last = q, now
        zero = np.zeros_like(q)
        return JointCommand(q, zero, zero, self._kp.copy(), self._kd.copy())

    def damping(self) -> JointCommand:
        """No stiffness, every joint braked: what every exit path sends."""
        zero = np.zeros_like(self._kd)
        return JointCommand(self._sent.copy(), zero, zero, zero, self._kd.copy())

    def _clock(self, now: float) -> str:
        gap = 0.0 if self._last is None else now - self._last
        if not 0.0 <= gap <= self.limits.max_gap:
            return f"control clock jumped by {gap:.3f} s"
        return ""

    def _unfit(self, target: Floats | None) -> str:
        if target is None:
            return "policy gave no target"
        if target.shape != self._held.shape:
            return f"policy gave targets of shape {target.shape}"
        if not np.isfinite(target).all():
            return "policy gave a target that is not finite"
        return ""

    def _wish(self, target: Floats | None, now: float) -> Floats:
        """Where this mode wants the joints: on the way from the held pose."""
        age = now - self._since
        if self.mode is Mode.STAND:
            share = _share(age, self.limits.stand_time)
            return self._held + share * (self._goal - self._held)
        assert target is not None
        share = _share(age, self.limits.blend_time)
        if self.mode is Mode.BLEND and share >= 1.0:
            self.mode = Mode.RUN
        wish = np.asarray(target, dtype=float)
        return wish if share >= 1.0 else self._held + share * (wish - self._held)

    def _clamp(self, wish: Floats, state: RobotState) -> Floats:
        """What the motors are allowed of it, counting what was cut."""
        measured = state.joint_pos, state.joint_vel
        q = np.asarray(self._motors.clamp(wish, self._sent, *measured), np.float64)
        self.clamped += int(np.count_nonzero(q != wish))
        return q


def _share(age: float, duration: float) -> float:
    """How much of a move is done after `age` [s]: 0 to 1, all at once for no time."""
    return 1.0 if duration <= 0.0 else min(max(age / duration, 0.0), 1.0)
