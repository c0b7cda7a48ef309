"""The command generator beside the loop: asked for a plan, it answers when it can.

The control loop never waits for it. `ThreadPlanner` computes in a thread of its own
(onnxruntime lets go of the interpreter while it computes); `InlinePlanner` at once,
for simulated time; `deploy.planning.plan_link.TopicPlanner` asks another process.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from envs import observations
from envs.observations import Sense
from policies.hierarchy import Network

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Request:
    """What a generator needs to know for one plan.

    | field | shape | unit | frame |
    |---|---|---|---|
    | serial | () | – | echoed by the plan |
    | command | (C,) | see command_layout | in force when the plan begins |
    | object_pos_b | (3,) | m | anchor body |
    | object_quat_b | (4,) | wxyz | anchor body |
    | goal_pos_b, goal_quat_b | (3,), (4,) | m, wxyz | anchor body; None without goal |
    """

    serial: int
    command: Floats
    object_pos_b: Floats
    object_quat_b: Floats
    goal_pos_b: Floats | None = None
    goal_quat_b: Floats | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """The answer to request `serial`: commands `(horizon, C)`, evenly spaced."""

    serial: int
    commands: Floats


class Planner(Protocol):
    """Something that answers requests in its own time, never blocking the loop."""

    def ask(self, request: Request) -> None:
        """Want a plan; a request not yet taken up is replaced."""
        ...

    def answer(self) -> Plan | None:
        """The newest plan that came since the last call, if one did."""
        ...

    def close(self) -> None:
        """Stop; safe to call twice."""
        ...


def plan_for(generator: Network, request: Request) -> Plan:
    """Run the generator network on one request."""
    none, goal = np.zeros((1, 0)), request.goal_pos_b is not None
    sense = Sense(
        joint_pos=none,
        joint_vel=none,
        imu_quat_w=none,
        imu_gyro_b=none,
        object_pos_b=request.object_pos_b[None],
        object_quat_b=request.object_quat_b[None],
        goal_pos_b=None if request.goal_pos_b is None else request.goal_pos_b[None],
        goal_quat_b=None if request.goal_quat_b is None else request.goal_quat_b[None],
    )
    command = np.asarray(request.command, np.float32)[None]
    observation = observations.generator_observation(sense, command, goal=goal)
    return Plan(request.serial, np.asarray(generator(observation), np.float32)[0])


class InlinePlanner:
    """Answers at once, in the caller's thread: for simulated time."""

    def __init__(self, generator: Network) -> None:
        self._generator = generator
        self._plan: Plan | None = None

    def ask(self, request: Request) -> None:
        """Compute the plan now."""
        self._plan = plan_for(self._generator, request)

    def answer(self) -> Plan | None:
        """The plan, once."""
        plan, self._plan = self._plan, None
        return plan

    def close(self) -> None:
        """Nothing to stop."""


class ThreadPlanner:
    """Answers from a thread of its own; its error becomes the loop's at `answer`."""

    def __init__(self, generator: Network) -> None:
        self._generator = generator
        self._wanted: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[Plan | Exception] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Hand the request to the thread."""
        self._wanted.put(request)

    def answer(self) -> Plan | None:
        """The newest plan made since the last call; raises what the thread raised."""
        newest: Plan | None = None
        while not self._made.empty():
            made = self._made.get()
            if isinstance(made, Exception):
                raise made
            newest = made
        return newest

    def close(self) -> None:
        """End the thread after the plan in hand."""
        self._wanted.put(None)

    def _work(self) -> None:
        while True:
            request = self._wanted.get()
            while not self._wanted.empty() and request is not None:
                request = self._wanted.get()
            if request is None:
                return
            try:
                self._made.put(plan_for(self._generator, request))
            except Exception as error:
                self._made.put(error)
