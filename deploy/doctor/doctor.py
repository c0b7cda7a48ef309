"""`sugarmill doctor`: what this machine can do, and what to do about the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from deploy.control.loop import first_in_line
from deploy.dds import transport
from deploy.doctor.finding import Finding
from deploy.wire.records import LowCmd
from perception.person.pose_model import cache_path

PACKAGES = (
    "mujoco torch stable-baselines3 mediapipe mink onnxruntime cyclonedds numpy"
).split()
PYTHONS = ((3, 11), (3, 12))

_RENDER = (
    "import mujoco;"
    "m = mujoco.MjModel.from_xml_string('<mujoco><worldbody/></mujoco>');"
    "r = mujoco.Renderer(m, 8, 8); r.update_scene(mujoco.MjData(m)); r.render();"
    "r.close()"
)


def doctor(console: Console | None = None, robot: str | None = None) -> bool:
    """Print what was found and what to do next; whether all that is needed is there.

    With `robot`, an interface, a robot on it is looked at too; nothing is sent to it.
    """
    console = console or Console()
    table = Table("", "what", "found", "what to do", title="sugarmill doctor")
    findings = list(examine())
    if robot is not None:
        from deploy.doctor.robot_check import examine_robot

        findings += examine_robot(robot)
    for item in findings:
        mark = "[green]ok[/]" if item.ok else "[red]no[/]" if item.needed else "–"
        table.add_row(mark, item.name, item.found, "" if item.ok else item.advice)
    console.print(table)
    ready = all(item.ok for item in findings if item.needed)
    console.print(
        "Everything the demo needs is here: run [bold]sugarmill demo[/]"
        if ready
        else "Do what the last column says, then run [bold]sugarmill doctor[/] again"
    )
    return ready


def examine() -> Iterator[Finding]:
    """Look at everything, one finding at a time; never raises."""
    yield _python()
    yield _packages()
    yield _rendering()
    yield _loopback()
    yield from _machine()
    yield _pose_model()
    yield _real_time()
    yield _ros()


def _python() -> Finding:
    found = platform.python_version()
    supported = sys.version_info[:2] in PYTHONS
    return Finding("Python", supported, found, "use Python 3.11 or 3.12")


def _packages() -> Finding:
    versions: list[str] = []
    missing: list[str] = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    advice = f"pip install -e . (missing: {', '.join(missing)})"
    return Finding("packages", not missing, ", ".join(versions), advice)


def _rendering() -> Finding:
    """Try each GL backend in a process of its own: a bad one may abort."""
    for backend in ("egl", "osmesa"):
        try:
            run = subprocess.run(
                [sys.executable, "-c", _RENDER],
                env={**os.environ, "MUJOCO_GL": backend},
                capture_output=True,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if run.returncode == 0:
            return Finding("rendering", True, f"MUJOCO_GL={backend} works")
    advice = "apt-get install libegl1 libgl1 (or libosmesa6), as root"
    return Finding("rendering", False, "neither EGL nor OSMesa works", advice)


def _loopback() -> Finding:
    """Send one message to ourselves on a domain of our own."""
    name, advice = "DDS on loopback", "is the interface 'lo' up? try: ip link set lo up"
    try:
        member = transport.participant(transport.private_domain(), None)
        inbox = transport.Latest(member, "rt/doctor", LowCmd, transport.COMMAND_QOS)
        outbox = transport.writer(member, "rt/doctor", LowCmd, transport.COMMAND_QOS)
        sent = time.monotonic()
        while time.monotonic() - sent < 2.0:
            outbox.write(LowCmd().seal())
            if inbox.take() is not None:
                return Finding(name, True, "a LowCmd went out and came back")
            time.sleep(0.005)
    except Exception as error:
        return Finding(name, False, str(error).splitlines()[0][:80], advice)
    return Finding(name, False, "nothing came back in 2 s", advice)


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    yield Finding("cores", cores >= 2, str(cores), "2 or more make it bearable")
    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    gigabytes = page * pages / 2**30
    yield Finding("memory", gigabytes > 3.5, f"{gigabytes:.1f} GiB", "4 GiB are needed")
    gpu = _said(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    advice = "not needed: everything runs on the CPU"
    yield Finding("GPU", bool(gpu), gpu or "none", advice, needed=False)


def _pose_model() -> Finding:
    chosen = os.environ.get("SUGARMILL_POSE_MODEL") or str(cache_path())
    there = os.path.isfile(chosen)
    advice = "fetched by itself on first use; or set SUGARMILL_POSE_MODEL to a file"
    found = chosen if there else "not cached yet"
    return Finding("pose model", there, found, advice, needed=False)


def _real_time() -> Finding:
    with first_in_line() as granted:
        found = "granted" if granted else "refused"
    advice = "for a steady loop on a busy machine: ulimit -r 5, or CAP_SYS_NICE"
    return Finding("real-time scheduling", granted, found, advice, needed=False)


def _ros() -> Finding:
    distribution = os.environ.get("ROS_DISTRO", "")
    has_rclpy = importlib.util.find_spec("rclpy") is not None
    found = f"{distribution or 'unknown'}, rclpy importable" if has_rclpy else "none"
    advice = "not needed: DDS speaks ROS 2's wire; else source ROS 2's setup.bash"
    return Finding("ROS 2", has_rclpy, found, advice, needed=False)


def _said(command: list[str]) -> str:
    """First line of a program's output, or '' if it is missing or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        text = subprocess.check_output(
            command, timeout=10, stderr=subprocess.DEVNULL, text=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return text.strip().splitlines()[0] if text.strip() else ""
