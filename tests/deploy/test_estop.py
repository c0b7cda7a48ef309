import os
import pty
import subprocess
import sys

import pytest

from deploy.control.loop import Lockstep, drive
from deploy.control.runner import PolicyRunner
from deploy.control.safety import Mode
from deploy.dds import transport
from deploy.dds.lease import Lease, LeaseError
from deploy.dds.ros_messages import Bool_
from deploy.estop import Settings, Stop, press, stop_topic
from deploy.robots import known_robot
from deploy.simulation.mujoco_backend import MujocoBackend
from policies.bundle import Bundle
from tests.deploy.waiting import until


@pytest.fixture
def domain():
    """A domain of these tests alone: a stop stays on it for whoever comes later."""
    return 1 + os.getpid() % 40


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_a_key_stops_and_the_stop_latches(terminal):
    ours, theirs = terminal
    stop = Stop(fd=theirs)
    assert stop() == ""
    os.write(ours, b"xyz\n")
    assert until(lambda: stop() == "emergency stop from the keyboard")
    assert stop() == "emergency stop from the keyboard"


def test_a_message_stops_and_another_does_not_release(domain):
    stop = Stop(stop_topic(domain, None))
    assert stop() == ""
    member = transport.participant(domain, None)
    outlet = transport.writer(member, transport.ESTOP, Bool_, transport.LATCHED_QOS)
    assert until(lambda: outlet.write(Bool_(True)) or stop())
    outlet.write(Bool_(False))
    assert stop() == "emergency stop on rt/estop"


def test_the_stop_reaches_one_who_listens_later(domain):
    member = transport.participant(domain, None)
    outlet = transport.writer(member, transport.ESTOP, Bool_, transport.LATCHED_QOS)
    outlet.write(Bool_(True))
    assert until(Stop(stop_topic(domain, None)))


def test_pressing_says_whether_anybody_listened(domain):
    assert press(Settings(domain=domain, seconds=0.05)) == 0
    stop = Stop(stop_topic(domain, None))
    assert until(lambda: press(Settings(domain=domain, seconds=0.2)) >= 1)
    assert until(stop)


def test_a_stop_while_driving_is_a_fault_and_damping(bundle_path):
    bundle = Bundle.load(bundle_path)
    robot = known_robot(bundle.contract)
    backend, runner = MujocoBackend(bundle.contract, robot), None
    runner = PolicyRunner(bundle, robot)
    asked = iter([""] * 20 + ["emergency stop"] * 100)
    pacer = Lockstep(lambda: backend.time)
    telemetry = drive(backend, runner, pacer, 0.02, 100, lambda: next(asked))
    assert telemetry.cycles == 21
    assert (runner.safety.mode, runner.safety.reason) == (Mode.FAULT, "emergency stop")


HOLD = (
    "import time; from deploy.dds.lease import Lease; l = Lease({}); print(1, flush=1);"
)


def test_a_lease_has_one_holder_and_dies_with_it(domain):
    code = HOLD.format(domain) + "time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(LeaseError, match=f"process {holder.pid} commands DDS domain"):
        Lease(domain)
    holder.kill()
    holder.wait()
    lease = Lease(domain)
    with pytest.raises(LeaseError):
        Lease(domain)
    lease.release()
    lease.release()
    Lease(domain).release()
