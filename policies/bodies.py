"""The robot that a skill is for, and tasks that fit its model's physics."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import mujoco

from assets.g1.spec import g1
from assets.robot import RobotSpec
from envs.task import Task
from envs.tasks import task_by_name


def robot_of(mjcf: Path | None) -> RobotSpec:
    """The G1, on another MJCF with the same joints if one is given."""
    if mjcf is not None and not mjcf.is_file():
        msg = f"{mjcf}: no such robot model; name an MJCF with the G1's joints"
        raise ValueError(msg)
    return g1(mjcf)


def task_on(name: str, robot: RobotSpec) -> Task:
    """The task, with as many physics steps a control period as the robot's file has.

    Raises ValueError if the file's timestep does not divide the control period.
    """
    task = task_by_name(name)
    timestep = mujoco.MjSpec.from_file(str(robot.mjcf)).option.timestep
    substeps = round(task.dt / timestep)
    if abs(substeps * timestep - task.dt) > 1e-9:
        msg = f"{robot.mjcf}: its timestep of {timestep:g} s does not divide the "
        raise ValueError(msg + f"control period of {task.dt:g} s")
    return dataclasses.replace(task, substeps=substeps)
