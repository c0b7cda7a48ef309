"""Robots that may be driven: ours, if they are what a bundle was made for."""

from __future__ import annotations

import dataclasses

from assets.g1.spec import g1
from assets.robot import RobotSpec
from policies.contract import Contract

ROBOTS = {"unitree_g1": g1}
"""Robots that this installation can drive, by the name in a contract."""


def known_robot(contract: Contract) -> RobotSpec:
    """Our own robot of the contract's name; ValueError if it differs."""
    name = contract.robot.name
    if name not in ROBOTS:
        msg = f"bundle is for robot '{name}'; known here: {', '.join(ROBOTS)}"
        raise ValueError(msg)
    robot = ROBOTS[name]()
    meet(contract, robot)
    return robot


def meet(contract: Contract, robot: RobotSpec) -> None:
    """Raise ValueError that says in one line how `robot` differs from the contract."""
    for field in dataclasses.fields(RobotSpec):
        if field.name == "mjcf":
            continue
        asked, found = getattr(contract.robot, field.name), getattr(robot, field.name)
        if asked == found:
            continue
        detail = f"is {found}, the bundle was made for {asked}"
        if isinstance(asked, tuple) and len(asked) == len(found):
            at = next(i for i, value in enumerate(asked) if value != found[i])
            detail = f"differs at index {at}: here {found[at]}, bundle {asked[at]}"
        msg = f"robot {robot.name}: {field.name} {detail}; export the bundle again"
        raise ValueError(msg)
