import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from assets.g1.spec import g1
from assets.objects import LIFT_BOX


@pytest.fixture(scope="session")
def lift_prior():
    """A prior of the synthetic lift, made once: retargeting takes seconds."""
    from perception.retargeting.retarget import retarget
    from tests.perception.synthetic_track import lift_track

    return retarget(
        lift_track(), LIFT_BOX, g1(), name="lift", task="lift-box", source={}
    )


@pytest.fixture(scope="session")
def short_prior(lift_prior):
    """The first 40 frames of the lift, at once: episodes that end soon."""
    from tests.envs.priors import cut

    return cut(lift_prior, 0, 40, "short")


@pytest.fixture(scope="session")
def priors_folder(tmp_path_factory, lift_prior):
    """A folder with the synthetic lift's prior."""
    folder = tmp_path_factory.mktemp("priors")
    lift_prior.save(folder / "lift.prior.npz")
    return folder
