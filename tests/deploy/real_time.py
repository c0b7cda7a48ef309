"""Runs in real time on a machine that may stall: tried again, and no bug hidden."""

import shutil

import pytest

from deploy.control.safety import Mode
from deploy.session.run import run_bundle

TRIES = 5
STALLS = (" s old", "clock jumped")


def stalled(episode):
    """Whether safety stopped for what a stall looks like from inside the loop.

    Or fell because of one: the robot's own watchdog let it go.
    """
    seen = any(map(episode.reason.count, STALLS)) or episode.sim.get("watchdog_trips")
    return episode.mode == Mode.FAULT and bool(seen)


def run_in_real_time(bundle, seconds, cycles, bag=None, **options):
    """One episode over DDS that no stall of the machine ended, or a skip.

    Any other early end is the test's to judge: it comes with fewer than `cycles`.
    """
    reason = ""
    for _ in range(TRIES):
        if bag is not None:
            shutil.rmtree(bag, ignore_errors=True)
        run = run_bundle(bundle, "dds", seconds, quiet=True, bag=bag, **options)
        episode = run.episodes[0]
        if not stalled(episode):
            assert episode.cycles >= cycles, episode.reason
            return run
        reason = episode.reason
    pytest.skip(f"this machine stalls: {TRIES} of {TRIES} runs, {reason}")
