import contextlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from cyclonedds.core import DDSException

from deploy.backend import JointCommand
from deploy.dds import transport
from deploy.dds.dds_backend import DdsBackend
from deploy.dds.messages import LowCmd_
from deploy.dds.poses import pose_stamped
from deploy.dds.ros_messages import Header_, Pose_, PoseStamped_
from deploy.wire.motors import BackendError, joint_command, motor_slots
from deploy.wire.records import LowCmd, LowState
from tests.deploy.waiting import until


def hold(robot) -> JointCommand:
    zero = np.zeros(29)
    gains = robot.array("kp"), robot.array("kd")
    return JointCommand(robot.array("default_pos"), zero, zero, *gains)


@pytest.fixture
def backend(robot, domain):
    link = DdsBackend(robot, domain=domain)
    yield link
    link.close()


@pytest.fixture
def endpoints(domain):
    """The robot's side of the three topics."""
    member = transport.participant(domain, None)
    state, command = transport.STATE_QOS, transport.COMMAND_QOS
    return (
        transport.writer(member, transport.LOWSTATE, LowState, state),
        transport.writer(member, transport.OBJECT_POSE, PoseStamped_, state),
        transport.Latest(member, transport.LOWCMD, LowCmd, command),
    )


def low_state(tick: int, crc: bool = True) -> LowState:
    message = LowState()
    message.record["tick"], message.record["mode_machine"] = tick, 5
    message.record["imu_state"]["quaternion"] = (1.0, 0.0, 0.0, 0.0)
    message.record["motor_state"]["q"][:29] = 0.01 * np.arange(29)
    return message.seal() if crc else message


def test_state_and_commands_cross_in_joint_order(backend, endpoints, robot):
    states, _, commands = endpoints
    assert until(lambda: states.write(low_state(1)) or backend.read())
    state = backend.read()
    np.testing.assert_allclose(state.joint_pos, 0.01 * np.arange(29), rtol=1e-6)
    assert state.object_stamp == -np.inf
    assert np.isnan(state.object_pos_b).all()
    sent = hold(robot)
    messages = []
    until(
        lambda: backend.write(sent) or messages.append(commands.take()) or messages[-1]
    )
    assert messages[-1].is_sealed()
    assert messages[-1].record["mode_machine"] == 5
    assert list(messages[-1].record["motor_cmd"]["mode"]) == [1] * 29 + [0] * 6
    received = joint_command(messages[-1], motor_slots(robot))
    assert received is not None
    np.testing.assert_allclose(received.q, sent.q, rtol=1e-6)
    np.testing.assert_allclose(received.kp, sent.kp, rtol=1e-6)


def test_the_object_must_come_in_the_anchors_frame(backend, endpoints, make_state):
    states, poses, _ = endpoints
    ticks = iter(range(1, 10**6))

    def send(pose):
        return lambda: (
            states.write(low_state(next(ticks))),
            poses.write(pose),
            backend.read(),
        )[-1]

    foreign = PoseStamped_(Header_(frame_id="camera"), Pose_())
    step = send(foreign)
    assert until(lambda: step() and backend.refused)
    assert "frame 'camera', expected 'torso_link'" in str(backend.refused)
    assert backend.read().object_stamp == -np.inf
    turned = np.array([0.5, 0.5, -0.5, 0.5])
    step = send(pose_stamped(make_state(object_quat_b=turned), "torso_link"))
    assert until(lambda: step() and backend.read().object_stamp > 0)
    np.testing.assert_allclose(backend.read().object_quat_b, turned)


def test_corrupted_and_frozen_states_are_not_news(backend, endpoints):
    states, _, _ = endpoints

    def refuses(message, reason):
        def step():
            states.write(message)
            backend.read()
            return reason in backend.refused

        return step

    assert until(lambda: states.write(low_state(1, crc=False)) or backend.read())
    assert until(refuses(low_state(2), "LowState whose tick stands still"))
    seen = backend.read().stamp
    wrong, unsealed = low_state(3), low_state(4, crc=False)
    wrong.record["motor_state"]["q"][0] = unsealed.record["motor_state"]["q"][0] = 1.0
    assert until(refuses(wrong, "LowState with a wrong checksum"))
    count = backend.refused["LowState with a wrong checksum"]
    step = refuses(unsealed, "")
    assert until(lambda: step() or sum(backend.refused.values()) > count + 3)
    assert backend.read().stamp == seen
    assert backend.read().joint_pos[0] == 0.0


def test_commands_that_are_malformed_never_leave(backend, robot):
    good = hold(robot)
    for changes in ({"q": np.full(29, np.nan)}, {"kp": np.zeros(28)}):
        fields = {n: getattr(good, n) for n in ("q", "dq", "tau", "kp", "kd")}
        with pytest.raises(BackendError, match=next(iter(changes))):
            backend.write(JointCommand(**{**fields, **changes}))


def test_a_second_writer_of_commands_is_refused(backend, robot, domain):
    backend.write(hold(robot))
    member = transport.participant(domain, None)
    rival = transport.writer(member, transport.LOWCMD, LowCmd_, transport.COMMAND_QOS)
    assert until(backend.other_writers)
    with pytest.raises(BackendError, match="1 other writer"):
        backend.write(hold(robot))
    del rival
    assert until(lambda: not backend.other_writers())
    backend.write(hold(robot))


def test_unknown_interfaces_and_domains_are_named():
    with pytest.raises(ValueError, match="'eth99' does not exist here; there are lo"):
        transport.domain_config("eth99")
    with pytest.raises(ValueError, match="domain 233"):
        transport.participant(233, None)


def test_without_an_interface_nothing_leaves_loopback():
    config = transport.domain_config(None)
    assert 'name="lo" multicast="false"' in config
    assert "<AllowMulticast>false" in config


OWN_UDP_ADDRESSES = """
import json, os
from pathlib import Path
from deploy.dds import transport
member = transport.participant({domain}, None)
links = [os.readlink(f"/proc/self/fd/{{n}}") for n in range(3, 64)
         if os.path.lexists(f"/proc/self/fd/{{n}}")]
rows = [r.split() for r in Path("/proc/self/net/udp").read_text().splitlines()[1:]]
own = {{r[1].split(":")[0] for r in rows if f"socket:[{{r[9]}}]" in links}}
print(json.dumps(sorted(own)))
"""


def test_whatever_the_environment_says_packets_leave_on_loopback(domain):
    """A process told to use every interface still sends from 127.0.0.1 alone."""
    everywhere = (
        "<CycloneDDS><Domain><General><Interfaces><NetworkInterface "
        'autodetermine="true"/></Interfaces></General></Domain></CycloneDDS>'
    )
    run = subprocess.run(
        [sys.executable, "-c", OWN_UDP_ADDRESSES.format(domain=domain)],
        env={**os.environ, "CYCLONEDDS_URI": everywhere},
        capture_output=True,
        text=True,
    )
    receiving, sending = "00000000", "0100007F"
    assert json.loads(run.stdout) == [receiving, sending], run.stderr


class Garbage:
    """Random bytes that call themselves a message of some type."""

    def __init__(self, data):
        self.data = data

    def serialize(self, use_version_2=None):
        return self.data


def test_fuzzed_payloads_change_nothing(backend, endpoints, domain):
    states, _, _ = endpoints
    assert until(lambda: states.write(low_state(1)) or backend.read())
    before = backend.read()
    member = transport.participant(domain, None)
    rng = np.random.default_rng(0)
    for topic, message in (
        (transport.LOWSTATE, low_state(2)),
        (transport.OBJECT_POSE, PoseStamped_()),
    ):
        kind = type("Fuzz", (Garbage,), {"__idl__": type(message).__idl__})
        outlet = transport.writer(member, topic, kind, transport.STATE_QOS)
        good = message.serialize()
        for case in range(300):
            data = bytearray(good)
            for byte in rng.integers(4, len(data), 1 + case % 8):
                data[byte] = rng.integers(256)
            with contextlib.suppress(DDSException):  # some never pass the C library
                outlet.write(kind(bytes(data[: rng.integers(4, len(data) + 1)])))
            backend.read()
    after = backend.read()
    assert after.stamp == before.stamp
    np.testing.assert_array_equal(after.joint_pos, before.joint_pos)
    assert after.object_stamp == -np.inf
