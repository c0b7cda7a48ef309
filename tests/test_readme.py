"""The README cannot rot: its commands exist and its table is the one `make` prints."""

import re
from pathlib import Path

import pytest

import sugarmill
from benchmarks.results import table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_command_named_exists():
    known = {command.__name__.lower() for command in sugarmill._COMMANDS}
    named = set(re.findall(r"`sugarmill (\w+)", README))
    assert named
    assert named <= known


def test_every_option_named_exists(capsys):
    for line in re.findall(r"`sugarmill ([^`]+)`", README):
        command, options = line.split()[0], re.findall(r"--[\w-]+", line)
        with pytest.raises(SystemExit):
            sugarmill.main([command, "--help"])
        text = capsys.readouterr().out
        for option in options:
            assert option in text, f"{option} of {command}"


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`?make ([\w-]+)", README)) <= targets | set()


def test_the_results_are_the_benchmarks():
    assert "\n".join(table()) in README


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / link).exists(), link
