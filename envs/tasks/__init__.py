"""The tasks, each a table, by name."""

from __future__ import annotations

from envs.task import Task
from envs.tasks import (
    carry_box,
    kick_box,
    lift_box,
    pick_bottle,
    push_box,
    sit_chair,
    stand_bottle,
)

_MODULES = (
    *(lift_box, carry_box, push_box, kick_box),
    *(pick_bottle, stand_bottle, sit_chair),
)
TASKS: dict[str, Task] = {module.TASK.name: module.TASK for module in _MODULES}


def task_by_name(name: str) -> Task:
    """The task called `name`; ValueError lists those that exist."""
    if name not in TASKS:
        msg = f"unknown task '{name}'; there are: {', '.join(TASKS)}"
        raise ValueError(msg)
    return TASKS[name]
