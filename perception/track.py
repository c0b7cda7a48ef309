"""`Track`: the human and the object as seen in one video, before retargeting."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.prior import CONTACT_NAMES

JOINTS = (
    "l_hip r_hip l_knee r_knee l_ankle r_ankle l_toe r_toe "
    "l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist"
).split()

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Track:
    """One person and one object over a video's frames; world Z up, floor at 0.

    | field | shape | unit | frame |
    |---|---|---|---|
    | fps | () | 1/s | one row per video frame |
    | joints_w | (T, 14, 3) | m | world, order of `JOINTS` |
    | visibility | (T, 14) | 0 to 1 | |
    | object_pos_w | (T, 3) | m | world, centre of the bounding box |
    | object_quat_w | (T, 4) | wxyz | world |
    | contact | (T, C) | bool | order of contact_names |
    | K | (3, 3) | px | camera intrinsics |
    | T_world_to_cam | (T, 4, 4) | m | OpenCV camera: x right, y down, z forward |
    """

    fps: float
    joints_w: Floats
    visibility: Floats
    object_pos_w: Floats
    object_quat_w: Floats
    contact: NDArray[np.bool_]
    K: Floats
    T_world_to_cam: Floats
    contact_names: tuple[str, ...] = CONTACT_NAMES

    @property
    def num_frames(self) -> int:
        """Number of video frames, T."""
        return len(self.joints_w)

    def validate(self) -> None:
        """Raise ValueError in one line that names the first fault found."""
        t, c = self.num_frames, len(self.contact_names)
        expected = {
            "joints_w": (t, len(JOINTS), 3),
            "visibility": (t, len(JOINTS)),
            "object_pos_w": (t, 3),
            "object_quat_w": (t, 4),
            "contact": (t, c),
            "K": (3, 3),
            "T_world_to_cam": (t, 4, 4),
        }
        for field, shape in expected.items():
            values = getattr(self, field)
            if values.shape != shape:
                msg = f"track: {field} has shape {values.shape}, expected {shape}"
                raise ValueError(msg)
            if not np.isfinite(values.astype(float)).all():
                msg = f"track: {field} holds values that are not finite"
                raise ValueError(msg)

    def save(self, path: Path) -> None:
        """Write as .npz; the names are stored beside the arrays."""
        arrays = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        arrays["contact_names"] = np.array(self.contact_names)
        with path.open("wb") as file:
            np.savez_compressed(file, names=np.array(JOINTS), **arrays)

    @classmethod
    def load(cls, path: Path) -> Track:
        """Read what `save` wrote; raises ValueError naming the file and the fault."""
        try:
            with np.load(path, allow_pickle=False) as file:
                values = {f.name: file[f.name] for f in dataclasses.fields(cls)}
                names = [str(n) for n in file["names"]]
        except Exception as error:
            msg = f"{path}: not a readable track ({error})"
            raise ValueError(msg) from error
        if names != JOINTS:
            msg = f"{path}: joints are {names}, expected {JOINTS}"
            raise ValueError(msg)
        values["fps"] = float(values["fps"])
        values["contact_names"] = tuple(str(n) for n in values["contact_names"])
        return cls(**values)
