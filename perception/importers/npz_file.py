"""Archives of arrays from strangers: nothing runs, nothing fills the memory."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_BYTES = 2**30
MAX_ARRAYS = 200


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an .npz by name; raises ValueError naming the file and the fault.

    Headers are checked against what the archive holds before memory is taken. Arrays
    of Python objects, which some datasets add, are left empty: reading those would run
    code. `numbers` refuses them where they are needed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(archive)
    except FileNotFoundError:
        raise
    except Exception as error:
        msg = f"{path}: not a readable .npz ({_line(error)})"
        raise ValueError(msg) from error


def array_names(path: Path) -> frozenset[str]:
    """Names of the arrays in an .npz, without reading them."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        msg = f"{path}: not a readable .npz ({_line(error)})"
        raise ValueError(msg) from error
    return frozenset(n.removesuffix(".npy") for n in names if n.endswith(".npy"))


def _read_members(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
    total = sum(m.file_size for m in members)
    if len(members) > MAX_ARRAYS or total > MAX_BYTES:
        msg = (
            f"{len(members)} arrays of {total / 2**20:.0f} MB, expected at most "
            f"{MAX_ARRAYS} of {MAX_BYTES / 2**20:.0f} MB"
        )
        raise ValueError(msg)
    arrays = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        with archive.open(member) as file:
            readable = _check_header(file, member)
        if not readable:
            arrays[name] = np.empty(0, dtype=object)
            continue
        with archive.open(member) as file:
            arrays[name] = npy.read_array(file, allow_pickle=False)
    return arrays


def _check_header(file: Any, member: zipfile.ZipInfo) -> bool:
    """Whether the array can be read without running code; ValueError if it is cut."""
    version = npy.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(file)
    else:
        shape, _, dtype = npy.read_array_header_2_0(file)
    if dtype.hasobject:
        return False
    if math.prod(shape) * dtype.itemsize > member.file_size:
        msg = f"{member.filename} is cut short"
        raise ValueError(msg)
    return True


def numbers(
    arrays: dict[str, NDArray[Any]], key: str, shape: tuple[int | None, ...]
) -> Floats:
    """Array `key` as finite float64; None in `shape` leaves that length open.

    Raises ValueError that says what was found and what was expected.
    """
    if key not in arrays:
        known = ", ".join(sorted(arrays)) or "nothing"
        msg = f"no array '{key}'; there are: {known}"
        raise ValueError(msg)
    found = arrays[key]
    if found.dtype.kind == "O":
        msg = (
            f"{key} holds Python objects, which can run code; "
            "save plain number arrays with numpy.savez"
        )
        raise ValueError(msg)
    if found.dtype.kind not in "fiub":
        msg = f"{key} has type {found.dtype}, expected numbers"
        raise ValueError(msg)
    fits = len(found.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, found.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        msg = f"{key} has shape {found.shape}, expected ({wanted})"
        raise ValueError(msg)
    values = found.astype(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = f" at frame {bad[0][0]}" if values.ndim else ""
        msg = f"{key} is not finite{where}"
        raise ValueError(msg)
    return values


def words(arrays: dict[str, NDArray[Any]], key: str) -> tuple[str, ...]:
    """Array `key` of text as a tuple; raises ValueError if it holds something else."""
    found = arrays[key]
    if found.dtype.kind not in "US" or found.ndim != 1:
        msg = f"{key} has type {found.dtype} and shape {found.shape}, expected names"
        raise ValueError(msg)
    return tuple(
        w.decode("utf-8", "replace") if isinstance(w, bytes) else str(w) for w in found
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
