"""Where palms are: hanging, then beside the object, on it, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from perception.retargeting.footsteps import Gait
from perception.retargeting.grasp import Grasp
from perception.retargeting.plan import leaning
from perception.smoothing import min_jerk

Floats = NDArray[np.float64]

LEAD_IN = 70
"""Frames that a robot needs from standing to the object."""
PALM_BESIDE = 0.10
TURNED = 0.9
"""How far hands turn with what they stand up, over its own turn: what is left they let
slip."""
TIPPED = (-0.3, 0.8)
"""How far [rad] they point down in the end, its top away from the robot or near."""
CLOSING = 20


def place_palms(
    grasp: Grasp, gait: Gait, path: tuple[Floats, Floats], start: int, end: int
) -> dict[str, Floats]:
    """Palms beside the object, and from when they touch until they let go on it."""
    pos, quat = path
    frames = np.arange(len(pos))
    closed = min_jerk((frames - start) / CLOSING + 1.0)
    if end < len(frames):
        closed *= 1.0 - min_jerk((frames - end) / CLOSING)
    heading = rotations.from_yaw(_heading(grasp, quat))[:, None]
    outward = rotations.rotate(heading, grasp.outward)
    palms = pos[:, None] + rotations.rotate(quat[:, None], grasp.palm_o)
    palms += PALM_BESIDE * (1.0 - closed)[:, None, None] * outward
    palms[..., 2] += grasp.raised
    turned = grasp.palm_quat
    if grasp.tip:
        turned = leaning(np.zeros(len(quat)), _tipping_pitch(grasp, quat))[:, None]
        turned = np.repeat(turned, 2, axis=1)
    return {
        "palm_pos_w": palms,
        "palm_quat_w": np.asarray(
            rotations.multiply(heading, turned), dtype=np.float64
        ),
        "palm_normal_w": np.asarray(outward, dtype=np.float64),
    }


def _tipping_pitch(grasp: Grasp, quat: Floats) -> Floats:
    """How far hands point down `(T,)` [rad] that turn with what they stand up."""
    top = rotations.rotate(quat, np.array([0.0, 0.0, 1.0]))
    ahead = top[:, 0] * np.cos(grasp.heading) + top[:, 1] * np.sin(grasp.heading)
    upright = TIPPED[0] if grasp.tip > 0 else TIPPED[1]
    return upright + TURNED * np.arctan2(ahead, top[:, 2])


def _heading(grasp: Grasp, quat: Floats) -> Floats:
    """Heading `(T,)` [rad] of whoever holds an object that is turned by `quat`."""
    if grasp.tip:
        return np.full(len(quat), grasp.heading)
    turned = rotations.multiply(quat, rotations.conjugate(grasp.quat))
    return np.asarray(rotations.yaw(turned), dtype=np.float64)


def reach_curve(
    frames: NDArray[np.int_], start: int, end: int, arrived: int, last: int
) -> Floats:
    """The hands' way `(T,)` from hanging to beside the object and back, 0 to 1."""
    begin = max(arrived, start - LEAD_IN - 5)
    reach = min_jerk((frames - begin) / max(start - CLOSING - begin, 1))
    if end < last:
        reach *= 1.0 - min_jerk((frames - end - CLOSING // 2) / 40.0)
    return reach
