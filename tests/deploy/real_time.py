"""Runs in real time on a machine that may stall: tried again, and and no bug."""

import shutil

import pytest

from deploy.run import run_bundle

TRIES = 5
STALLS = (" s old", "clock jumped")


def run_in_real_time(bundle, seconds, cycles, bag=None, **options):
    """One episode over DDS that reached `cycles`, or a skip: the machine stalls.

    An old state or a clock that jumped is what a stall looks like from inside the
    loop, and the guard is right to stop there. Any other early end is the test's to judge.
    """
    for _ in range(TRIES):
        if bag is not None:
            shutil.rmtree(bag, ignore_errors=True)
        run = run_bundle(bundle, "dds", seconds, quiet=True, bag=bag, **options)
        episode = run.episodes[0]
        if episode.cycles >= cycles or not any(map(episode.reason.count, STALLS)):
            return run
    pytest.skip(f"this machine stalls: {TRIES} of {TRIES} runs, {episode.reason}")
