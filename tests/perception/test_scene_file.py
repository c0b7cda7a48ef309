import pytest

from assets.objects import BIG_BOX, BOTTLE, KICK_BOX, SMALL_BOX
from perception.scene_file import Scene, load_scenes


def write(folder, text):
    (folder / "scene.toml").write_text(text)
    return load_scenes(folder)


def object_of(scene):
    """The object that a scene tells of."""
    assert scene.object is not None
    return scene.object


def test_nothing_is_known_without_a_file(tmp_path):
    assert load_scenes(tmp_path).scene("any") == Scene()


def test_a_clip_overrides_the_defaults_and_keeps_the_rest(tmp_path):
    scenes = write(
        tmp_path,
        """
        task = "lift-box"
        field_of_view_deg = 60
        object = { shape = "box", size = [0.3, 0.4, 0.5] }
        [clips."a b"]
        field_of_view_deg = 70.5
        """,
    )
    other, clip = scenes.scene("other"), scenes.scene("a b")
    assert (other.field_of_view_deg, clip.field_of_view_deg) == (60.0, 70.5)
    assert other.task == clip.task == "lift-box"
    assert clip.object is not None
    assert clip.object.size == (0.3, 0.4, 0.5)


@pytest.mark.parametrize(
    ("task", "shape", "usual"),
    [
        ("kick-box", "box", KICK_BOX),
        ("push-box", "box", BIG_BOX),
        ("sit-chair", "cylinder", BOTTLE),
        ("no such task", "box", SMALL_BOX),
        (None, "box", SMALL_BOX),
    ],
)
def test_untold_mass_and_friction_are_those_of_the_task(tmp_path, task, shape, usual):
    named = "" if task is None else f"task = '{task}'\n"
    text = f"{named}object = {{ shape = '{shape}', size = [0.4, 0.4, 0.5] }}"
    scene = write(tmp_path, text).scene("any")
    found = object_of(scene)
    assert (found.mass, found.friction) == (usual.mass, usual.friction)
    assert not scene.friction_told


def test_a_clip_of_another_task_has_another_objects_friction(tmp_path):
    text = """
        task = "push-box"
        object = { shape = "box", size = [0.4, 0.5, 0.6] }
        [clips.lifted]
        task = "carry-box"
        [clips.told]
        object = { shape = "box", size = [0.4, 0.5, 0.6], mass = 2.0, friction = 0.3 }
    """
    scenes = write(tmp_path, text)
    names = ("other", "lifted", "told")
    frictions = [object_of(scenes.scene(name)).friction for name in names]
    assert frictions == [BIG_BOX.friction, SMALL_BOX.friction, 0.3]
    assert [scenes.scene(n).friction_told for n in ("other", "told")] == [False, True]


def test_a_task_named_beside_the_file_is_every_clips(tmp_path):
    other = '[clips.other]\ntask = "kick-box"\n'
    write(tmp_path, f'object = {{ shape = "box", size = [1, 1, 1] }}\n{other}')
    scenes = load_scenes(tmp_path, "carry-box")
    assert scenes.scene("other").task == scenes.scene("any").task == "carry-box"
    assert object_of(scenes.scene("other")).mass == SMALL_BOX.mass
    assert load_scenes(tmp_path / "nowhere", "lift-box").scene("any").task == "lift-box"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tusk = 'lift-box'", "unknown key 'tusk'"),
        ("task = 3", "task is 3"),
        ("field_of_view_deg = 400", "field_of_view_deg is 400"),
        ("person_height_m = true", "person_height_m is True"),
        ("object = { size = [1, 1, 1] }", "needs shape and size"),
        ("object = { shape = 'cube', size = [1, 1, 1] }", "none of box"),
        ("object = { shape = 'box', size = [1, 1] }", "three lengths"),
        ("object = { shape = 'box', size = [1, 1, 99] }", "size is 99"),
        ("clips = 3", "clips must be tables"),
        ("[clips.a]\nx = 1", "clip 'a'"),
        ("task = ", "not readable TOML"),
    ],
)
def test_faults_are_named(tmp_path, text, said):
    with pytest.raises(ValueError, match=said) as caught:
        write(tmp_path, text)
    assert "scene.toml" in str(caught.value)
