"""Files from strangers: whatever the bytes, one clear line and nothing else."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from assets.g1.spec import g1
from perception.claim import claimed
from perception.importers import npz_file
from perception.importers.families import FAMILIES, read_motion
from perception.importers.folder import import_motions
from perception.importers.request import Request
from tests.perception.importers import test_smpl
from tests.perception.importers.bvh_text import bvh_text, person
from tests.perception.importers.motions import csv_text, mjlab_arrays, robot_motion


def packed(arrays, *, compressed=False):
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def samples():
    robot = robot_motion(frames=20)
    root, turns, _ = person(frames=20)
    return {
        "mjlab.npz": packed(mjlab_arrays(robot)),
        "packed.npz": packed(mjlab_arrays(robot), compressed=True),
        "amass.npz": packed(test_smpl.amass(*test_smpl.person(frames=20))),
        "wham.npz": packed(test_smpl.wham(*test_smpl.person(frames=20))),
        "man.bvh": bvh_text(root, turns).encode(),
        "row.csv": csv_text(robot).encode(),
    }


SAMPLES = samples()


def mutate(content, rng):
    """Bytes flipped, cut, doubled, swapped with others, or numbers made strange."""
    data = bytearray(content)
    kind = rng.integers(6)
    spot = int(rng.integers(len(data)))
    if kind == 0:
        for place in rng.integers(len(data), size=int(rng.integers(1, 30))):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data = data[:spot]
    elif kind == 2:
        data[spot : spot + 40] = rng.bytes(40)
    elif kind == 3:
        data[spot:spot] = data[: int(rng.integers(1, 400))]
    elif kind == 4:
        strange = [b"nan", b"inf", b"-1", b"1e308", b"0", b"", b"{", b"}", b"\n", b"\0"]
        for _ in range(int(rng.integers(1, 6))):
            spot = int(rng.integers(len(data)))
            data[spot : spot + 3] = strange[int(rng.integers(len(strange)))]
    else:
        end = spot + int(rng.integers(1, 2000))
        del data[spot:end]
    return bytes(data)


def must_be_read_or_refused(path):
    """The reader's one line, or None; any other exception fails the test."""
    try:
        motion = read_motion(Request(path, "clip", g1()))
    except ValueError as error:
        line = str(error)
        assert line.startswith(path.name + ": ")
        assert "\n" not in line
        assert len(line) < 1500
        return line
    assert np.isfinite(
        getattr(motion, "joints_w", getattr(motion, "joint_pos", 0))
    ).all()
    return None


@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_files_are_read_or_refused(tmp_path, name):
    rng = np.random.default_rng(sum(name.encode()))
    assert must_be_read_or_refused(save(tmp_path / name, SAMPLES[name])) is None
    refused = 0
    for _ in range(120):
        path = save(tmp_path / name, mutate(SAMPLES[name], rng))
        refused += must_be_read_or_refused(path) is not None
    assert refused > 20


@pytest.mark.parametrize("suffix", [".npz", ".bvh", ".csv"])
def test_random_bytes_are_refused(tmp_path, suffix):
    rng = np.random.default_rng(0)
    for size in (0, 1, 10, 1000, 100_000):
        path = save(tmp_path / f"clip{suffix}", rng.bytes(size))
        assert must_be_read_or_refused(path) is not None


def save(path, content):
    path.write_bytes(content)
    return path


def strange_arrays(rng):
    """Well-formed archives whose numbers and shapes make no sense."""
    arrays = mjlab_arrays(robot_motion(frames=12))
    if rng.random() < 0.4:
        arrays = test_smpl.amass(*test_smpl.person(frames=12))
    for _ in range(int(rng.integers(1, 3))):
        key = list(arrays)[int(rng.integers(len(arrays)))]
        value = np.atleast_1d(arrays[key])
        if value.dtype.kind not in "fi":
            continue
        strange = [
            lambda v: v * 1e6,
            lambda v: v * np.nan,
            lambda v: v * 0,
            lambda v: v[:1],
            lambda v: v[:0],
            lambda v: v[..., :1],
            lambda v: v[None],
            lambda v: v.astype(complex),
            lambda v: v.astype(str),
            lambda v: v > 0,
            lambda v: np.asarray(v.flat[0]) if v.size else v,
            lambda v: -v,
            lambda v: v.astype(np.float16) * 30000,
        ]
        with np.errstate(all="ignore"):
            arrays[key] = strange[int(rng.integers(len(strange)))](value)
    return arrays


def test_strange_numbers_are_read_or_refused(tmp_path):
    rng = np.random.default_rng(5)
    for _ in range(250):
        content = packed(strange_arrays(rng))
        must_be_read_or_refused(save(tmp_path / "clip.npz", content))


def test_python_objects_are_refused_and_never_built(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("code from the file ran",))

    arrays = {**mjlab_arrays(robot_motion()), "fps": np.array([Trap()], dtype=object)}
    path = save(tmp_path / "clip.npz", packed(arrays))
    assert "run code" in (must_be_read_or_refused(path) or "")


def member(header, content=b""):
    """An .npy whose header says what it likes."""
    text = header.ljust(118).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000, 100)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 29)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 'abc'}",
        "__import__('os').getcwd()",
        "{" * 60,
    ],
)
def test_headers_that_lie_take_no_memory(tmp_path, header):
    path = tmp_path / "clip.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key in ("joint_pos", "body_pos_w", "body_quat_w"):
            archive.writestr(f"{key}.npy", member(header, b"\0" * 64))
    tracemalloc.start()
    try:
        assert must_be_read_or_refused(path) is not None
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_an_archive_that_swells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "MAX_BYTES", 2**22)
    path = tmp_path / "clip.npz"
    np.savez_compressed(path, joint_pos=np.zeros(2**20))
    assert path.stat().st_size < 2**15
    with pytest.raises(ValueError, match="expected at most"):
        npz_file.read_npz(path)


def test_objects_that_nobody_needs_are_passed_over(tmp_path):
    """AMASS's SMPL-X files have some."""
    arrays = test_smpl.amass(*test_smpl.person())
    arrays["labels_obs"] = np.array([{"a": 1}], dtype=object)
    assert must_be_read_or_refused(save(tmp_path / "clip.npz", packed(arrays))) is None


def test_a_deep_hierarchy_is_no_recursion(tmp_path):
    deep = "".join(f"JOINT j{i}\n{{\nOFFSET 0 1 0\n" for i in range(3000))
    text = f"HIERARCHY\nROOT r\n{{\nOFFSET 0 0 0\n{deep}MOTION\n"
    line = must_be_read_or_refused(save(tmp_path / "clip.bvh", text.encode()))
    assert "more than" in (line or "")


def test_one_bad_file_never_stops_a_folder(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name, content in SAMPLES.items():
        save(folder / f"cut_{name}", content[: len(content) // 2])
        save(folder / f"noise_{name}", rng.bytes(500))
    save(folder / "good.npz", SAMPLES["mjlab.npz"])
    save(folder / "good.csv", SAMPLES["row.csv"])
    records = list(import_motions(folder, out, robot=g1()))
    kept = [r for r in records if r.status == "kept"]
    assert len(records) == 2 * len(SAMPLES) + 2
    assert {r.video for r in kept} >= {"good.npz", "good.csv"}
    assert all(r.reason and "\n" not in r.reason for r in records if r not in kept)
    assert len(list(out.glob("*.prior.npz"))) == len(kept)
    assert not list(out.glob(".*.partial*"))


def test_every_family_has_a_sample():
    read = {"mjlab", "amass", "wham", "gvhmr", "bvh", "csv"}
    assert set(FAMILIES) == read


def test_an_import_keeps_off_a_folder_that_another_process_fills(tmp_path):
    file = tmp_path / "walk.bvh"
    file.write_text("HIERARCHY")
    out = tmp_path / "out"
    with claimed(out), pytest.raises(ValueError, match="another process writes here"):
        list(import_motions(file, out, robot=g1()))
    assert not (out / "manifest.json").exists()
