import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from deploy.control.safety import Mode
from deploy.dds import transport
from deploy.session import processes
from deploy.session.run import run_bundle
from deploy.simulation.simulated_robot import World
from deploy.wire.records import LowCmd
from tests.deploy.real_time import TRIES, run_in_real_time
from tests.deploy.waiting import until

HEARD = 20
"""Commands that the link takes before the policy is ended: it drives by then."""


def die_by(ending, bundle, domain, result):
    """A policy that drives `robot_sim`, both in processes of their own, is ended.

    What the robot then saw; None if a stall had ended the policy before.
    """
    words = f"--domain {domain} --duration 6.0 --result {result} --bundle {bundle}"
    module = [sys.executable, "-m", "deploy.simulation.robot_sim"]
    code = (
        "from pathlib import Path; from deploy.session.run import run_bundle;"
        f"run_bundle(Path({str(bundle)!r}), 'dds', 60.0, domain={domain},"
        "spawn_sim=False, quiet=True)"
    )
    member = transport.participant(domain, None)
    topic, qos = transport.LOWCMD, transport.COMMAND_QOS
    link = transport.Latest(member, topic, LowCmd, qos)
    result.unlink(missing_ok=True)
    robot = subprocess.Popen([*module, *words.split()])
    driver = [sys.executable, "-c", code]
    policy = subprocess.Popen(driver, stderr=subprocess.DEVNULL)
    try:
        for _ in range(HEARD):
            assert until(lambda: link.take() or policy.poll() is not None, 40.0)
        before = policy.poll()
        policy.send_signal(ending)
        policy.wait()
        assert until(result.is_file, 40.0)
    finally:
        for process in (policy, robot):
            process.kill()
            process.wait()
    seen = json.loads(result.read_text())
    by_itself = ending == signal.SIGKILL and seen["released_s"] is not None
    return None if before is not None or by_itself else seen


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_policy_that_dies_leaves_a_damped_robot(
    ending, bundle_path, tmp_path, domain
):
    """SIGKILL: the robot's own watchdog. SIGTERM: the policy damps as it goes."""
    tries = (
        die_by(ending, bundle_path, domain, tmp_path / "result.json")
        for _ in range(TRIES)
    )
    seen = next(filter(None, tries), None)
    if seen is None:
        pytest.skip(f"this machine stalls: {TRIES} of {TRIES} policies stopped")
    assert seen["commands"] > 10
    if ending == signal.SIGKILL:
        assert seen["watchdog_trips"] >= 1
        assert seen["root_height_m"][-1] < 0.4
    else:
        assert seen["released_s"] is not None


def test_the_loop_over_two_processes_is_the_loop_in_one(bundle_path):
    here = run_bundle(bundle_path, "mujoco", 2.0, world=World(), quiet=True).episodes[0]
    there = run_in_real_time(bundle_path, 2.0, 100, world=World()).episodes[0]
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
    copy = tmp_path / "changed"
    shutil.copytree(bundle_path, copy)
    raw = bytearray((copy / "tracker.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / "tracker.onnx").write_bytes(raw)
    with pytest.raises(ValueError, match=r"tracker\.onnx: checksum differs") as caught:
        run_bundle(copy, "dds", quiet=True)
    assert "\n" not in str(caught.value)


def test_a_robot_process_that_cannot_start_is_told_at_once(bundle_path, monkeypatch):
    broken = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(processes, "_sim_command", lambda *_: broken)
    result = run_bundle(bundle_path, "dds", 1.0, world=World(), quiet=True)
    assert result.episodes[0].mode == Mode.FAULT
    assert "ended before it began" in result.episodes[0].reason
