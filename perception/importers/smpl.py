"""People as SMPL parameters: AMASS, and GVHMR's and WHAM's results saved as .npz.

| source | arrays |
|---|---|
| AMASS | `poses (T, 66 or more)`, `trans (T, 3)`, `mocap_framerate` |
| GVHMR | `global_orient (T, 3)`, `body_pose (T, 63 or 69)`, `transl (T, 3)` |
| WHAM | `pose_world (T, 72)`, `trans_world (T, 3)` |

Rotations are axis-angle [rad], lengths metres. GVHMR's may stand under
`smpl_params_global`, as in `hmr4d_results.pt`; both it and WHAM save pickles, so save
those arrays with `numpy.savez`. `fps` is read where it is; these two work at 30.
If the file has `joints (T, 22 or more, 3)`, those are taken instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.importers.npz_file import numbers, read_npz
from perception.importers.person_motion import make_track
from perception.importers.request import Request
from perception.importers.smpl_skeleton import (
    MEAN_HEIGHT,
    NUM_JOINTS,
    ours,
    pose_joints,
    stature,
)
from perception.timeline import check_fps
from perception.track import Track

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

AMASS = frozenset(("poses", "trans"))
GVHMR = frozenset(("global_orient", "body_pose", "transl"))
WHAM = frozenset(("pose_world", "trans_world"))

FPS = 30.0
_RATES = ("fps", "mocap_framerate", "mocap_frame_rate")
_PREFIX = "smpl_params_global"
MAX_TURN = 4.0 * np.pi


def read(request: Request) -> Track:
    """The person in `request.path`; raises ValueError in one line."""
    arrays = {bare(key): value for key, value in read_npz(request.path).items()}
    fps = _rate(arrays, request)
    if "joints" in arrays:
        joints = numbers(arrays, "joints", (None, None, 3))
        if joints.shape[1] < NUM_JOINTS:
            msg = f"{joints.shape[1]} joints, expected SMPL's first {NUM_JOINTS}"
            raise ValueError(msg)
        return make_track(ours(joints), fps)
    rotvecs, trans = _parameters(arrays)
    check_fps(fps, len(trans))
    pose = pose_joints(rotvecs)
    if request.height_m is None:
        factor = stature(pose, trans)
    else:
        factor = request.height_m / MEAN_HEIGHT
    return make_track(ours(trans[:, None] + factor * pose), fps)


def bare(key: str) -> str:
    """An array's name without the dictionary that GVHMR puts it in."""
    return key.removeprefix(_PREFIX).lstrip("./_")


def _rate(arrays: Arrays, request: Request) -> float:
    if request.fps is not None:
        return request.fps
    for key in _RATES:
        if key in arrays:
            return float(numbers({key: arrays[key].reshape(-1)}, key, (1,))[0])
    if set(arrays) >= AMASS:
        msg = f"no frame rate ({', '.join(_RATES)}); give it"
        raise ValueError(msg)
    return FPS


def _parameters(arrays: Arrays) -> tuple[Floats, Floats]:
    """Rotations `(T, 22, 3)` [rad] and the pelvis `(T, 3)` [m]."""
    if set(arrays) >= GVHMR:
        orient = numbers(arrays, "global_orient", (None, 3))
        body = numbers(arrays, "body_pose", (len(orient), None))
        poses, trans = np.concatenate([orient, body], axis=1), "transl"
    elif set(arrays) >= WHAM:
        poses, trans = numbers(arrays, "pose_world", (None, None)), "trans_world"
    else:
        poses, trans = numbers(arrays, "poses", (None, None)), "trans"
    wide = NUM_JOINTS * 3
    if poses.shape[1] < wide or poses.shape[1] % 3:
        msg = (
            f"poses of {poses.shape[1]} numbers, expected at least {wide}: "
            f"axis-angle of the pelvis and {NUM_JOINTS - 1} joints"
        )
        raise ValueError(msg)
    widest = float(np.abs(poses).max(initial=0.0))
    if widest > MAX_TURN:
        msg = f"rotations reach {widest:.0f}: in degrees? expected radians"
        raise ValueError(msg)
    rotvecs = poses[:, :wide].reshape(-1, NUM_JOINTS, 3)
    return rotvecs, numbers(arrays, trans, (len(poses), 3))
