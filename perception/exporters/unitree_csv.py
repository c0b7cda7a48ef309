"""Priors as Unitree's LAFAN1 retargeting dataset has them: a row per frame.

Root x, y, z [m], quaternion xyzw, joints [rad] in the SDK's order. Rate and names are
comments, which `numpy.loadtxt` passes over. The object has no place in this format.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.robot import RobotSpec
from perception.prior import Prior


def write(prior: Prior, robot: RobotSpec, out: Path) -> Path:
    """Write `out/NAME.csv` at the prior's 50 Hz, every digit kept."""
    del robot
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{prior.name}.csv"
    xyzw = np.roll(prior.root_quat_w, -1, axis=1)
    table = np.concatenate([prior.root_pos_w, xyzw, prior.joint_pos], axis=1)
    header = f"fps={prior.fps:g}\njoints={','.join(prior.joint_names)}"
    np.savetxt(path, table, fmt="%.17g", delimiter=",", header=header)
    return path
