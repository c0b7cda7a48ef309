import dataclasses

import pytest

from assets.g1.spec import g1
from envs.tasks import task_by_name
from policies.distill import DistillSettings
from policies.run_dir import RunDir
from policies.stages import distill_run, export_run, train_run
from policies.train import TrainSettings

TINY = TrainSettings(
    steps=128,
    num_envs=8,
    rollout=8,
    batch_size=32,
    epochs=1,
    hidden=(16,),
    film=False,
    trials=0,
    threads=1,
)
TINY_DISTILLATION = DistillSettings(
    rounds=2,
    num_envs=8,
    rollout=12,
    updates=2,
    batch_size=32,
    tracker_hidden=(16,),
    generator_hidden=(16,),
    trials=0,
    threads=1,
)


@pytest.fixture(scope="session")
def task():
    return task_by_name("lift-box")


@pytest.fixture(scope="session")
def robot():
    return g1()


@pytest.fixture(scope="session")
def tiny():
    return TINY


@pytest.fixture(scope="session")
def trained(tmp_path_factory, priors_folder):
    """A run of two iterations, and the rows of its curve."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return RunDir(out), train_run("lift-box", priors_folder, out, TINY)


@pytest.fixture(scope="session")
def distilled(tmp_path_factory, trained):
    """The run, distilled into another folder."""
    out = tmp_path_factory.mktemp("distilled") / "run"
    distill_run(trained[0].path, out, TINY_DISTILLATION)
    return RunDir(out)


@pytest.fixture(scope="session")
def exported(tmp_path_factory, distilled):
    """A bundle of the distilled run: it does nothing well, in the right shapes."""
    return export_run(distilled.path, tmp_path_factory.mktemp("bundles") / "bundle")


@pytest.fixture
def more_steps():
    return dataclasses.replace(TINY, steps=192)
