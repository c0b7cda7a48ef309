import dataclasses
import json
import math

import pytest

from policies.contract import Contract
from tests.bundles import make_contract


@pytest.fixture
def contract():
    return make_contract()


def test_a_contract_survives_its_file(tmp_path, contract):
    odd = dataclasses.replace(contract, initial_command=(math.pi,) * 37)
    odd.save(tmp_path / "contract.json")
    back = Contract.load(tmp_path / "contract.json")
    mjcf = {"mjcf": back.robot.mjcf}
    expected = dataclasses.replace(odd.robot, **mjcf)
    assert back == dataclasses.replace(odd, robot=expected)


def test_no_path_of_this_machine_is_written(contract):
    assert contract.to_dict()["robot"]["mjcf"] == "g1.xml"
    assert str(contract.robot.mjcf.parent) not in json.dumps(contract.to_dict())


def start(contract, **changes):
    return {"start": dataclasses.replace(contract.start, **changes)}


FAULTS = {
    "initial_command has 3 values, expected 37": lambda c: {
        "initial_command": (0.0,) * 3
    },
    "initial_command holds a value that is not finite": lambda c: {
        "initial_command": (math.nan,) * 37
    },
    "action_scale has 28 values, expected 29": lambda c: {
        "action_scale": c.action_scale[1:]
    },
    "start.joint_pos has 30 values": lambda c: start(c, joint_pos=(0.0,) * 30),
    "start.root_quat_w has 3 values": lambda c: start(c, root_quat_w=(1.0, 0.0, 0.0)),
    "start.object_pos_w holds a value": lambda c: start(
        c, object_pos_w=(math.inf, 0.0, 0.0)
    ),
    "start.object_quat_w has 5 values": lambda c: start(c, object_quat_w=(0.0,) * 5),
    "start.root_height holds a value that is not finite": lambda c: start(
        c, root_height=math.nan
    ),
    "execute 9 is not in 1 to 8": lambda c: {"execute": 9},
    "execute 0 is not in 1 to 8": lambda c: {"execute": 0},
    "history 0 is not in 1 to 1000": lambda c: {"history": 0},
    "horizon 10000000 is not in 1 to 1000": lambda c: {"horizon": 10_000_000},
    "object frame is pelvis, expected the anchor torso_link": lambda c: {
        "object_frame": "pelvis"
    },
    "control_hz 0 and command_hz 10": lambda c: {"control_hz": 0.0},
    "control_hz nan": lambda c: {"control_hz": math.nan},
    "command_hz 15": lambda c: {"command_hz": 15.0},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_in_one_line(contract, fault):
    bad = dataclasses.replace(contract, **FAULTS[fault](contract))
    with pytest.raises(ValueError, match=fault.replace(".", r"\.")) as caught:
        bad.validate()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["command", "tracker", "generator"])
def test_another_layout_is_refused(contract, name):
    values = contract.to_dict()
    values["layouts"][name] = values["layouts"][name][::-1]
    with pytest.raises(ValueError, match=f"contract: {name} layout is"):
        Contract.from_dict(values)


def test_another_schema_is_refused(contract):
    with pytest.raises(ValueError, match=r"schema is 3, .* export the bundle again"):
        Contract.from_dict({**contract.to_dict(), "schema": 3})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"schema": 1}',
        '{"schema": 1, "layouts": {}, "robot": 3, "object": [], "start": 5}',
        "null",
    ],
)
def test_an_unreadable_contract_is_named(tmp_path, text):
    path = tmp_path / "contract.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"contract\.json: not a readable contract"):
        Contract.load(path)


@pytest.mark.parametrize("field", ["start", "layouts", "robot", "object"])
@pytest.mark.parametrize("value", [[], 3, None, "x"])
def test_a_field_of_another_type_is_a_fault_of_the_file(
    tmp_path, contract, field, value
):
    path = tmp_path / "contract.json"
    path.write_text(json.dumps({**contract.to_dict(), field: value}))
    with pytest.raises(ValueError, match="contract"):
        Contract.load(path)
    extra = {**contract.to_dict(), "surprise": 1}
    path.write_text(json.dumps(extra))
    with pytest.raises(ValueError, match="surprise"):
        Contract.load(path)


def test_layouts_have_the_documented_widths(contract):
    widths = {k: sum(n for _, n in v) for k, v in contract.layouts().items()}
    assert widths == {"command": 37, "tracker": 37 + 5 * 93 + 9, "generator": 46}
    assert contract.ticks_per_command == 5
