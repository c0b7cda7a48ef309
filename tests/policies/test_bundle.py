import dataclasses
import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from policies import bundle as bundles
from policies.bundle import Bundle
from policies.card import continue_command, model_card
from policies.export import add_figures, check_parity, export_bundle, to_onnx
from policies.network import NormalizedMlp
from policies.train import TrainSettings
from tests.bundles import make_bundle, make_contract


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("bundle") / "b")


@pytest.fixture
def bundle(tmp_path, original):
    return shutil.copytree(original, tmp_path / "bundle")


def network(inputs, shape, seed=0):
    torch.manual_seed(seed)
    made = NormalizedMlp(inputs, (8,), shape)
    made.normalizer.update(torch.randn(50, inputs) * 2 + 1)
    return made.eval()


@pytest.fixture(scope="module")
def networks():
    """A tracker and a generator of the right shapes, without any skill."""
    widths = {k: sum(n for _, n in v) for k, v in make_contract().layouts().items()}
    plan = (make_contract().horizon, widths["command"])
    return network(widths["tracker"], (29,)), network(widths["generator"], plan, 1)


def test_a_bundle_that_was_written_can_be_read(bundle):
    loaded = Bundle.load(bundle)
    assert loaded.contract.task == "lift-box"
    assert loaded.metrics == {}
    assert loaded.hierarchy(3).tick.shape == (3,)


def test_checksums_are_what_sha256sum_reads(bundle):
    for row in (bundle / bundles.CHECKSUMS).read_text().splitlines():
        digest, name = row.split("  ")
        assert len(digest) == 64
        assert (bundle / name).is_file()


@pytest.mark.parametrize("name", bundles.FILES)
@pytest.mark.parametrize("where", [0, -1])
def test_one_changed_byte_is_found(bundle, name, where):
    content = bytearray((bundle / name).read_bytes())
    content[where] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: checksum differs .* was changed"):
        Bundle.load(bundle)


@pytest.mark.parametrize("name", bundles.FILES)
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        Bundle.load(bundle)


def test_a_file_left_out_of_the_checksums_is_named(bundle):
    rows = (bundle / bundles.CHECKSUMS).read_text().splitlines(keepends=True)
    (bundle / bundles.CHECKSUMS).write_text("".join(rows[1:]))
    with pytest.raises(ValueError, match=r"tracker\.onnx is missing"):
        Bundle.load(bundle)


def test_another_folder_is_no_bundle(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="not a bundle"):
            Bundle.load(path)


@pytest.mark.parametrize("name", [bundles.TRACKER, bundles.GENERATOR])
def test_a_network_of_another_shape_is_refused(bundle, name):
    (bundle / name).write_bytes(to_onnx(network(7, (29,))))
    bundles.write_checksums(bundle)
    with pytest.raises(ValueError, match=rf"{name}: maps \(7,\) to \(29,\), the con"):
        Bundle.load(bundle)


@pytest.mark.parametrize("content", [b"", b"not onnx"])
def test_a_file_that_is_no_network_is_named(bundle, content):
    (bundle / bundles.TRACKER).write_bytes(content)
    bundles.write_checksums(bundle)
    with pytest.raises(ValueError, match=r"tracker\.onnx: not a network"):
        Bundle.load(bundle)


def test_onnx_computes_what_torch_does(tmp_path):
    made = network(12, (4, 3))
    path = tmp_path / "net.onnx"
    path.write_bytes(to_onnx(made))
    x = np.random.default_rng(0).normal(size=(64, 12)).astype(np.float32)
    x[:8] *= 1e4  # beyond the normaliser's clip
    with torch.inference_mode():
        expected = made(torch.from_numpy(x)).numpy()
    run = bundles.onnx_network(path, 12, (4, 3))
    np.testing.assert_allclose(run(x), expected, atol=1e-5)
    np.testing.assert_array_equal(run(x[:1]).shape, (1, 4, 3))
    assert check_parity(path, made) < 1e-5


@pytest.mark.parametrize(
    "part", ["layers.0.weight", "layers.2.bias", "normalizer.mean", "normalizer.var"]
)
def test_parity_notices_any_changed_weight(tmp_path, part):
    made = network(12, (4, 3))
    path = tmp_path / "net.onnx"
    path.write_bytes(to_onnx(made))
    with torch.no_grad():
        made.state_dict()[part].view(-1)[0] += 0.5
    with pytest.raises(ValueError, match="differs from the trained network"):
        check_parity(path, made)


def test_a_network_that_is_not_finite_is_not_exported(tmp_path):
    made = network(12, (4,))
    with torch.no_grad():
        made.state_dict()["layers.0.weight"][0, 0] = float("nan")
    (tmp_path / "net.onnx").write_bytes(to_onnx(made))
    with pytest.raises(ValueError, match="nothing was exported"):
        check_parity(tmp_path / "net.onnx", made)


def test_an_exported_bundle_is_whole(tmp_path, networks):
    tracker, generator = networks
    metrics = {"refiner": {"completion": 0.5}}
    out = export_bundle(
        tmp_path / "a" / "b", make_contract(), tracker, generator, metrics
    )
    loaded = Bundle.load(out)
    assert loaded.metrics == metrics
    card = (out / bundles.CARD).read_text()
    assert "| refiner, along its clips | not judged | 0.5 |" in card
    assert sorted(p.name for p in out.parent.iterdir()) == ["b"]
    sizes = {p.name for p in out.iterdir()}
    assert sizes == {*bundles.FILES, bundles.CHECKSUMS}
    onnx.checker.check_model(onnx.load(out / bundles.TRACKER))


def test_a_failed_export_leaves_the_old_bundle(tmp_path, monkeypatch, networks):
    tracker, generator = networks
    out = export_bundle(
        tmp_path / "b", make_contract(), tracker, generator, {"kept": {}}
    )
    tampered = to_onnx(network(46, (8, 37), seed=9))
    real = to_onnx

    def tampers(net):
        return tampered if net is generator else real(net)

    monkeypatch.setattr("policies.export.to_onnx", tampers)
    with pytest.raises(ValueError, match=r"generator\.onnx: differs from the trained"):
        export_bundle(out, make_contract(), tracker, generator, {})
    assert json.loads((out / bundles.METRICS).read_text()) == {"kept": {}}
    Bundle.load(out)


def test_a_bundle_replaces_the_one_before(tmp_path, networks):
    tracker, generator = networks
    out = tmp_path / "b"
    for value in (1, 2):
        export_bundle(out, make_contract(), tracker, generator, {"v": {"n": value}})
    assert Bundle.load(out).metrics == {"v": {"n": 2}}


def test_what_is_no_bundle_is_not_replaced(tmp_path, networks):
    tracker, generator = networks
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="holds something else"):
        export_bundle(tmp_path, make_contract(), tracker, generator, {})
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_figures_can_be_added_to_a_bundle_and_its_card(bundle):
    networks = [(bundle / n).read_bytes() for n in (bundles.TRACKER, bundles.CONTRACT)]
    rate = {"rate": 0.5, "trials": 4, "successes": 2, "interval95": [0.15, 0.85]}
    section = {"success": rate, "failures": {"dropped": 2}, "seed": 7}
    add_figures(bundle, {"bundle_test_in_other_shapes": section})
    assert Bundle.load(bundle).metrics == {"bundle_test_in_other_shapes": section}
    card = (bundle / bundles.CARD).read_text()
    where = "without reference; clips it never saw; another robot model, other_shapes"
    assert f"| {where} | 50.0% of 4 (95 %: 15.0% to 85.0%) |  | 2 dropped |" in card
    after = [(bundle / n).read_bytes() for n in (bundles.TRACKER, bundles.CONTRACT)]
    assert after == networks


def test_a_bundle_whose_card_has_an_older_name_can_be_read(bundle):
    (bundle / bundles.CARD).rename(bundle / "README.md")
    sums = (bundle / bundles.CHECKSUMS).read_text()
    (bundle / bundles.CHECKSUMS).write_text(sums.replace(bundles.CARD, "README.md"))
    Bundle.load(bundle)
    (bundle / "README.md").write_text("other words")
    with pytest.raises(ValueError, match=r"README\.md: checksum differs"):
        Bundle.load(bundle)


def test_checksums_name_nothing_outside_the_bundle(bundle, tmp_path):
    (tmp_path / "secret").write_text("x")
    with (bundle / bundles.CHECKSUMS).open("a") as file:
        file.write(f"{'0' * 64}  ../secret\n")
    with pytest.raises(ValueError, match="secret is missing"):
        Bundle.load(bundle)


def test_the_command_that_continues_names_what_is_not_the_default():
    settings = dataclasses.asdict(TrainSettings(steps=1000, feedforward=False, seed=3))
    command = continue_command("kick-box", settings)
    assert command == (
        "sugarmill train kick-box --priors RUN/priors --out RUN --resume "
        "--steps 2000 --no-feedforward --seed 3"
    )


def test_the_card_says_what_it_was_made_for():
    card = model_card(make_contract(), {})
    assert card.startswith("# lift-box for unitree_g1")
    assert "0.26 × 0.34 × 0.5 m, 1 kg" in card
    assert "torso_link" in card
