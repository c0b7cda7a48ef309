import pytest

from perception.scene_file import Scene, load_scenes


def write(folder, text):
    (folder / "scene.toml").write_text(text)
    return load_scenes(folder)


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
