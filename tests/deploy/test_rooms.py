"""The rooms of `deploy`, in the order in which they may know of each other."""

import pytest

from tests.test_architecture import ROOT, imports, name_of

ROOMS = "wire dds planning control simulation objects bags session doctor".split()
SHARED = {"backend", "robots", "estop"}
FILES = sorted(path for room in ROOMS for path in (ROOT / "deploy" / room).glob("*.py"))


def test_every_room_has_its_place():
    found = {path.parent.name for path in (ROOT / "deploy").glob("*/__init__.py")}
    assert found == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_from_its_left(path):
    known = {*ROOMS[: ROOMS.index(path.parent.name) + 1], *SHARED}
    for module, line in imports(path):
        package, _, rest = module.partition(".")
        if package == "deploy":
            assert rest.split(".")[0] in known, f"line {line}: {module}"
