import dataclasses
import inspect

import numpy as np
import pytest

import sugarmill
from tests.bundles import make_bundle

COMMANDS = (
    "studio priors train distill export evaluate play run report demo doctor "
    "import convert"
).split()


def call(capsys, *args):
    """Exit code, standard output and standard error of one command."""
    with pytest.raises(SystemExit) as exit:
        sugarmill.main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    return exit.value.code, out, err


@pytest.fixture
def refused(capsys):
    """Run a command that must fail with exit code 2 and one line; returns the line."""

    def run(*args):
        code, _, err = call(capsys, *args)
        lines = err.strip().splitlines()
        assert code == 2, err
        assert len(lines) == 1, err
        assert lines[0].startswith("sugarmill: ")
        assert len(lines[0]) > 30
        return lines[0]

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys, command):
    code, out, err = call(capsys, command, "--help")
    assert code == 0
    assert err == ""
    assert "usage: sugarmill" in out
    assert command in out


def test_help_lists_every_command(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("args", [["fly"], ["studio", "lift-box", "--speed", "3"]])
def test_what_does_not_exist_is_a_usage_error(capsys, args):
    code, _, err = call(capsys, *args)
    assert code == 2
    assert args[-2 if len(args) > 1 else 0] in err


def test_an_unknown_task_lists_those_that_exist(refused, tmp_path, priors_folder):
    out = tmp_path / "out"
    for args in (
        ("studio", "fly", "--out", out, "--count", 1),
        ("train", "fly", "--priors", priors_folder, "--out", out),
        ("play", "fly", "--video", tmp_path / "v.mp4"),
    ):
        line = refused(*args)
        assert "fly" in line
        assert "lift-box" in line


def test_a_folder_that_does_not_exist_is_named(refused, tmp_path):
    nowhere, out = tmp_path / "nowhere", tmp_path / "out"
    for args in (
        ("priors", nowhere, "--out", out),
        ("train", "lift-box", "--priors", nowhere, "--out", out),
        ("distill", nowhere),
        ("export", nowhere, "--out", out),
        ("evaluate", nowhere),
        ("play", "lift-box", "--priors", nowhere, "--video", tmp_path / "v.mp4"),
        ("run", nowhere),
    ):
        assert str(nowhere) in refused(*args)
    assert not out.exists()


def test_what_is_no_run_is_named(refused, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "notes.txt").write_text("sand")
    assert "not a run" in refused("distill", folder)
    assert "not a run" in refused("evaluate", folder)
    assert "`distill`" in refused("export", folder, "--out", tmp_path / "b")
    (folder / "config.json").write_text("{ not json")
    assert "config.json" in refused("distill", folder)
    (folder / "config.json").write_text("[]")
    assert "config.json" in refused("evaluate", folder)


def test_a_bundle_with_one_byte_changed_is_refused(refused, tmp_path, priors_folder):
    bundle = make_bundle(tmp_path / "bundle")
    content = bytearray((bundle / "tracker.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / "tracker.onnx").write_bytes(content)
    for args in (
        ("run", bundle),
        ("evaluate", bundle, "--priors", priors_folder),
    ):
        line = refused(*args)
        assert "tracker.onnx: checksum differs" in line


def test_a_prior_with_a_nan_is_refused(refused, tmp_path, lift_prior):
    pos = lift_prior.object_pos_w.copy()
    pos[40, 1] = np.nan
    bad = dataclasses.replace(lift_prior, object_pos_w=pos)
    bad.save(tmp_path / "lift.prior.npz")
    line = refused("train", "lift-box", "--priors", tmp_path, "--out", tmp_path / "r")
    assert "'lift': object_pos_w is not finite at frame 40" in line
    assert not (tmp_path / "r" / "config.json").exists()


def test_a_prior_that_is_another_file_is_named(refused, tmp_path):
    (tmp_path / "lift.prior.npz").write_text("not a prior")
    line = refused("train", "lift-box", "--priors", tmp_path, "--out", tmp_path / "r")
    assert "lift.prior.npz: not a readable prior" in line


def test_a_file_where_a_folder_should_be_is_named(refused, tmp_path, priors_folder):
    (tmp_path / "taken").write_text("a file")
    line = refused(
        "train", "lift-box", "--priors", priors_folder, "--out", tmp_path / "taken"
    )
    assert "taken" in line


@pytest.mark.parametrize(
    "args",
    [("--num-envs", "0"), ("--num-envs", "-3"), ("--steps", "-1"), ("--stop-at", "2")],
)
def test_settings_that_make_no_sense_are_refused(
    refused, tmp_path, priors_folder, args
):
    out = tmp_path / "run"
    line = refused("train", "lift-box", "--priors", priors_folder, "--out", out, *args)
    assert args[1].lstrip("-") in line


@pytest.mark.parametrize("episodes", ["0", "-1"])
def test_no_episodes_are_refused(refused, tmp_path, priors_folder, episodes):
    bundle = make_bundle(tmp_path / "bundle")
    line = refused(
        "evaluate", bundle, "--priors", priors_folder, "--episodes", episodes
    )
    assert "episodes" in line


def test_a_trained_agent_needs_its_run(refused, tmp_path, priors_folder):
    video = ("--video", tmp_path / "v.mp4", "--priors", priors_folder)
    line = refused("play", "lift-box", "--agent", "trained", *video)
    assert "needs --" in line
    missing = ("--source", tmp_path / "none")
    line = refused("play", "lift-box", "--agent", "trained", *missing, *video)
    assert "none" in line


def test_play_films_an_episode(capsys, tmp_path, short_prior):
    short_prior.save(tmp_path / "short.prior.npz")
    video = tmp_path / "v.mp4"
    code, out, _ = call(
        capsys, "play", "lift-box", "--video", video, "--priors", tmp_path
    )
    assert code == 0
    assert str(video) in out
    assert video.stat().st_size > 1000


def test_run_passes_every_option_on():
    from deploy.session.run import run_bundle

    options = {field.name for field in dataclasses.fields(sugarmill.Run)}
    passed = options - {"bundle", "backend"}
    assert passed <= set(inspect.signature(run_bundle).parameters)


def test_an_interrupt_says_that_work_is_kept(capsys, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(sugarmill.Doctor, "run", interrupt)
    code, _, err = call(capsys, "doctor")
    assert code == 130
    assert err == "sugarmill: interrupted; what was finished is kept\n"
