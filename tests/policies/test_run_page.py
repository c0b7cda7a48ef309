import json
import shutil

import pytest

from assets.g1.spec import g1
from policies import film as filming
from policies.film import film, film_run
from policies.report import MAX_BYTES, refresh_report, write_report
from policies.run_dir import RunDir, save_priors


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the trained run, to write into."""
    shutil.copytree(trained[0].path, tmp_path / "run")
    return RunDir(tmp_path / "run")


def test_a_page_is_there_when_training_ends_and_shows_everything(trained):
    run, rows = trained
    page = run.report.read_text()
    for term in rows[-1]["terms"]:
        assert term.replace("_", " ") in page
    config = run.read_config()
    for name, digest in config["priors"].items():
        assert name in page
        assert digest in page
    for words in (*config["settings"], config["provenance"]["commit"], "explained"):
        assert words in page
    for cause in {cause for row in rows for cause in row["causes"]}:
        assert cause.replace("_", " ") in page


def test_a_page_needs_nothing_outside_itself(trained):
    page = trained[0].report.read_text()
    assert "http" not in page.replace("http://www.w3.org", "")
    assert 'src="/' not in page
    assert len(page) < 500_000


def test_a_page_shows_the_videos_beside_it_and_names_those_too_large(
    run, short_prior, monkeypatch
):
    shutil.rmtree(run.priors)
    save_priors(run.priors, [short_prior])
    monkeypatch.setattr(filming, "SIZE", (160, 120))
    film(run, g1())
    (run.path / "huge.mp4").write_bytes(bytes(MAX_BYTES + 1))
    (run.path / ".half.mp4").write_bytes(b"x")
    before = run.report.stat().st_size
    write_report(run)
    page = run.report.read_text()
    assert "policy.mp4" in page
    assert "huge.mp4" in page
    assert ".half" not in page
    assert 1000 < run.report.stat().st_size - before < 2 * MAX_BYTES


def test_names_are_escaped(run):
    config = run.read_config()
    config["priors"] = {"<script>alert(1)</script>": "0"}
    run.config.write_text(json.dumps(config))
    write_report(run)
    assert "<script>alert" not in run.report.read_text()


def test_a_page_that_cannot_be_written_ends_nothing(run, capsys):
    run.config.write_text("{ not json")
    refresh_report(run)
    out = capsys.readouterr().out
    assert "not written" in out
    assert len(out.strip().splitlines()) == 1


def test_a_run_of_no_rows_has_a_page(run):
    run.curve.unlink()
    write_report(run)
    assert "Settings" in run.report.read_text()


def test_a_policy_that_cannot_be_filmed_is_one_line(run, capsys, monkeypatch):
    run.refiner.write_bytes(b"nothing")
    assert not film_run(run, g1())
    line = capsys.readouterr().out
    assert "not filmed" in line
    assert "refiner.npz: not readable" in line
    assert len(line.strip().splitlines()) == 1
    monkeypatch.setattr(filming, "TIME_LIMIT", 0.01)
    assert not film_run(run, g1())
    assert "not filmed" in capsys.readouterr().out
    assert not run.film.exists()


def test_rows_after_the_checkpoint_are_forgotten(run):
    rows = run.read_curve()
    with run.curve.open("a") as file:
        file.write(json.dumps({**rows[-1], "steps": 999}) + '\n{"steps": 12')
    assert [row["steps"] for row in run.read_curve()] == [64, 128, 999]
    run.forget_after(128)
    assert run.read_curve() == rows
    assert run.curve.read_text().count("\n") == 2
