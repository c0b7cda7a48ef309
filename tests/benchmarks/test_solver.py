import pytest

from benchmarks.solver import BASE, VARIANTS, Settings, measure


@pytest.fixture(scope="module")
def rows():
    found = measure(Settings(num_envs=64, threads=1, steps=24))
    return {row["settings"]: row for row in found}


def test_the_shipped_settings_solve_what_the_usual_ones_leave_unsolved(rows):
    assert rows["as shipped"]["error_max"] < 1e-2
    assert rows[BASE]["error_max"] > 0.5


def test_every_variant_is_timed_against_the_usual_one(rows):
    assert list(rows) == list(VARIANTS)
    assert rows[BASE]["ratio"] == 1.0
    assert all(row["steps_per_s"] > 0 for row in rows.values())
