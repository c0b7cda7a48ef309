"""Printed markers on an object's faces: ArUco 4×4 and AprilTag 36h11.

Markers seen in a frame together give one pose: of all corners at once, so that two
faces hold each other where one alone could be seen two ways.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.objects import ObjectSpec
from perception.camera import project
from perception.objects.colour import KeyFrames
from perception.objects.marker import Family, Marker
from perception.objects.tracker import CameraPoses, PosesTracker

Floats = NDArray[np.floating]

_DICTIONARIES = {
    "aruco_4x4": cv2.aruco.DICT_4X4_50,
    "apriltag_36h11": cv2.aruco.DICT_APRILTAG_36h11,
}
SIGMA_PX = 0.5
MAX_OFF_PX = 3.0
MIN_FRAMES = 4


def marker_tracker(
    keys: KeyFrames, spec: ObjectSpec, markers: tuple[Marker, ...]
) -> PosesTracker | None:
    """A tracker from the markers seen; None where they hardly ever are."""
    poses = marker_poses(keys, spec, markers)
    if len(poses.index) < MIN_FRAMES:
        return None
    return PosesTracker("markers", poses)


def marker_poses(
    keys: KeyFrames, spec: ObjectSpec, markers: tuple[Marker, ...]
) -> CameraPoses:
    """Poses of the object in the key frames that show a marker of its."""
    rows: list[tuple[int, Floats, Floats, Floats]] = []
    before: Floats | None = None
    for index, image in zip(keys.index, keys.images, strict=True):
        points_o, pixels = find_corners(image, spec, markers)
        solved = _solve(points_o, pixels, keys.K, before)
        if solved is None:
            continue
        before = solved
        quat = rotations.exp(solved[:3])
        rows.append((index, solved[3:], quat, _information(points_o, solved, keys.K)))
    if not rows:
        none = np.zeros(0, np.intp)
        return CameraPoses(
            none, np.zeros((0, 3)), np.zeros((0, 4)), np.zeros((0, 6, 6))
        )
    index, pos, quat, information = zip(*rows, strict=True)
    return CameraPoses(
        np.array(index), np.stack(pos), np.stack(quat), np.stack(information)
    )


def find_corners(
    image: NDArray[np.uint8], spec: ObjectSpec, markers: tuple[Marker, ...]
) -> tuple[Floats, Floats]:
    """Corners seen of known markers: in the object `(N, 3)` [m], pixels `(N, 2)`."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    points: list[Floats] = [np.zeros((0, 3))]
    pixels: list[Floats] = [np.zeros((0, 2))]
    for family in {marker.family for marker in markers}:
        known = {m.id: m for m in markers if m.family == family}
        corners, ids, _ = _detector(family).detectMarkers(grey)
        for found, each in zip(
            corners, [] if ids is None else ids.ravel(), strict=True
        ):
            if int(each) in known:
                points.append(known[int(each)].corners_o(spec))
                pixels.append(found.reshape(4, 2) + 0.5)
    return np.concatenate(points), np.concatenate(pixels)


@functools.cache
def _detector(family: Family) -> cv2.aruco.ArucoDetector:
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    settings.cornerRefinementWinSize = 3
    words = cv2.aruco.getPredefinedDictionary(_DICTIONARIES[family])
    return cv2.aruco.ArucoDetector(words, settings)


def _solve(
    points_o: Floats, pixels: Floats, K: Floats, before: Floats | None
) -> Floats | None:
    """Rotation vector and position `(6,)` of the object, or None if none fits.

    Of the two ways to see one square, that nearer to the frame before is taken
    where both fit.
    """
    if len(points_o) < 4:
        return None
    flat = len(points_o) == 4
    method = cv2.SOLVEPNP_IPPE if flat else cv2.SOLVEPNP_SQPNP
    args = (points_o, pixels, K, None)
    found, turns, shifts, _ = cv2.solvePnPGeneric(*args, flags=method)
    tried = []
    for turn, shift in zip(turns, shifts, strict=True) if found else ():
        turn, shift = cv2.solvePnPRefineLM(*args, turn.copy(), shift.copy())
        pose = np.concatenate([turn.ravel(), shift.ravel()]).astype(float)
        off = float(np.abs(_project(points_o, pose, K) - pixels).mean())
        if off < MAX_OFF_PX and pose[5] > 0:
            apart = 0.0
            if before is not None:
                quats = rotations.exp(pose[:3]), rotations.exp(before[:3])
                apart = float(rotations.angle(*quats))
            tried.append((off + 0.5 * apart, pose))
    return min(tried, key=lambda each: each[0])[1] if tried else None


def _project(points_o: Floats, pose: Floats, K: Floats) -> Floats:
    turned = rotations.rotate(rotations.exp(pose[:3]), points_o)
    return project(K, turned + pose[3:])


def _information(points_o: Floats, pose: Floats, K: Floats) -> Floats:
    """How well corners tell the pose `(6, 6)`: shift, then turn, camera axes."""
    lever = rotations.rotate(rotations.exp(pose[:3]), points_o)
    points_c = lever + pose[3:]
    depth = points_c[:, 2]
    rows = []
    for axis in range(2):
        along = np.zeros((len(depth), 3))
        along[:, axis] = K[axis, axis] / depth
        along[:, 2] = -K[axis, axis] * points_c[:, axis] / depth**2
        rows.append(np.concatenate([along, np.cross(lever, along)], axis=1))
    J = np.concatenate(rows) / SIGMA_PX
    return J.T @ J
