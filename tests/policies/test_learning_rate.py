import dataclasses
from types import SimpleNamespace

import pytest
from stable_baselines3 import PPO

from policies.learning_rate import HIGHEST, LOWEST, FollowKl
from policies.run_dir import RunDir
from policies.stages import train_run


def rate_after(moved: float | None, rate: float = 1e-3) -> float:
    """The rate after an iteration that moved the policy so far, 0.01 being desired."""
    said = {} if moved is None else {"train/approx_kl": moved}
    callback = FollowKl(0.01)
    logger = SimpleNamespace(name_to_value=said)
    model = SimpleNamespace(learning_rate=rate, logger=logger)
    model._setup_lr_schedule = lambda: None
    callback.model = model
    callback._on_rollout_start()
    return model.learning_rate


@pytest.mark.parametrize(
    ("moved", "expected"),
    [(0.021, 1e-3 / 1.5), (0.019, 1e-3), (0.0051, 1e-3), (0.0049, 1.5e-3)],
)
def test_the_rate_moves_against_what_is_too_far_or_too_near(moved, expected):
    assert rate_after(moved) == pytest.approx(expected)


def test_nothing_moves_before_the_first_iteration():
    assert rate_after(None) == 1e-3


@pytest.mark.parametrize(("moved", "bound"), [(1.0, LOWEST), (0.0, HIGHEST)])
def test_the_rate_stays_within_its_bounds(moved, bound):
    assert rate_after(moved, bound) == bound


def test_a_checkpoint_keeps_the_rate_that_was_reached(tmp_path, priors_folder, tiny):
    run = RunDir(tmp_path / "run")
    asked = dataclasses.replace(tiny, desired_kl=0.03, steps=192)
    train_run("lift-box", priors_folder, run.path, asked)
    model = PPO.load(run.checkpoint, device="cpu")
    kl = [row["kl"] for row in run.read_curve()]
    changes = sum((k < 0.015) - (k > 0.06) for k in kl if k is not None)
    assert changes != 0
    assert model.learning_rate == pytest.approx(2e-4 * 1.5**changes, rel=1e-6)
