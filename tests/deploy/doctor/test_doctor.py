import subprocess
import sys

from rich.console import Console

from deploy.doctor import doctor


def test_it_names_everything_and_advises_on_what_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ["numpy", "no-such-package"])
    console = Console(record=True, width=300)
    assert not doctor.doctor(console)
    text = console.export_text()
    assert "missing: no-such-package" in text
    for name in ("Python", "rendering", "DDS on loopback", "cores", "GPU", "ROS 2"):
        assert name in text


def test_no_backend_that_renders_is_a_finding_not_an_error(monkeypatch):
    def fails(*args, **kwargs):
        return subprocess.CompletedProcess(args, 1)

    monkeypatch.setattr(subprocess, "run", fails)
    finding = doctor._rendering()
    assert not finding.ok
    assert "libegl1" in finding.advice


def test_dds_reaches_itself():
    assert doctor._loopback().ok


def test_a_robot_is_looked_at_and_nothing_is_sent(bundle_path, domain, tmp_path):
    from deploy.doctor.robot_check import examine_robot
    from deploy.wire.motors import MODE_MACHINE

    words = f"--domain {domain} --wait 60 --bundle".split()
    module = [
        sys.executable,
        "-m",
        "deploy.simulation.robot_sim",
        *words,
        str(bundle_path),
    ]
    sim = subprocess.Popen(module)
    try:
        seen = {}
        for _ in range(10):
            seen = {f.name: f for f in examine_robot("lo", domain, listen=1.5)}
            if "machine" in seen and seen["object pose"].ok and seen["robot pose"].ok:
                break
        assert seen["who commands it"].ok
        assert seen["robot pose"].ok
        assert str(MODE_MACHINE) in seen["machine"].found
        assert sim.poll() is None
    finally:
        sim.kill()
        sim.wait()
    silent = {f.name: f for f in examine_robot("lo", domain + 1, listen=0.1)}
    assert not silent["robot state"].ok
    nowhere = list(examine_robot("eth99", domain + 2))
    assert "eth99" in nowhere[0].found
