import pytest

from assets.g1.spec import g1
from envs.reference import build_reference
from envs.scene import build_scene
from envs.tasks import task_by_name


@pytest.fixture(scope="session")
def task():
    return task_by_name("lift-box")


@pytest.fixture(scope="session")
def scene(task):
    return build_scene(g1(), task.object, task.contact_names)


@pytest.fixture(scope="session")
def reference(scene, lift_prior, short_prior):
    """Two clips, without hold."""
    return build_reference(scene, [lift_prior, short_prior])
