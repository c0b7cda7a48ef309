"""Polling for what another process does in its own time."""

import time

WAIT = 15.0


def until(condition, seconds=WAIT):
    """Poll `condition` until it gives something; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False
