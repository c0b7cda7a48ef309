import dataclasses

import numpy as np
import pytest

from perception.gate import CRITERIA, GATE, figures, judge, unexplained_motion


@pytest.fixture(scope="module")
def good(lift_prior):
    """A prior whose every figure is well within its limit."""
    quality = dict.fromkeys(CRITERIA, 0.0)
    return dataclasses.replace(lift_prior, quality=quality)


def with_figure(prior, name, value):
    return dataclasses.replace(prior, quality={**prior.quality, name: value})


@pytest.mark.parametrize("name", CRITERIA)
def test_a_score_falls_from_one_through_a_half_at_the_limit(name):
    criterion = CRITERIA[name]
    limit = criterion.limit / criterion.factor
    values = np.linspace(0.0, 10 * limit, 101)
    scores = [criterion.score(value) for value in values]
    assert scores[0] == 1.0
    assert criterion.score(limit) == pytest.approx(0.5)
    assert criterion.score(criterion.far * limit) == pytest.approx(GATE)
    assert all(np.diff(scores) < 0)
    assert min(scores) > 0


def test_a_prior_is_as_good_as_its_worst_figure(good):
    assert judge(good).kept
    assert judge(good).reasons == []
    slides = with_figure(good, "foot_speed_max_m_s", 0.030)
    assert judge(slides).score == pytest.approx(0.5 * 20 / 30, abs=1e-3)
    assert judge(slides).kept
    sinks = with_figure(slides, "penetration_max_m", {"hands": 0.045, "floor": 0.0})
    verdict = judge(sinks)
    assert not verdict.kept
    assert verdict.reasons == [
        "penetration 45 mm, limit 10",
        "standing foot slides at 30 mm/s, limit 20",
    ]


def test_what_is_hardly_seen_is_set_aside(good):
    assert judge(good, object_seen=0.9).kept
    assert not judge(good, object_seen=-0.5).kept
    blind = dataclasses.replace(good, confidence=np.full(good.num_frames, 0.05))
    assert judge(blind).score < judge(good).score


def test_a_figure_that_is_not_a_number_does_not_pass(good):
    assert not judge(with_figure(good, "residual_mean_n", float("nan"))).kept


def test_an_object_that_moves_by_itself_is_not_plausible(good):
    assert unexplained_motion(good) == 0.0
    none = dataclasses.replace(good, contact=np.zeros_like(good.contact))
    assert unexplained_motion(none) == 1.0
    assert not judge(none).kept
    still = dataclasses.replace(
        none, object_pos_w=np.tile(good.object_pos_w[0], (good.num_frames, 1))
    )
    assert unexplained_motion(still) == 0.0


def test_a_kicked_object_may_move_on_alone(good):
    count = good.num_frames
    contact = np.zeros_like(good.contact)
    contact[50:54, 2] = True
    slide = np.zeros((count, 3))
    slide[52:, 0] = np.minimum(np.arange(count - 52) * 0.02, 1.0)
    kicked = dataclasses.replace(good, contact=contact, object_pos_w=slide)
    assert unexplained_motion(kicked) == 0.0


def test_only_figures_that_are_there_count(good):
    bare = dataclasses.replace(good, quality={"reasons": [], "new": 3})
    assert set(figures(bare)) == {"doubt", "unexplained_motion"}


def test_what_retargeting_warns_of_does_not_pass(good):
    assert judge(with_figure(good, "reasons", [])).kept
    assert not judge(with_figure(good, "reasons", ["too fast"])).kept
    assert judge(with_figure(good, "reasons", ["too fast"]), gate=0.0).kept
