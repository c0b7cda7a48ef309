import dataclasses
import math

import pytest
from stable_baselines3 import PPO

from policies.run_dir import RunDir
from policies.stages import train_run


def stds(run: RunDir) -> list[float]:
    return [row["std"] for row in run.read_curve()]


def test_noise_falls_evenly_to_its_end(tmp_path, priors_folder, tiny):
    run = RunDir(tmp_path / "run")
    asked = dataclasses.replace(
        tiny, steps=256, initial_log_std=-1.0, final_log_std=-3.0, learning_rate=1e-7
    )
    train_run("lift-box", priors_folder, run.path, asked)
    found = stds(run)
    begun = [64 * i / 256 for i in range(4)]
    wanted = [math.exp(-1.0 - 2.0 * part) for part in begun]
    assert found == pytest.approx(wanted, rel=1e-3)
    model = PPO.load(run.checkpoint, device="cpu")
    highest = model.policy.log_std.max().item()  # pyright: ignore
    assert highest == pytest.approx(math.log(found[-1]), abs=1e-3)


def test_noise_is_ppos_own_where_no_end_is_named(tmp_path, priors_folder, tiny):
    run = RunDir(tmp_path / "run")
    asked = dataclasses.replace(tiny, initial_log_std=-1.0, learning_rate=1e-7)
    train_run("lift-box", priors_folder, run.path, asked)
    assert stds(run) == pytest.approx([math.exp(-1.0)] * len(stds(run)), rel=1e-3)


@pytest.mark.parametrize("end", [0.0, float("nan")])
def test_noise_does_not_rise(tiny, end):
    asked = dataclasses.replace(tiny, initial_log_std=-1.0, final_log_std=end)
    with pytest.raises(ValueError, match="expected at most initial_log_std, -1"):
        asked.validate()
