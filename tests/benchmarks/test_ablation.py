import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from assets.g1.spec import g1
from benchmarks import ablation
from benchmarks.ablation import BASE, Settings, against, finished, row_of, run
from benchmarks.raw_priors import raw_prior, raw_priors
from envs.penetration import object_depth
from envs.reference import generalized_motion
from envs.scene import build_scene
from envs.tasks import task_by_name
from policies.run_dir import RunDir
from policies.settings import TrainSettings

FAILED = SimpleNamespace(ended="exploded", reached=0.1)
TINY = TrainSettings(
    rollout=8, batch_size=32, epochs=1, hidden=(16,), trials=2, threads=1
)


@pytest.fixture
def settings(tmp_path, priors_folder, monkeypatch):
    """Two variants of a task that no trial ever completes."""
    monkeypatch.setattr("policies.train.roll_refiner", lambda *_, **__: [FAILED])
    return Settings(
        priors=priors_folder,
        out=tmp_path / "out",
        variants=(BASE, "no-contact-term"),
        seeds=(0,),
        steps=128,
        num_envs=8,
    )


def steps_of(folder):
    return [row["steps"] for row in RunDir(folder).read_curve()]


def test_a_finished_cell_is_kept_and_a_longer_limit_goes_on(settings, monkeypatch):
    figures = run(settings, TINY)
    assert [row["variant"] for row in figures["rows"]] == list(settings.variants)
    assert figures["rows"][0]["steps_to"] == [None]
    assert figures["rows"][0]["best_reached"] == [0.1]
    folders = sorted(p for p in settings.out.iterdir() if p.is_dir())
    assert [steps_of(f) for f in folders] == [[64, 128]] * 2
    terms = [set(RunDir(f).read_curve()[-1]["terms"]) for f in folders]
    assert terms[0] - terms[1] == {"contact"}

    with monkeypatch.context() as patched:
        patched.setattr(ablation, "run_job", None)
        assert run(settings, TINY) == figures
    (settings.out / "cells.json").unlink()  # killed before it was noted
    assert run(settings, TINY) == figures
    longer = run(dataclasses.replace(settings, steps=192), TINY)
    assert [steps_of(f) for f in folders] == [[64, 128, 192]] * 2
    assert longer["limit"] == 192
    ablation.show(longer)


def test_variants_that_need_tracks_are_left_out_without_them(settings):
    every = dataclasses.replace(settings, variants=tuple(ablation.VARIANTS))
    cells = list(ablation.cells_of(every, TINY))
    assert {c.variant for c in cells} == set(ablation.VARIANTS) - set(ablation.RAW)
    assert len({c.job.out for c in cells}) == len(cells)
    with pytest.raises(ValueError, match="no variant 'luck'; there are defaults"):
        list(ablation.cells_of(dataclasses.replace(every, variants=("luck",)), TINY))


def test_runs_begun_from_a_refiner_are_cells_of_their_own(settings, tmp_path):
    begun = dataclasses.replace(settings, init=tmp_path / "walker")
    cells = [list(ablation.cells_of(s, TINY)) for s in (settings, begun)]
    assert {c.key for c in cells[0]}.isdisjoint(c.key for c in cells[1])
    assert {c.job.out for c in cells[0]}.isdisjoint(c.job.out for c in cells[1])
    assert {c.job.init for c in cells[1]} == {begun.init}


def test_every_variant_differs_from_the_defaults_in_one_switch():
    for name, change in ablation.VARIANTS.items():
        changed = dataclasses.replace(TINY, **change)
        assert len(change) == (name not in (BASE, ablation.RAW[1]))
        assert (changed != TINY) is bool(change)
        changed.validate()


def cell(steps_to, limit=1000):
    seconds = None if steps_to is None else steps_to / 10.0
    return {
        "level": 0.9,
        "limit": limit,
        "steps_to": steps_to,
        "seconds_to": seconds,
        "steps": steps_to or limit,
        "best_trial": 0.95 if steps_to else 0.4,
        "commit": "abc1234",
    }


def test_a_cell_is_finished_when_it_got_there_or_spent_its_steps(settings):
    assert not finished(None, settings)
    assert finished(cell(60), settings)
    assert finished(cell(None, limit=128), settings)
    assert not finished(cell(None, limit=64), settings)
    assert not finished({**cell(60), "level": 0.8}, settings)


def test_seeds_that_never_got_there_count_as_endless(settings):
    three = dataclasses.replace(settings, seeds=(0, 1, 2))
    cells = list(ablation.cells_of(three, TINY))
    names = [BASE, "no-contact-term"]
    steps = {BASE: [100, 300, 200], "no-contact-term": [400, None, None]}
    done = {c.key: cell(steps[c.variant][c.seed]) for c in cells}
    rows = [row_of("lift-box", name, cells, done) for name in names]
    assert [row["reached"] for row in rows] == [3, 1]
    assert [row["median_steps_to"] for row in rows] == [200, None]
    assert against(rows[1], rows) == {"times_defaults": None}
    assert against(rows[0], rows) == {"times_defaults": 1.0}
    json.dumps(rows)


def test_without_depenetration_the_robot_reaches_into_the_object(tmp_path, lift_prior):
    from tests.perception.synthetic_track import lift_track

    task = task_by_name("lift-box")
    raw = raw_prior(lift_track(), lift_prior, g1())
    model = build_scene(g1(), raw.object, task.contact_names).model
    depth = [
        object_depth(model, generalized_motion(model, prior)[0]).max()
        for prior in (lift_prior, raw)
    ]
    assert depth[0] + 0.02 < depth[1] < 0.07
    np.testing.assert_allclose(raw.object_pos_w, lift_prior.object_pos_w, atol=0.05)

    folder = tmp_path / "priors"
    folder.mkdir()
    lift_prior.save(folder / "lift.prior.npz")
    with pytest.raises(ValueError, match=r"lift\.track\.npz: not there"):
        raw_priors(folder, tmp_path / "raw", "lift-box")
    lift_track().save(folder / "lift.track.npz")
    out = raw_priors(folder, tmp_path / "raw", "lift-box")
    assert [p.name for p in out.iterdir()] == ["lift.prior.npz"]
