"""`scene.toml`: what a video cannot tell, as defaults and per clip."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, get_args

import tomlkit
import tomlkit.exceptions

from assets.interactions import usual_object
from assets.objects import ObjectSpec, Shape
from perception.files import write_text
from perception.objects.marker import Marker

FILE_NAME = "scene.toml"
KEYS = (
    "task",
    "object",
    "field_of_view_deg",
    "person_height_m",
    "markers",
    "object_poses",
)
OBJECT_KEYS = ("shape", "size", "mass", "friction", "name")
MARKER_KEYS = ("id", "face", "edge", "family", "turn")


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is known about a clip beforehand; None where nobody said.

    | field | unit | meaning |
    |---|---|---|
    | task | | name of the task shown |
    | object | | shape and size of what is handled |
    | object_shape | | of an object whose size is to be found |
    | friction_told | | whether the file tells the object's friction |
    | markers | | printed on its faces |
    | object_poses | | file or folder with its poses, one per frame |
    | field_of_view_deg | degree | horizontal |
    | person_height_m | m | |
    """

    task: str | None = None
    object: ObjectSpec | None = None
    object_shape: Shape | None = None
    friction_told: bool = False
    markers: tuple[Marker, ...] = ()
    object_poses: str | None = None
    field_of_view_deg: float | None = None
    person_height_m: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = dataclasses.asdict(self)
        values["markers"] = [dataclasses.asdict(marker) for marker in self.markers]
        return values


@dataclasses.dataclass(frozen=True)
class SceneFile:
    """A folder's scenes: defaults, and what differs per clip."""

    defaults: Scene = Scene()
    clips: dict[str, Scene] = dataclasses.field(default_factory=dict)

    def scene(self, name: str) -> Scene:
        """The scene of the clip called `name` (its file name without the suffix)."""
        return self.clips.get(name, self.defaults)


def note_scene(folder: Path, entry: str) -> None:
    """Put a clip's entry, as TOML, into `folder/scene.toml`; what else is there stays.

    In one step: a killed process leaves the old file or the new one.

    Raises ValueError if the file there is not TOML.
    """
    path = folder / FILE_NAME
    try:
        known = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    except tomlkit.exceptions.ParseError as error:
        msg = f"{path}: not TOML ({error}); mend it, or render into another folder"
        raise ValueError(msg) from error
    clips = known.setdefault("clips", tomlkit.table(is_super_table=True))
    clips.update(tomlkit.parse(entry)["clips"])
    write_text(path, tomlkit.dumps(known))


def load_scenes(folder: Path, task: str | None = None) -> SceneFile:
    """Read `folder/scene.toml`; without one, nothing is known but perhaps `task`.

    A `task` named here is every clip's, whatever the file says.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return SceneFile(Scene(task=task))
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: not readable TOML ({error})"
        raise ValueError(msg) from error
    clips = values.pop("clips", {})
    if not isinstance(clips, dict):
        msg = f'{path}: clips must be tables like [clips."NAME"]'
        raise ValueError(msg)
    named = {} if task is None else {"task": task}
    defaults = _scene(values | named, f"{path}", folder)
    scenes: dict[str, Scene] = {}
    for name, own in clips.items():
        where = f"{path}, clip '{name}'"
        if not isinstance(own, dict):
            msg = f"{where}: expected a table with {', '.join(KEYS)}"
            raise ValueError(msg)
        scenes[name] = _scene(values | own | named, where, folder)
    return SceneFile(defaults, scenes)


def _scene(values: dict[str, Any], where: str, folder: Path) -> Scene:
    _check_keys(values, KEYS, where)
    changes: dict[str, Any] = {}
    if "task" in values:
        changes["task"] = _text(values["task"], "task", where)
    if "object" in values:
        changes |= _object(values["object"], where, changes.get("task"))
    if "object_poses" in values:
        named = _text(values["object_poses"], "object_poses", where)
        changes["object_poses"] = str(folder / named)
    for key, low, high in (
        ("field_of_view_deg", 5.0, 170.0),
        ("person_height_m", 0.5, 2.5),
    ):
        if key in values:
            changes[key] = _number(values[key], key, low, high, where)
    scene = Scene(**changes)
    if "markers" in values:
        found = _markers(values["markers"], scene.object, where)
        scene = dataclasses.replace(scene, markers=found)
    return scene


def _markers(values: Any, spec: ObjectSpec | None, where: str) -> tuple[Marker, ...]:
    example = '[{ id = 0, face = "+x", edge = 0.15 }]'
    if not isinstance(values, list):
        msg = f"{where}: markers must be like {example}"
        raise ValueError(msg)
    if spec is None:
        msg = f"{where}: markers need an object with shape and size [m]"
        raise ValueError(msg)
    return tuple(_marker(value, spec, f"{where}, markers") for value in values)


def _marker(values: Any, spec: ObjectSpec, where: str) -> Marker:
    if not isinstance(values, dict) or not {"id", "face", "edge"} <= set(values):
        msg = f"{where}: each needs id, face and edge [m]"
        raise ValueError(msg)
    _check_keys(values, MARKER_KEYS, where)
    marker = Marker(
        int(_number(values["id"], "id", 0, 100_000, where)),
        _text(values["face"], "face", where),  # type: ignore[arg-type]
        _number(values["edge"], "edge", 0.001, 3.0, where),
        _text(values.get("family", "aruco_4x4"), "family", where),  # type: ignore[arg-type]
        int(_number(values.get("turn", 0), "turn", 0, 3, where)),
    )
    try:
        marker.validate(spec)
    except ValueError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from error
    return marker


def _object(values: Any, where: str, task: str | None) -> dict[str, Any]:
    """What the table `object` says: a spec, or a shape alone.

    Mass and friction that it does not tell are those usual in the task.
    """
    if not isinstance(values, dict):
        msg = f'{where}: object must be like {{ shape = "box", size = [x, y, z] }}'
        raise ValueError(msg)
    _check_keys(values, OBJECT_KEYS, where)
    if "shape" not in values:
        msg = f"{where}: object needs shape and size [m], or shape alone"
        raise ValueError(msg)
    if "size" not in values:
        shape = _text(values["shape"], "shape", where)
        if shape not in get_args(Shape) or len(values) > 1:
            known = ", ".join(get_args(Shape))
            msg = f"{where}: object needs shape and size [m], or shape alone ({known})"
            raise ValueError(msg)
        return {"object_shape": shape}
    size = values["size"]
    if not isinstance(size, list) or len(size) != 3:
        msg = f"{where}: object size {size!r} must be three lengths [m]"
        raise ValueError(msg)
    lengths = tuple(_number(s, "size", 0.01, 3.0, where) for s in size)
    shape = _text(values["shape"], "shape", where)
    usual = usual_object(shape, task)
    spec = ObjectSpec(
        _text(values.get("name", shape), "name", where),
        shape,  # type: ignore[arg-type]  # validated below
        (lengths[0], lengths[1], lengths[2]),
        _number(values.get("mass", usual.mass), "mass", 0.01, 100.0, where),
        _number(values.get("friction", usual.friction), "friction", 0.0, 3.0, where),
    )
    try:
        spec.validate()
    except ValueError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from error
    return {"object": spec, "friction_told": "friction" in values}


def _check_keys(values: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        msg = f"{where}: unknown key '{unknown[0]}'; known are {', '.join(known)}"
        raise ValueError(msg)


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not value:
        msg = f"{where}: {key} is {value!r}, expected a word in quotes"
        raise ValueError(msg)
    return value


def _number(value: Any, key: str, low: float, high: float, where: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        msg = f"{where}: {key} is {value!r}, expected a number from {low:g} to {high:g}"
        raise ValueError(msg)
    return float(value)
