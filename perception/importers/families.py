"""Which reader takes a file: by its suffix, and for .npz by the arrays inside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from perception.importers import body_npz, bvh, smpl, unitree_csv
from perception.importers.npz_file import array_names
from perception.importers.request import Request
from perception.prior import Prior
from perception.track import Track


@dataclasses.dataclass(frozen=True)
class Family:
    """A kind of file: its suffix, the arrays that tell it, and who reads it."""

    title: str
    suffix: str
    keys: frozenset[str]
    read: Callable[[Request], Track | Prior]


FAMILIES = {
    "mjlab": Family(
        "BeyondMimic, mjlab or HDMI motion", ".npz", body_npz.KEYS, body_npz.read
    ),
    "amass": Family("AMASS (SMPL)", ".npz", smpl.AMASS, smpl.read),
    "gvhmr": Family("GVHMR (SMPL)", ".npz", smpl.GVHMR, smpl.read),
    "wham": Family("WHAM (SMPL)", ".npz", smpl.WHAM, smpl.read),
    "bvh": Family("BVH skeleton", ".bvh", frozenset(), bvh.read),
    "csv": Family("Unitree or LAFAN csv", ".csv", frozenset(), unitree_csv.read),
}
"""By name, in the order in which they are tried."""

SUFFIXES = tuple(sorted({family.suffix for family in FAMILIES.values()}))

_PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth", ".npy")


def read_motion(request: Request) -> Track | Prior:
    """A person's track or a robot's prior; ValueError names the file and the fault."""
    try:
        return FAMILIES[family_of(request.path)].read(request)
    except ValueError as error:
        line = " ".join(str(error).split()).removeprefix(f"{request.path}: ")
        line = line.removeprefix(f"prior '{request.name}': ")
        msg = f"{request.path.name}: {line}"
        raise ValueError(msg) from error


def family_of(path: Path) -> str:
    """Name of the family that `path` belongs to; ValueError says what there is."""
    suffix = path.suffix.lower()
    if suffix in _PICKLES:
        msg = (
            f"{suffix} files are pickles, which can run code, so they are not read; "
            "where you trust it, load it in Python and numpy.savez its number arrays"
        )
        raise ValueError(msg)
    names = [name for name, family in FAMILIES.items() if family.suffix == suffix]
    if suffix == ".npz":
        held = {smpl.bare(key) for key in array_names(path)}
        names = [name for name in names if FAMILIES[name].keys <= held]
        if not names:
            known = "; ".join(
                f"{f.title}: {', '.join(sorted(f.keys))}"
                for f in FAMILIES.values()
                if f.suffix == suffix
            )
            msg = f"arrays are {', '.join(sorted(held)[:12])}; known are {known}"
            raise ValueError(msg)
    if not names:
        msg = f"'{suffix}' is no known kind; known are {', '.join(SUFFIXES)}"
        raise ValueError(msg)
    return names[0]
