import subprocess

from rich.console import Console

from deploy import doctor


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
