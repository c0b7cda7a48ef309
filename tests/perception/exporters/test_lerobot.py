import dataclasses
import itertools
import json
import sys

import numpy as np
import pytest

from assets.g1.spec import g1
from perception.exporters.folder import export_priors
from perception.exporters.lerobot import stats, write_dataset
from perception.prior import Prior

FOLDER = g1().mjcf.parents[1] / "priors/lift_box"


@pytest.fixture(scope="module")
def priors():
    loaded = [Prior.load(path) for path in sorted(FOLDER.glob("*.prior.npz"))]
    return [*loaded, dataclasses.replace(loaded[0], name="again", task="carry-box")]


@pytest.fixture(scope="module")
def dataset(priors, tmp_path_factory):
    pytest.importorskip("pyarrow", reason="the extra 'lerobot' is not installed")
    return write_dataset(priors, g1(), tmp_path_factory.mktemp("data") / "set")


@pytest.fixture(scope="module")
def table(dataset):
    parquet = pytest.importorskip("pyarrow.parquet")
    return parquet.read_table(dataset / "data/chunk-000/file-000.parquet")


def column(table, name):
    return np.array(table.column(name).to_pylist())


def test_frames_come_back(table, priors):
    ends = np.cumsum([p.num_frames for p in priors])
    for prior, start, end in zip(priors, [0, *ends[:-1]], ends, strict=True):
        rows = table.slice(start, end - start)
        root = column(rows, "observation.root_pose")
        obj = column(rows, "observation.object_pose")
        for found, true in (
            (column(rows, "observation.state"), prior.joint_pos),
            (root[:, :3], prior.root_pos_w),
            (root[:, 3:], prior.root_quat_w),
            (obj[:, :3], prior.object_pos_w),
            (obj[:, 3:], prior.object_quat_w),
            (column(rows, "action")[:-1], prior.joint_pos[1:]),
            (column(rows, "timestamp"), np.arange(prior.num_frames) / 50.0),
        ):
            np.testing.assert_allclose(found, true, atol=1e-6)
        assert (column(rows, "observation.contact") == prior.contact).all()
        assert (column(rows, "frame_index") == np.arange(prior.num_frames)).all()
    assert (column(table, "index") == np.arange(ends[-1])).all()


def test_the_table_is_what_info_says(dataset, table, priors):
    pyarrow = pytest.importorskip("pyarrow")
    info = json.loads((dataset / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert info["fps"] == 50
    assert info["total_episodes"] == len(priors)
    assert info["total_frames"] == table.num_rows
    assert info["splits"] == {"train": f"0:{len(priors)}"}
    path = info["data_path"].format(chunk_index=0, file_index=0)
    assert (dataset / path).is_file()
    assert table.column_names == list(info["features"])
    for name, feature in info["features"].items():
        kind = pyarrow.type_for_alias(feature["dtype"])
        if feature["shape"] != [1]:
            assert len(feature["names"]) == feature["shape"][0]
            kind = pyarrow.list_(kind, feature["shape"][0])
        assert table.schema.field(name).type == kind, name


def test_episodes_point_at_their_rows(dataset, priors):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = "chunk-000/file-000.parquet"
    rows = parquet.read_table(dataset / "meta/episodes" / path).to_pylist()
    assert [row["length"] for row in rows] == [p.num_frames for p in priors]
    assert [row["tasks"] for row in rows] == [[p.task] for p in priors]
    for row, after in itertools.pairwise(rows):
        assert row["dataset_to_index"] == after["dataset_from_index"]
    groups = parquet.ParquetFile(dataset / "data" / path)
    assert groups.num_row_groups == len(priors)


def test_tasks_are_indexed_by_their_text(dataset):
    pandas = pytest.importorskip("pandas")
    tasks = pandas.read_parquet(dataset / "meta/tasks.parquet")
    assert tasks.loc["carry-box"].task_index == 1
    assert tasks.iloc[0].name == "lift-box"


def test_statistics_are_those_of_the_rows(dataset, table):
    found = json.loads((dataset / "meta/stats.json").read_text())["action"]
    rows = column(table, "action").astype(np.float64)
    np.testing.assert_allclose(found["mean"], rows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found["std"], rows.std(axis=0), atol=1e-6)
    np.testing.assert_allclose(found["q99"], np.quantile(rows, 0.99, axis=0), atol=1e-6)
    assert found["count"] == [len(rows)]


def test_statistics_of_a_scalar_are_lists_of_one():
    figures = stats({"x": np.array([1.0, 3.0])})["x"]
    assert figures["mean"] == [2.0]
    assert figures["count"] == [2]


def test_a_dataset_is_not_written_over(dataset, priors):
    with pytest.raises(ValueError, match="holds a dataset already"):
        write_dataset(priors, g1(), dataset)


def test_without_pyarrow_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"pip install \"sugarmill\[lerobot\]\""):
        export_priors(FOLDER, tmp_path / "set", "lerobot", g1())
