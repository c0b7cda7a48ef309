"""What is known of an object's rest before it is looked at: the person's floor.

How large something looks says how far it is, but little where it is small or its ends
may be of other colours. That it stands on the person's floor says more then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.objects.search import Search
from perception.objects.shape import capped, resting_height
from perception.objects.silhouette import Pose

Floats = NDArray[np.floating]

SIGMA_POS = np.array([0.25, 0.25, 0.20])
SIGMA_YAW, SIGMA_PITCH, SIGMA_ROLL = 0.5, 0.04, 0.015
"""How far pose and camera may go from the guess [m, rad]: yaw about the vertical,
pitch about the camera's right, roll about its forward axis, both made level."""
FLOOR_SHARE = 0.025
"""Of how far away a person is, how much they are off who are placed by their height;
and so the floor under what stands by them, of the camera's height over it."""


def hold(
    T_world_to_cam: Floats, pos: Floats, yaw: float, pitch: float, roll: float
) -> Floats:
    """Information `(6, 6)` of a pose known this well [m, rad] beforehand."""
    right = T_world_to_cam[0, :3] * [1.0, 1.0, 0.0]
    right = right / np.linalg.norm(right)
    axes = np.stack([right, np.cross([0.0, 0.0, 1.0], right), [0.0, 0.0, 1.0]])
    prior = np.zeros((6, 6))
    prior[:3, :3] = np.diag(1.0 / np.broadcast_to(pos, 3) ** 2)
    prior[3:, 3:] = (axes.T / np.array([pitch, roll, yaw]) ** 2) @ axes
    return prior


def beforehand(search: Search) -> Floats:
    """What is known of a resting pose before its outline is looked at closely.

    The end of a bottle may be taken for its cap, and it is small: how large it looks
    says less of how far it is than the floor that the person stands on.
    """
    T, pos = search.view.T_world_to_cam, SIGMA_POS.copy()
    if capped(search.spec):
        pos[2] = FLOOR_SHARE * float(-T[:3, 2] @ T[:3, 3])
    return hold(T, pos, SIGMA_YAW, SIGMA_PITCH, SIGMA_ROLL)


def grounded(search: Search, pose: Pose) -> Pose:
    """A bottle's pose moved along its ray onto the floor that the person stands on."""
    if not capped(search.spec):
        return pose
    T = search.view.T_world_to_cam
    eye = -T[:3, :3].T @ T[:3, 3]
    share = (resting_height(search.spec, pose.quat_w) - eye[2]) / (pose.pos_w - eye)[2]
    return Pose(eye + share * (pose.pos_w - eye), pose.quat_w)
