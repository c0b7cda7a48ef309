import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from deploy import transport
from deploy.backend import JointCommand
from deploy.dds_backend import BackendError, DdsBackend, joint_command, motor_slots
from deploy.messages import Header_, LowCmd_, Pose_, PoseStamped_
from deploy.robot_sim import pose_stamped
from deploy.run import run_bundle
from deploy.safety import Mode
from deploy.simulated_robot import World
from deploy.wire import LowCmd, LowState

WAIT = 15.0


def until(condition, seconds=WAIT):
    """Poll `condition` until it gives something; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


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


@pytest.fixture
def sim_process(bundle_path, domain, tmp_path):
    """Starts `robot_sim` in its own process; gives the process and its result file."""
    started = []

    def start(duration=2.0):
        result = tmp_path / "result.json"
        words = f"--domain {domain} --duration {duration} --result {result}".split()
        module = [sys.executable, "-m", "deploy.robot_sim", "--bundle", bundle_path]
        started.append(subprocess.Popen([*map(str, module), *words]))
        return started[-1], result

    yield start
    for process in started:
        process.kill()
        process.wait()


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


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_policy_that_dies_leaves_a_damped_robot(
    ending, bundle_path, sim_process, tmp_path, domain
):
    """SIGKILL: the robot's own watchdog. SIGTERM: the policy damps as it goes."""
    _, result = sim_process(duration=3.0)
    code = (
        "from pathlib import Path; from deploy.run import run_bundle;"
        f"run_bundle(Path({str(bundle_path)!r}), 'dds', 60.0, domain={domain},"
        "spawn_sim=False, quiet=True)"
    )
    policy = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    link = transport.Latest(
        transport.participant(domain, None),
        transport.LOWCMD,
        LowCmd,
        transport.COMMAND_QOS,
    )
    assert until(link.take)
    time.sleep(0.5)
    policy.send_signal(ending)
    policy.wait()
    assert until(result.is_file)
    seen = json.loads(result.read_text())
    assert seen["commands"] > 10
    if ending == signal.SIGKILL:
        assert seen["watchdog_trips"] == 1
        assert seen["root_height_m"][-1] < 0.4
    else:
        assert seen["released_s"] is not None


def test_the_loop_over_two_processes_is_the_loop_in_one(bundle_path):
    here = run_bundle(bundle_path, "mujoco", 2.0, world=World(), quiet=True).episodes[0]
    there = run_bundle(bundle_path, "dds", 2.0, world=World(), quiet=True).episodes[0]
    assert (there.mode, there.cycles) == (Mode.DAMP, 100)
    assert there.sim["rejected"] == there.sim["malformed"] == 0
    assert there.sim["released_s"] is not None
    rows = min(len(e.sim["root_height_m"]) for e in (here, there))
    assert rows > 80
    apart = np.subtract(
        here.sim["root_height_m"][:rows], there.sim["root_height_m"][:rows]
    )
    assert np.abs(apart).max() < 0.05


def test_a_changed_byte_is_one_line_and_no_motion(bundle_path, tmp_path):
    import shutil

    copy = tmp_path / "changed"
    shutil.copytree(bundle_path, copy)
    raw = bytearray((copy / "tracker.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / "tracker.onnx").write_bytes(raw)
    with pytest.raises(ValueError, match=r"tracker\.onnx: checksum differs") as caught:
        run_bundle(copy, "dds", quiet=True)
    assert "\n" not in str(caught.value)
