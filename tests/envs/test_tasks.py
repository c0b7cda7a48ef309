import pytest

from assets.g1.spec import g1
from assets.interactions import INTERACTIONS
from envs.scene import build_scene
from envs.tasks import TASKS, task_by_name


def test_every_interaction_has_its_task():
    assert list(TASKS) == list(INTERACTIONS)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_task_compiles_with_its_bodies(task):
    scene = build_scene(
        g1(),
        task.object,
        task.contact_names,
        joined=task.joined,
        allowed=task.allowed,
        keep_off=task.keep_off,
    )
    assert scene.first_touch.shape == (len(task.contact_names),)


def test_one_reward_serves_all_but_where_the_paper_differs():
    shared = {t.name for t in TASKS["carry-box"].rewards}
    differs = {
        name: {t.name for t in task.rewards} ^ shared for name, task in TASKS.items()
    }
    assert differs == {
        "lift-box": {"feet_air_time"},
        "carry-box": set(),
        "push-box": {"keep_off"},
        "kick-box": {"feet_slide"},
        "pick-bottle": set(),
        "stand-bottle": set(),
        "sit-chair": set(),
    }
    weight = {t.name: t.weight for t in TASKS["carry-box"].rewards}
    assert weight["undesired_contacts"] == -1.0


def test_an_unknown_task_is_named_with_the_known():
    with pytest.raises(ValueError, match="unknown task 'fold'; there are: lift-box"):
        task_by_name("fold")
