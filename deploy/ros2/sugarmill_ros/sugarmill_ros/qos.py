"""Named qualities of service, the same on both ends of every topic."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)


def state(deadline: float = 0.0) -> QoSProfile:
    """For what is only of use while new: best effort, the last one alone.

    A `deadline` [s] is part of the bargain: a publisher that offers none is refused,
    and a real G1 offers none.
    """
    if deadline > 0.0:
        return _last(ReliabilityPolicy.BEST_EFFORT, deadline=Duration(seconds=deadline))
    return _last(ReliabilityPolicy.BEST_EFFORT)


def command() -> QoSProfile:
    """For commands, requests and plans: reliable, the last one alone."""
    return _last(ReliabilityPolicy.RELIABLE)


def latched() -> QoSProfile:
    """For the emergency stop: a late listener gets the last one."""
    return _last(
        ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
    )


def stream() -> QoSProfile:
    """For what people watch: reliable, a few of them."""
    return QoSProfile(
        depth=10,
        history=HistoryPolicy.KEEP_LAST,
        reliability=ReliabilityPolicy.RELIABLE,
    )


def _last(reliability: ReliabilityPolicy, **more: object) -> QoSProfile:
    return QoSProfile(
        depth=1, history=HistoryPolicy.KEEP_LAST, reliability=reliability, **more
    )
