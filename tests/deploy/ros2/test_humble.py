"""What the nodes load must run on Humble's Python 3.10."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENTRIES = (
    "deploy.control.runner deploy.control.loop deploy.objects.object_tracker "
    "deploy.planning.command_generator deploy.planning.planner "
    "deploy.planning.plan_messages deploy.simulation.sim_core "
    "deploy.wire.inbox deploy.wire.motors"
).split()
LATER = {
    "enum": {"StrEnum", "ReprEnum"},
    "typing": {"Self", "assert_never", "LiteralString", "Never", "override"},
    "datetime": {"UTC"},
}


def reachable():
    """Files of ours that the nodes load, following imports at a module's top."""
    found, queue = {}, list(ENTRIES)
    while queue:
        name = queue.pop()
        base = ROOT / name.replace(".", "/")
        path = base.with_suffix(".py") if base.with_suffix(".py").is_file() else None
        path = path or (base / "__init__.py")
        if name in found or not path.is_file():
            continue
        found[name] = path
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                queue += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            elif isinstance(node, ast.Import):
                queue += [alias.name for alias in node.names]
    return found


FILES = reachable()


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_syntax_and_imports_are_python_3_10s(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 10))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in LATER:
            later = {alias.name for alias in node.names} & LATER[node.module]
            assert not later, f"{path}:{node.lineno}: {later}"
        if isinstance(node, ast.Import):
            assert "tomllib" not in {alias.name for alias in node.names}, path
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in LATER.get(node.value.id, ()), f"{path}: {node.attr}"


def test_nodes_need_no_dds_and_no_learning():
    """CycloneDDS, torch and mediapipe are for other rooms than the nodes'."""
    heavy = ("cyclonedds", "torch", "mediapipe", "stable_baselines3", "rosbags")
    for name, path in FILES.items():
        for node in ast.parse(path.read_text()).body:
            module = getattr(node, "module", "") or ""
            assert not module.startswith(heavy), name
    assert sys.version_info >= (3, 11)
