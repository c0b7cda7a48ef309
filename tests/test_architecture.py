import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("assets", "perception", "envs", "policies", "deploy")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
SOURCES = [*MODULES, ROOT / "sugarmill.py", *sorted((ROOT / "benchmarks").glob("*.py"))]

ROBOT_SIDE = (
    "assets.robot assets.rotations envs.observations policies.bundle "
    "policies.hierarchy policies.contract deploy.control.runner deploy.control.safety"
).split()


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    """Every module that a file imports, inside functions too, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: relative import"
            yield node.module or "", node.lineno


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_package_imports_only_from_its_left(path):
    room = PACKAGES.index(path.relative_to(ROOT).parts[0])
    forbidden = {*PACKAGES[room + 1 :], "sugarmill", "tests", "benchmarks"}
    for module, line in imports(path):
        assert module.split(".")[0] not in forbidden, f"line {line}: {module}"


@pytest.mark.parametrize("module", ROBOT_SIDE)
def test_the_robots_side_needs_numpy_and_onnxruntime_alone(module):
    """In a fresh interpreter, by what is loaded and not by what is written."""
    code = (
        f"import sys; before = set(sys.modules); import {module}; "
        "print(*{n.split('.')[0] for n in set(sys.modules) - before})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lean = {*PACKAGES, "numpy", "onnxruntime", *sys.stdlib_module_names}
    needed = {"flatbuffers", "packaging", "google", "coloredlogs", "humanfriendly"}
    loaded = set(done.stdout.split()) - lean - needed
    assert {name for name in loaded if not name.startswith("_")} <= {"cython_runtime"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_grows_past_its_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_every_package_is_declared():
    with (ROOT / "pyproject.toml").open("rb") as file:
        setuptools = tomllib.load(file)["tool"]["setuptools"]
    wheel = [p for p in MODULES if not name_of(p).startswith("deploy/ros2/")]
    found = {name_of(path.parent).replace("/", ".") for path in wheel}
    with_init = {
        name_of(path.parent).replace("/", ".")
        for path in wheel
        if path.name == "__init__.py"
    }
    assert set(setuptools["packages"]) == found == with_init
    assert setuptools["py-modules"] == ["sugarmill"]


def unpicklers(path):
    """Places that could run code out of a file, as 'line: what'."""
    for module, line in imports(path):
        if module.split(".")[0] in ("pickle", "dill", "joblib", "shelve", "marshal"):
            yield f"{line}: import {module}"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("torch.load", "PPO.load", "yaml.load", "eval", "exec"):
            yield f"{node.lineno}: {called}"
        for keyword in node.keywords:
            if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                yield f"{node.lineno}: allow_pickle"


def test_only_a_resumed_run_is_unpickled():
    found = {
        name_of(path): [what.split(": ", 1)[1] for what in unpicklers(path)]
        for path in SOURCES
    }
    assert {k: v for k, v in found.items() if v} == {"policies/train.py": ["PPO.load"]}


def test_arrays_are_read_without_pickles():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.load":
                said = {keyword.arg for keyword in node.keywords}
                assert "allow_pickle" in said, f"{name_of(path)}:{node.lineno}"
