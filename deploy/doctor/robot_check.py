"""`sugarmill doctor --robot INTERFACE`: a robot as seen from here. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from assets.g1.spec import g1
from deploy.control.guards import Guards, hardware
from deploy.dds import transport
from deploy.dds.poses import pose_arrays
from deploy.dds.ros_messages import PoseStamped_
from deploy.doctor.finding import Finding
from deploy.wire.inbox import Inbox
from deploy.wire.motors import MODE_MACHINE, motor_slots
from deploy.wire.records import LowState

LISTEN = 3.0
"""Seconds of listening."""


def examine_robot(
    interface: str, domain: int = transport.ROBOT_DOMAIN, listen: float = LISTEN
) -> Iterator[Finding]:
    """Listen on `interface` and judge what comes; never raises, never writes."""
    try:
        where = None if interface == "lo" else interface
        member = transport.participant(domain, where)
    except ValueError as error:
        yield Finding("robot", False, str(error), "name the interface to the robot")
        return
    robot, qos = g1(), transport.STATE_QOS
    inbox = Inbox(robot, motor_slots(robot))
    states = transport.Latest(member, transport.LOWSTATE, LowState, qos)
    poses = transport.Latest(member, transport.OBJECT_POSE, PoseStamped_, qos)
    watch = transport.WriterWatch(member, transport.LOWCMD)
    times: list[float] = []
    end = time.monotonic() + listen
    while time.monotonic() < end:
        message, pose, now = states.take(), poses.take(), time.monotonic()
        if pose is not None:
            inbox.pose(pose.header.frame_id, *pose_arrays(pose), now)
        if message is not None:
            inbox.low_state(message, now)
            times.append(now)
        time.sleep(0.0005)
    yield _writers(watch.others(None))
    yield _states(times, inbox, listen)
    state = inbox.state()
    if state is None:
        return
    found = Guards(robot, hardware()).find(state, state.stamp)
    tilt = found or "every joint in range, upright"
    yield Finding("robot pose", not found, tilt, "put it upright on the gantry")
    mode = inbox.mode_machine
    advice = f"a G1 with 29 joints says {MODE_MACHINE}: is this another machine?"
    yield Finding("machine", mode == MODE_MACHINE, f"mode_machine {mode}", advice)
    seen = state.object_stamp > -np.inf
    advice = "start the object tracker or motion capture"
    yield Finding("object pose", seen, "arrives" if seen else "none", advice, False)


def _writers(count: int) -> Finding:
    advice = "release the robot's own mode first (debug mode), end other programs"
    found = f"{count} writer(s) of {transport.LOWCMD}"
    return Finding("who commands it", count == 0, found, advice)


def _states(times: list[float], inbox: Inbox, listen: float) -> Finding:
    name = "robot state"
    if not times:
        refused = "".join(f"; {reason}" for reason in inbox.refused)
        found = f"nothing usable in {listen:.0f} s{refused}"
        return Finding(name, False, found, "is it on, and this the right interface?")
    gap = 1e3 * float(np.max(np.diff(times))) if len(times) > 1 else np.inf
    found = f"{len(times) / listen:.0f} Hz, longest gap {gap:.0f} ms"
    advice = "a gap beyond 80 ms stops the robot: wire it, quieten this machine"
    return Finding(name, len(times) > 50 * listen and gap < 80.0, found, advice)
