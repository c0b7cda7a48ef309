"""A person from a BVH file: which of its joints are ours, by the names in use.

Names as written by LAFAN1 (ubisoft/ubisoft-laforge-animation-dataset), the CMU
database's conversions, Mixamo and MotionBuilder; Xsens MVN and 100STYLE; OptiTrack
Motive; Biovision's own; Poser and DAZ; Unreal; Bandai-Namco; SMPL converters.
"""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
from numpy.typing import NDArray

from perception.importers.bvh_file import END, Bvh, read_bvh
from perception.importers.person_motion import make_track
from perception.importers.request import Request
from perception.track import JOINTS, Track

Floats = NDArray[np.float64]

PARTS = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")


@dataclasses.dataclass(frozen=True)
class Naming:
    """How a family of skeletons names the seven joints of a side.

    `pattern` places side and part in a name without case, spaces and punctuation;
    a missing toe is taken from the end site of the ankle.
    """

    title: str
    sides: tuple[str, str]
    parts: tuple[str, ...]
    pattern: str = "{side}{part}"

    def joint(self, name: str) -> str:
        """The file's name, made plain, of our joint, such as `l_hip`."""
        side, part = name.split("_")
        word = self.parts[PARTS.index(part)]
        return self.pattern.format(side=self.sides["lr".index(side)], part=word)


NAMINGS = (
    *(
        Naming(
            f"LAFAN1, CMU, Mixamo ({toe})",
            ("left", "right"),
            ("upleg", "leg", "foot", toe, "arm", "forearm", "hand"),
        )
        for toe in ("toe", "toebase")
    ),
    Naming(
        "Xsens",
        ("left", "right"),
        ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist"),
    ),
    Naming(
        "Biovision",
        ("left", "right"),
        ("upleg", "lowleg", "foot", "toe", "uparm", "lowarm", "hand"),
    ),
    Naming(
        "SMPL",
        ("l", "r"),
        ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist"),
    ),
    Naming(
        "OptiTrack",
        ("l", "r"),
        ("thigh", "shin", "foot", "toe", "uarm", "farm", "hand"),
    ),
    Naming(
        "Poser, DAZ",
        ("l", "r"),
        ("thigh", "shin", "foot", "toe", "shldr", "forearm", "hand"),
    ),
    Naming(
        "Unreal",
        ("l", "r"),
        ("thigh", "calf", "foot", "ball", "upperarm", "lowerarm", "hand"),
        "{part}{side}",
    ),
    Naming(
        "Bandai-Namco",
        ("l", "r"),
        ("upperleg", "lowerleg", "foot", "toes", "upperarm", "lowerarm", "hand"),
        "{part}{side}",
    ),
)


def read(request: Request) -> Track:
    """The person in `request.path`; raises ValueError in one line."""
    bvh = read_bvh(request.path)
    columns = find_joints(bvh)
    return make_track(bvh.positions()[:, columns], request.fps or bvh.fps)


def find_joints(bvh: Bvh) -> list[int]:
    """The column of each of `JOINTS`, by the first naming that fits.

    Raises ValueError that says what is missing from the naming that fits best.
    """
    plain = _plain([joint.name for joint in bvh.joints])
    best, missing = NAMINGS[0], list(JOINTS)
    for naming in NAMINGS:
        columns = [_column(bvh, plain, naming, joint) for joint in JOINTS]
        found = [column for column in columns if column is not None]
        if len(found) == len(JOINTS):
            return found
        gaps = [j for j, c in zip(JOINTS, columns, strict=True) if c is None]
        if len(gaps) < len(missing):
            best, missing = naming, gaps
    titles = ", ".join(naming.title for naming in NAMINGS[1:])
    names = ", ".join(joint.name for joint in bvh.joints[:6])
    msg = (
        f"no joint for {missing[0]} (as '{best.joint(missing[0])}'); joints are "
        f"{names}, …; known skeletons: {titles}"
    )
    raise ValueError(msg)


def _column(bvh: Bvh, plain: list[str], naming: Naming, joint: str) -> int | None:
    wanted = naming.joint(joint)
    if wanted in plain:
        return plain.index(wanted)
    if not joint.endswith("toe"):
        return None
    ankle = naming.joint(joint.replace("toe", "ankle"))
    if ankle not in plain:
        return None
    ends = [
        index
        for index, one in enumerate(bvh.joints)
        if one.name == END and one.parent == plain.index(ankle) and any(one.offset)
    ]
    return ends[0] if ends else None


def _plain(names: list[str]) -> list[str]:
    """Names without namespace, common prefix, case, spaces and punctuation."""
    bare = [re.sub(r"[^a-z0-9]", "", n.rsplit(":", 1)[-1].lower()) for n in names]
    columns = zip(*(name for name in bare if name != END), strict=False)
    shared = len(list(itertools.takewhile(lambda c: len(set(c)) == 1, columns)))
    return [name if name == END else name[shared:] for name in bare]
