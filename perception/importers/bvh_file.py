"""The BVH format: a tree of offsets and channels, then rows of numbers.

After Meredith and Maddock, "Motion capture file formats explained" (2001): rotations
in degrees, applied in the order in which the channels are listed; a position channel
of an inner joint takes the place of its offset.
"""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets import rotations

Floats = NDArray[np.float64]

MAX_BYTES = 2**29
MAX_JOINTS = 500
CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in "xyz")
END = "end"


@dataclasses.dataclass
class Joint:
    """A joint: its parent's index (-1: the root), offset, and channels' names."""

    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Bvh:
    """A parsed file, in its own units and axes.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | joints | N | | parents before children; end sites are called `end` |
    | frames | (T, M) | file's, degree | a row of all channels per frame |
    """

    joints: tuple[Joint, ...]
    frames: Floats
    fps: float

    def positions(self) -> Floats:
        """Joints `(T, N, 3)` in the file's units and axes, by forward kinematics."""
        count = len(self.frames)
        pos = np.zeros((count, len(self.joints), 3))
        quat = np.zeros((count, len(self.joints), 4))
        column = 0
        for index, joint in enumerate(self.joints):
            values = self.frames[:, column : column + len(joint.channels)]
            column += len(joint.channels)
            local = _offset(joint, values)
            turn = _turn(joint, values)
            if joint.parent < 0:
                pos[:, index], quat[:, index] = local, turn
                continue
            above = quat[:, joint.parent]
            pos[:, index] = pos[:, joint.parent] + rotations.rotate(above, local)
            quat[:, index] = rotations.multiply(above, turn)
        return pos


def read_bvh(path: Path) -> Bvh:
    """Parse a file; raises ValueError in one line with the line's number."""
    if path.stat().st_size > MAX_BYTES:
        msg = f"larger than {MAX_BYTES // 2**20} MB"
        raise ValueError(msg)
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip().upper() == "MOTION"]
    if not lines or "HIERARCHY" not in lines[0].upper() or not starts:
        msg = "not a BVH file: expected HIERARCHY in the first line, and MOTION"
        raise ValueError(msg)
    joints = _hierarchy(lines[1 : starts[0]])
    width = sum(len(joint.channels) for joint in joints)
    frames, fps = _motion(lines[starts[0] + 1 :], width)
    return Bvh(tuple(joints), frames, fps)


def _hierarchy(lines: list[str]) -> list[Joint]:
    joints: list[Joint] = []
    open_joints: list[int] = []
    for number, line in enumerate(lines, start=2):
        cells = line.split()
        if not cells:
            continue
        try:
            _take(cells, joints, open_joints)
        except (ValueError, IndexError) as error:
            msg = f"line {number} '{line.strip()[:40]}': {error}"
            raise ValueError(msg) from error
    if open_joints:
        msg = f"the hierarchy leaves {len(open_joints)} braces open"
        raise ValueError(msg)
    if not joints or not any(joint.channels for joint in joints):
        msg = "the hierarchy has no joint with channels"
        raise ValueError(msg)
    return joints


def _take(cells: list[str], joints: list[Joint], open_joints: list[int]) -> None:
    """One line of the hierarchy."""
    word = cells[0].upper()
    if word in ("ROOT", "JOINT", "END"):
        if len(joints) >= MAX_JOINTS:
            msg = f"more than {MAX_JOINTS} joints"
            raise ValueError(msg)
        if word == "ROOT" and joints:
            msg = "a second root; expected one person"
            raise ValueError(msg)
        if word != "ROOT" and not open_joints:
            msg = "a joint outside the root"
            raise ValueError(msg)
        name = END if word == "END" else " ".join(cells[1:]) or "?"
        joints.append(Joint(name, open_joints[-1] if open_joints else -1))
    elif word == "{":
        open_joints.append(len(joints) - 1)
    elif word == "}":
        open_joints.pop()
    elif word == "OFFSET":
        x, y, z = (float(cell) for cell in cells[1:4])
        if not np.isfinite((x, y, z)).all():
            msg = "an offset that is not finite"
            raise ValueError(msg)
        joints[open_joints[-1]].offset = (x, y, z)
    elif word == "CHANNELS":
        joints[open_joints[-1]].channels = _channels(cells)
    else:
        msg = "expected ROOT, JOINT, End Site, OFFSET, CHANNELS or a brace"
        raise ValueError(msg)


def _channels(cells: list[str]) -> tuple[str, ...]:
    names = tuple(cell.lower() for cell in cells[2:])
    if len(names) != int(cells[1]) or len(set(names)) != len(names):
        msg = f"{cells[1]} channels announced, {len(set(names))} found"
        raise ValueError(msg)
    odd = [name for name in names if name not in CHANNELS]
    if odd:
        msg = f"unknown channel '{odd[0]}'"
        raise ValueError(msg)
    return names


def _motion(lines: list[str], width: int) -> tuple[Floats, float]:
    lines = [line for line in lines if line.strip()]
    heads = [line.split(":") for line in lines[:2]]
    words = [head[0].strip().lower() for head in heads]
    if words != ["frames", "frame time"] or any(len(head) != 2 for head in heads):
        msg = "expected 'Frames: N' and 'Frame Time: S' after MOTION"
        raise ValueError(msg)
    count, step = int(heads[0][1]), float(heads[1][1])
    if not 0.0 < step < 10.0:
        msg = f"frame time is {step} s, expected above 0"
        raise ValueError(msg)
    rows = lines[2:]
    if len(rows) != count:
        msg = f"{count} frames announced, {len(rows)} found"
        raise ValueError(msg)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frames = np.loadtxt(rows, ndmin=2)
    except (ValueError, UserWarning, DeprecationWarning) as error:
        msg = f"the motion is no table ({' '.join(str(error).split())[:120]})"
        raise ValueError(msg) from error
    if frames.shape[1] != width:
        msg = f"rows of {frames.shape[1]} numbers, expected one per channel: {width}"
        raise ValueError(msg)
    if not np.isfinite(frames).all():
        msg = f"not finite at frame {np.argwhere(~np.isfinite(frames))[0][0]}"
        raise ValueError(msg)
    return frames, 1.0 / step


def _offset(joint: Joint, values: Floats) -> Floats:
    """A joint's place in its parent's frame `(T, 3)`; zero channels say nothing."""
    local = np.tile(np.array(joint.offset), (len(values), 1))
    columns = [i for i, name in enumerate(joint.channels) if name.endswith("position")]
    if columns and (joint.parent < 0 or np.any(values[:, columns])):
        for column in columns:
            local[:, "xyz".index(joint.channels[column][0])] = values[:, column]
    return local


def _turn(joint: Joint, values: Floats) -> Floats:
    """A joint's rotation in its parent's frame as quaternions `(T, 4)`."""
    turn = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(values), 1))
    for column, name in enumerate(joint.channels):
        if name.endswith("rotation"):
            rotvec = np.zeros((len(values), 3))
            rotvec[:, "xyz".index(name[0])] = np.deg2rad(values[:, column])
            turn = rotations.multiply(turn, rotations.exp(rotvec))
    return np.asarray(turn, dtype=np.float64)
