"""The tasks, each a table, by name."""

from __future__ import annotations

from envs.task import Task
from envs.tasks import lift_box

TASKS: dict[str, Task] = {task.name: task for task in (lift_box.TASK,)}


def task_by_name(name: str) -> Task:
    """The task called `name`; ValueError lists those that exist."""
    if name not in TASKS:
        msg = f"unknown task '{name}'; there are: {', '.join(TASKS)}"
        raise ValueError(msg)
    return TASKS[name]
