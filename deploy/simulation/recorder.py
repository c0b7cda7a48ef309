"""What happened to a simulated robot: rows for the report, and whether it succeeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from deploy.simulation.simulated_robot import SimulatedRobot
from envs.success import Trace, up
from envs.tasks import task_by_name
from policies.contract import Contract


class Recorder:
    """The simulator's state once per control period of a contract."""

    def __init__(self, sim: SimulatedRobot, contract: Contract) -> None:
        self._sim = sim
        self._contract = contract
        self.dt = 1.0 / contract.control_hz
        self._qpos: list[np.ndarray] = []

    def add(self) -> None:
        """Record the robot as it is now."""
        self._qpos.append(self._sim.qpos)

    def result(self) -> dict[str, Any]:
        """Plain values for JSON: success, the lift reached, and the three series."""
        goal = self._sim.goal and np.array(self._sim.goal.pos_w)
        obj = self._contract.object
        trace = Trace.of_states(np.array(self._qpos), self.dt, obj, goal)
        criterion = task_by_name(self._contract.task).success
        return {
            "success": criterion(trace),
            "why": criterion.cause(trace),
            "seconds": (len(trace.rise) - 1) * self.dt,
            "dt": self.dt,
            "max_gain_m": float(trace.rise.max()),
            "final_gain_m": float(trace.rise[-1]),
            "object_gain_m": trace.rise.round(4).tolist(),
            "root_height_m": trace.root_pos_w[:, 2].round(4).tolist(),
            "upright": up(trace.root_quat_w).round(4).tolist(),
        }

    def save(self, path: Path) -> None:
        """Write the trajectory: `qpos (T, nq)` and `dt`, for a report to render."""
        np.savez_compressed(path, qpos=np.array(self._qpos), dt=self.dt)
