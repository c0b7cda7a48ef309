import multiprocessing.connection
import os
import signal

import pytest

from assets.g1.spec import g1
from perception.person.pose_model import resolve_model
from perception.pool import Limits, Slot
from perception.worker import Job
from tests.perception.clips import pattern


@pytest.fixture(scope="module")
def model():
    try:
        return resolve_model()
    except ValueError as error:
        pytest.skip(str(error))


@pytest.fixture
def job(tmp_path, model):
    """A video in which nobody is found, after some seconds."""
    video = pattern(tmp_path / "nobody.mp4", 2.0, 15)
    return Job("nobody", video, "", tmp_path, g1(), model, "", 0.25, 1)


def patient(slot):
    """The record of the job that `slot` is at."""
    while True:
        multiprocessing.connection.wait([slot.waitable], 0.1)
        record = slot.result()
        if record is not None:
            return record


@pytest.fixture
def slot(request):
    slot = Slot(getattr(request, "param", Limits()))
    yield slot
    slot.close()


def test_a_worker_takes_one_video_after_another(slot, job):
    pids = set()
    for _ in range(2):
        slot.give(job)
        assert "no person found" in patient(slot).reason
        pids.add(slot.pid)
    assert len(pids) == 1


def test_a_crash_is_one_line_and_the_next_video_has_a_new_worker(slot, job):
    slot.give(job)
    crashed = slot.pid
    os.kill(crashed, signal.SIGSEGV)
    record = patient(slot)
    assert record.status == "failed"
    assert "the worker crashed at stage 'start' (SIGSEGV)" in record.reason
    slot.give(job)
    assert slot.pid != crashed
    assert "no person found" in patient(slot).reason


def test_a_worker_that_dies_between_videos_is_no_fault_of_the_next(slot, job):
    slot.give(job)
    patient(slot)
    os.kill(slot.pid, signal.SIGKILL)
    slot._process.join()
    slot.give(job)
    assert "no person found" in patient(slot).reason


@pytest.mark.parametrize("slot", [Limits(silence=1.0)], indirect=True)
def test_a_hang_is_given_up(slot, job):
    slot.give(job)
    os.kill(slot.pid, signal.SIGSTOP)
    record = patient(slot)
    assert record.status == "failed"
    assert record.reason == "stood still for 1 s at stage 'start'"


@pytest.mark.parametrize("slot", [Limits(memory=50.0)], indirect=True)
def test_a_memory_hog_is_given_up(slot, job):
    slot.give(job)
    record = patient(slot)
    assert record.status == "failed"
    assert record.reason.startswith("needed more than 50 MB of memory at stage")


def test_nothing_is_left_of_a_video_given_up(slot, job):
    left = [job.out / f".{job.name}.prior.npz.partial", job.out / "nobody.track.npz"]
    other = job.out / ".nobody2.prior.npz.partial"
    for file in (*left, other):
        file.touch()
    slot.give(job)
    os.kill(slot.pid, signal.SIGKILL)
    patient(slot)
    assert not any(file.exists() for file in left)
    assert other.exists()
