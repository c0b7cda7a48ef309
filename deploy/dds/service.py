"""A process that serves until it is told to stop, or until its parent is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType


def until_stopped() -> Callable[[], bool]:
    """Take SIGTERM and SIGINT; gives whether to go on. For the main thread."""
    parent, stopping = os.getppid(), False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return lambda: not stopping and os.getppid() == parent
