"""The operator's stop: a key in this terminal, or /estop from anywhere; it latches.

This is software. It asks for damping; it does not cut power. `python -m deploy.estop`
presses it from another terminal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any

from deploy.dds import transport
from deploy.dds.ros_messages import Bool_

KEYS = b" \n\rq\x1b"
"""Space, Enter, q and Escape."""


class Stop:
    """Asked once a control period: the reason to stop, or ''; the first one latches."""

    def __init__(self, topic: transport.Latest | None = None, fd: int = -1) -> None:
        self._topic, self._fd = topic, fd
        self.reason = ""

    def __call__(self) -> str:
        """The reason to stop, or ''; never blocks."""
        if not self.reason:
            self.reason = self._pressed()
        return self.reason

    def _pressed(self) -> str:
        message = None if self._topic is None else self._topic.take()
        if message is not None and message.data:
            return f"emergency stop on {transport.ESTOP}"
        if self._fd >= 0 and select.select([self._fd], [], [], 0.0)[0]:
            typed = os.read(self._fd, 64)
            if not typed:
                self._fd = -1
            elif any(key in KEYS for key in typed):
                return "emergency stop from the keyboard"
        return ""


class Keyboard:
    """Context: the terminal's file descriptor, giving keys at once; -1 without one."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        self.fd = -1

    def __enter__(self) -> Keyboard:
        with contextlib.suppress(OSError, ValueError, termios.error):
            if sys.stdin.isatty() and os.getpgrp() == os.tcgetpgrp(sys.stdin.fileno()):
                self.fd = sys.stdin.fileno()
                self._before = termios.tcgetattr(self.fd)
                tty.setcbreak(self.fd)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)


def stop_topic(domain: int, interface: str | None) -> transport.Latest:
    """A reader of /estop."""
    member = transport.participant(domain, interface)
    return transport.Latest(member, transport.ESTOP, Bool_, transport.LATCHED_QOS)


@dataclasses.dataclass
class Settings:
    """Press the emergency stop of a robot: damping, not a power cut."""

    interface: str | None = None
    """Network interface; loopback if none is named."""
    domain: int = transport.LOOPBACK_DOMAIN
    """DDS domain; a robot's is 0."""
    seconds: float = 2.0
    """How long the stop stays on the network for late listeners."""


def press(settings: Settings) -> int:
    """Publish the stop; returns how many listened."""
    member = transport.participant(settings.domain, settings.interface)
    outlet = transport.writer(member, transport.ESTOP, Bool_, transport.LATCHED_QOS)
    end, heard = time.monotonic() + settings.seconds, 0
    while time.monotonic() < end:
        outlet.write(Bool_(True))
        heard = max(heard, len(outlet.get_matched_subscriptions()))
        time.sleep(0.02)
    return heard


if __name__ == "__main__":
    import tyro

    sys.exit(0 if press(tyro.cli(Settings)) else "nobody listened on /estop")
