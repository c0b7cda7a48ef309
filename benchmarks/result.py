"""Writes a benchmark's figures beside what they were measured on."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def write_result(name: str, seeds: list[int], figures: dict[str, Any]) -> Path:
    """Write `benchmarks/results/NAME.json`: figures, seeds, commit, machine, date."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    values = {"name": name, **provenance(), "seeds": seeds, "figures": figures}
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return path


def provenance() -> dict[str, Any]:
    """What figures are measured on: date, commit, files changed since, machine."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_files": len(_git("status", "--porcelain", "-uno").splitlines()),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
    }


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(FOLDER.parent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()
