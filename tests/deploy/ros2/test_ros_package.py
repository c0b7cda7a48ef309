"""The ROS 2 package as files: what it declares exists, and the stand-in is rclpy's."""

import ast
import inspect
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from importlib import import_module
from pathlib import Path

import pytest

from tests.deploy.ros2 import ros as places
from tests.deploy.ros2.stand_in import messages, rclpy_modules
from tests.test_architecture import imports

PACKAGE = places.PACKAGE
INNER = PACKAGE / "sugarmill_ros"
NODES = "robot_sim object_tracker command_generator command_tracker".split()
SIGNATURES = json.loads(
    (Path(__file__).parent / "stand_in/signatures.json").read_text()
)
CASES = [(d, name) for d in ("humble", "jazzy") for name in SIGNATURES[d]]


def parameters(thing):
    """Names in order, with '*' where keywords begin, as the data file has them."""
    if thing is rclpy_modules.LifecycleNode:
        thing = thing.__init__
    found, star = [], False
    for p in inspect.signature(thing).parameters.values():
        if p.kind is p.KEYWORD_ONLY and not star:
            found, star = [*found, "*"], True
        found.append(f"**{p.name}" if p.kind is p.VAR_KEYWORD else p.name)
    return [name for name in found if name != "self"]


@pytest.mark.parametrize(("distribution", "name"), CASES)
def test_the_stand_ins_surface_is_rclpys(distribution, name):
    """Whatever the stand-in takes, the real one takes, in the same order."""
    path = name.split(".")
    split = next(i for i, part in enumerate(path) if part[0].isupper() or i == 1)
    module = ".".join(path[: max(split, 1)])
    thing = rclpy_modules.modules()[module]
    for part in path[max(split, 1) :]:
        thing = getattr(thing, part)
    real, ours = SIGNATURES[distribution][name], parameters(thing)
    assert ours == real[: len(ours)]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_every_file_is_clean_for_humbles_python(path):
    ast.parse(path.read_text(), feature_version=(3, 10))


def test_nodes_use_of_rclpy_only_what_the_stand_in_has():
    known = {(m, t.__name__) for m, ts in rclpy_modules.CONTENTS.items() for t in ts}
    known |= {("rclpy.qos_event", "SubscriptionEventCallbacks")}
    for path in INNER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "")[:5] == "rclpy":
                for alias in node.names:
                    assert (node.module, alias.name) in known, path.name


def test_ros_is_imported_by_the_nodes_alone():
    root = PACKAGE.parents[2]
    rooms = (p for p in root.glob("deploy/**/*.py") if "ros2" not in p.parts)
    for path in [*rooms, *root.glob("policies/*.py")]:
        for module, line in imports(path):
            assert module.split(".")[0] not in ("rclpy", "launch"), f"{path}:{line}"


def test_entry_points_lead_to_functions_that_exist():
    text = (PACKAGE / "setup.py").read_text()
    tree = ast.parse(text)
    names = next(
        ast.literal_eval(n.value)
        for n in tree.body
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "NODES"
    )
    assert list(names) == NODES
    assert 'f"{name} = {PACKAGE}.{name}:main"' in text
    for name in names:
        body = ast.parse((INNER / f"{name}.py").read_text()).body
        assert any(isinstance(n, ast.FunctionDef) and n.name == "main" for n in body)
    assert (PACKAGE / "resource/sugarmill_ros").is_file()
    assert "lib/sugarmill_ros" in (PACKAGE / "setup.cfg").read_text()


def test_package_xml_declares_what_is_imported():
    tree = ElementTree.parse(PACKAGE / "package.xml").getroot()
    declared = {item.text for item in tree.findall("exec_depend")}
    used = set()
    for path in [*INNER.glob("*.py"), *PACKAGE.glob("launch/*.py")]:
        used |= {module.split(".")[0] for module, _ in imports(path)}
    own = {"sugarmill_ros", "deploy", "policies", "assets", "numpy"}
    assert used - own - set(sys.stdlib_module_names) <= declared
    assert tree.get("format") == "3"
    assert len(" ".join((tree.findtext("description") or "").split())) > 60
    assert tree.findtext("export/build_type") == "ament_python"


def test_settings_and_launch_files_name_nodes_and_parameters_that_exist():
    place = places.StandIn()
    try:
        for path in PACKAGE.glob("config/*.yaml"):
            node = ""
            for line in path.read_text().splitlines():
                if re.match(r"^\w+:$", line):
                    node = line[:-1]
                    assert node in NODES
                elif match := re.match(r"^    (\w+):", line):
                    module = import_module(f"sugarmill_ros.{node}")
                    known = {p.name for p in module.PARAMETERS} | {"autostart"}
                    assert match[1] in known, f"{path.name}: {node}.{match[1]}"
    finally:
        place.close()
    for path in PACKAGE.glob("launch/*.launch.py"):
        named = re.findall(r'"(\w+)"', path.read_text())
        assert set(named) & set(NODES)


def test_without_an_interface_everything_stays_on_this_machine():
    place = places.StandIn()
    try:
        local = import_module("sugarmill_ros.local")
        outside = {"CYCLONEDDS_URI": "eth0", "ROS_STATIC_PEERS": "10.0.0.1"}
        for distribution, name, value in (
            ("humble", "ROS_LOCALHOST_ONLY", "1"),
            ("jazzy", "ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"),
        ):
            environment = {"ROS_DISTRO": distribution, **outside}
            assert local.bind(environment) == "loopback"
            assert environment[name] == value
            assert "CYCLONEDDS_URI" not in environment
        with pytest.raises(ValueError, match="no such interface"):
            local.bind({local.INTERFACE: "eth99"})
        assert local.bind({local.INTERFACE: "lo"}) == "lo"
    finally:
        place.close()


def test_a_node_that_ends_is_damped_before_ros_shuts_down(bundle_path):
    """`run` catches the end, deactivates while publishing still works, shuts down."""
    place = places.StandIn()
    before = dict(os.environ)
    try:
        module = import_module("sugarmill_ros.command_tracker")
        base = import_module("sugarmill_ros.node")
        seen = []

        class Probe(module.CommandTracker):
            def deactivate(self):
                seen.append(place.world.ok)
                super().deactivate()

        base.run(Probe)
        assert seen == [True]
        assert not place.world.ok
    finally:
        os.environ.clear()
        os.environ.update(before)
        place.close()


def test_message_files_are_the_wires_layout():
    """Field by field, unitree_hg's .msg files are the records that we send."""
    from deploy.wire.records import LowCmd, LowState

    def same(schema, dtype):
        fields = [name for name in schema if name != "__typename"]
        assert tuple(fields) == dtype.names
        for name in fields:
            entry, found = schema[name], dtype.fields[name][0]
            if isinstance(entry, messages.Array):
                assert found.shape == (entry.length,)
                entry, found = entry.subtype, found.base
            if isinstance(entry, dict):
                same(entry, found)
            else:
                assert found == entry, name

    schemas = messages.unitree_schemas()
    same(schemas["unitree_hg/msg/LowCmd"], LowCmd.dtype)
    same(schemas["unitree_hg/msg/LowState"], LowState.dtype)
