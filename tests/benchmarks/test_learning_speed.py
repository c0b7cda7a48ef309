import pytest

from benchmarks import learning_speed
from policies.settings import TrainSettings


@pytest.mark.parametrize("phase", learning_speed.PHASES)
def test_iterations_are_timed_after_the_first(phase, monkeypatch, priors_folder):
    """Seconds of a made-up curve: the first gaps are slow, later ones known."""
    seen = {}

    def train(task, robot, clips, out, settings, *, show):
        seen.update(steps=settings.steps, clips=len(clips))
        size = settings.num_envs * settings.rollout
        gaps = [9.0, 9.0, 9.0, 9.0, 1.0, 2.0, 4.0]
        return [
            {"steps": size * (i + 1), "seconds": sum(gaps[: i + 1])}
            for i in range(settings.steps // size)
        ]

    monkeypatch.setattr(learning_speed, "train", train)
    row = learning_speed.learning_speed("lift-box", priors_folder, 1, 3, 0, phase)
    settings = TrainSettings(**learning_speed.PHASES[phase])
    size = settings.num_envs * settings.rollout
    assert row["phase"] == phase
    assert seen == {"steps": 7 * size, "clips": 1}
    assert row["steps_per_s"] == size // 2
    assert row["range"] == [size // 4, size]
    assert row["iterations"] == 3
