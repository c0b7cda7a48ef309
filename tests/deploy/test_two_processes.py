import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from deploy import processes, transport
from deploy.run import run_bundle
from deploy.safety import Mode
from deploy.simulated_robot import World
from deploy.wire import LowCmd
from tests.deploy.real_time import run_in_real_time
from tests.deploy.waiting import until


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


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_policy_that_dies_leaves_a_damped_robot(
    ending, bundle_path, sim_process, tmp_path, domain
):
    """SIGKILL: the robot's own watchdog. SIGTERM: the policy damps as it goes."""
    _, result = sim_process(duration=6.0)
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
    assert until(link.take, 40.0)
    time.sleep(0.5)
    policy.send_signal(ending)
    policy.wait()
    assert until(result.is_file, 40.0)
    seen = json.loads(result.read_text())
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
