"""What happened to a simulated robot: rows for the report, and whether it succeeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from deploy.simulated_robot import SimulatedRobot
from envs.success import lift_success


class Recorder:
    """One row every `dt` [s]: positions, heights and uprightness."""

    def __init__(self, sim: SimulatedRobot, dt: float) -> None:
        self._sim = sim
        self.dt = dt
        self._qpos: list[np.ndarray] = []
        self._rows: list[tuple[float, float, float]] = []

    def add(self) -> None:
        """Record the robot as it is now."""
        sim = self._sim
        self._qpos.append(sim.qpos)
        self._rows.append((sim.object_height, sim.root_height, sim.upright))

    def result(self) -> dict[str, Any]:
        """Plain values for JSON: success, the lift reached, and the three series."""
        object_height, root_height, upright = np.array(self._rows).T
        gain = object_height - object_height[0]
        return {
            "success": lift_success(object_height, root_height, upright, self.dt),
            "seconds": (len(gain) - 1) * self.dt,
            "dt": self.dt,
            "max_gain_m": float(gain.max()),
            "final_gain_m": float(gain[-1]),
            "object_gain_m": gain.round(4).tolist(),
            "root_height_m": root_height.round(4).tolist(),
            "upright": upright.round(4).tolist(),
        }

    def save(self, path: Path) -> None:
        """Write the trajectory: `qpos (T, nq)` and `dt`, for a report to render."""
        np.savez_compressed(path, qpos=np.array(self._qpos), dt=self.dt)
