"""Pages cannot rot: they hold what the files of figures say."""

import json

from benchmarks import perception_rows, perception_tables
from benchmarks.perception import FILE
from benchmarks.perception_tables import BEGIN, END, PAGE, markdown, number, tables


def parts():
    """The figures that were measured last."""
    return json.loads(FILE.read_text())["figures"]


def test_the_page_holds_the_figures_measured_last():
    page = PAGE.read_text()
    assert page.split(BEGIN)[1].split(END)[0] == f"\n{markdown(parts())}"


def test_tables_are_rectangular():
    for title, rows in tables(parts()):
        assert len({len(row) for row in rows}) == 1, title


def test_a_figure_nobody_has_is_a_dash():
    assert number(None, 1) == "–"
    assert number(float("nan"), 1) == "–"
    assert number({"value": None, "low": None, "high": None}, 1, True) == "–"
    figure = {"value": 1.26, "low": 1.0, "high": 2.0}
    assert number(figure, 1, True) == "1.3 (1.0 to 2.0)"


def test_writing_the_page_twice_changes_nothing(tmp_path, monkeypatch):
    copy = tmp_path / "perception.md"
    copy.write_text(PAGE.read_text())
    monkeypatch.setattr(perception_tables, "PAGE", copy)
    perception_tables.write(parts())
    assert copy.read_text() == PAGE.read_text()


def test_every_row_of_the_readme_names_its_command():
    for what, figure, command in perception_rows.rows(parts()):
        assert what
        assert figure
        assert command == "make bench-perception"
