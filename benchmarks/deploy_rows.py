"""The README's rows about the robot's side."""

from __future__ import annotations

from typing import Any

from policies.tables import show

COMMAND = "make bench-deploy"
SHOWN = ("0 ms, 0 % lost", "20 ms, 5 % lost", "40 ms, 20 % lost")


def rows(parts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What, figure, and the command that prints it; a part not measured is left out."""
    found: list[tuple[str, str]] = []
    if "step" in parts:
        step = parts["step"]
        value = f"{step['p50_ms']:.2f} / {step['p99_ms']:.2f} ms"
        found.append(("tracker step, message to command, p50 / p99", value))
    if "generator" in parts:
        call = parts["generator"]
        value = f"{call['p50_ms']:.2f} / {call['p99_ms']:.2f} ms"
        found.append(("command generator, one call, p50 / p99", value))
    if "loop" in parts:
        found.append(_loop(parts["loop"]))
    if "links" in parts:
        cells = parts["links"]
        value = "; ".join(f"{name}: {cells[name]['rate']:.0%}" for name in SHOWN)
        trials = cells[SHOWN[0]]["trials"]
        what = f"success with added latency and loss, {trials} episodes each, lockstep"
        found.append((what, value))
    if "dds-links" in parts:
        cells = parts["dds-links"]
        value = "; ".join(f"{k}: {show(v['success'])}" for k, v in cells.items())
        found.append(("the same over DDS, in real time", value))
    found += _trials(parts)
    return [(name, value, COMMAND) for name, value in found]


def _loop(loop: dict[str, Any]) -> tuple[str, str]:
    what = (
        f"{loop['seconds']:.0f} s at 50 Hz, robot and generator in processes of their "
        "own: late cycles; times the machine itself stood still, longest"
    )
    value = (
        f"{loop['late_cycles']:.2%}; {loop['machine_stalls']:.0f}, "
        f"{loop['machine_stall_max_ms']:.0f} ms"
    )
    return what, value


def _trials(parts: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if "faults" in parts:
        faults = parts["faults"]
        what = f"{faults['faults']:,} random faults: unsafe; slowest damping; unnamed"
        value = (
            f"{faults['unsafe']}; {faults['slowest_ms']:.0f} ms; {faults['unnamed']}"
        )
        found.append((what, value))
    if "mutations" in parts:
        changes = parts["mutations"]
        what = f"{changes['mutations']:,} changed fields of LowCmd: checksum unchanged"
        found.append((what, str(changes["checksum_unchanged"])))
    if "fuzz" in parts:
        fuzz = parts["fuzz"]
        what = f"{fuzz['payloads']:,} fuzzed payloads, {len(fuzz['topics'])} topics"
        found.append((what, f"{fuzz['crashes']} crashes, {fuzz['motions']} motions"))
    return found
