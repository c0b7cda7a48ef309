"""Requests and plans as standard messages, by channel name.

A request travels as sensor_msgs/JointState on /command, a plan as
trajectory_msgs/JointTrajectory on /plan. Fields are read and written by name, so the
same lines serve DDS and ROS 2 messages; `serial` travels as the frame's name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.planning.planner import Plan, Request
from envs import observations
from policies.contract import Contract

Floats = NDArray[np.floating]

MOST_POINTS = 1000


def channels(contract: Contract) -> list[str]:
    """One name for each value of a command, joints first, in order."""
    names = list(contract.robot.joint_names)
    for name, length in observations.command_layout(len(names))[1:]:
        names += [name] if length == 1 else [f"{name}.{axis}" for axis in "xyz"]
    return names


def fill_request(message: Any, request: Request, names: Sequence[str]) -> Any:
    """Write `request` into a JointState and return it."""
    _stamp(message.header, request.serial)
    message.name = list(names)
    message.position = [float(v) for v in request.command]
    return message


def read_request(message: Any, names: Sequence[str], *poses: Floats) -> Request:
    """A JointState as a request; ValueError in one line if it is none.

    `poses` are the object's position and orientation, and the goal's if there is one.
    """
    values = _ordered(list(message.name), names, [list(message.position)])[0]
    serial = _serial(message.header)
    return Request(serial, values, *poses)


def fill_plan(
    message: Any, point: Callable[[], Any], plan: Plan, contract: Contract
) -> Any:
    """Write `plan` into a JointTrajectory, whose points `point` makes; return it."""
    _stamp(message.header, plan.serial)
    message.joint_names = channels(contract)
    points = []
    for index, command in enumerate(plan.commands):
        made = point()
        made.positions = [float(v) for v in command]
        nanoseconds = round(1e9 * (index + 1) / contract.command_hz)
        made.time_from_start.sec = nanoseconds // 10**9
        made.time_from_start.nanosec = nanoseconds % 10**9
        points.append(made)
    message.points = points
    return message


def read_plan(message: Any, names: Sequence[str]) -> Plan:
    """A JointTrajectory as a plan; ValueError in one line if it is none."""
    points = list(message.points)
    if not 1 <= len(points) <= MOST_POINTS:
        msg = f"plan: {len(points)} points, expected 1 to {MOST_POINTS}"
        raise ValueError(msg)
    rows = [list(point.positions) for point in points]
    return Plan(
        _serial(message.header), _ordered(list(message.joint_names), names, rows)
    )


def _ordered(found: list[str], names: Sequence[str], rows: list[list[float]]) -> Floats:
    """`rows` with their columns in the order of `names`, as float32 `(N, C)`."""
    place = {name: index for index, name in enumerate(found)}
    missing = [name for name in names if name not in place]
    if missing or len(place) != len(found) or len(found) != len(names):
        what = f"no '{missing[0]}'" if missing else "names twice, or too many"
        msg = f"command: {len(found)} channels, {what}; expected {len(names)}"
        raise ValueError(msg)
    if any(len(row) != len(found) for row in rows):
        msg = f"command: a row whose length is not that of its {len(found)} names"
        raise ValueError(msg)
    values = np.asarray(rows, np.float64)[:, [place[name] for name in names]]
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        msg = "command: a value that is not finite"
        raise ValueError(msg)
    return values


def _stamp(header: Any, serial: int) -> None:
    now = time.time_ns()
    header.stamp.sec, header.stamp.nanosec = now // 10**9, now % 10**9
    header.frame_id = str(serial)


def _serial(header: Any) -> int:
    text = str(header.frame_id)
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        msg = f"command: frame_id '{text[:20]}' is not a request's number"
        raise ValueError(msg)
    return int(text)
