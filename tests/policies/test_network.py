import numpy as np
import pytest
import torch

from policies.network import NormalizedMlp, Normalizer
from policies.refiner import Agent, load_network, save_network, zero_agent
from policies.run_dir import save_arrays


def network(seed=0):
    """A network whose normaliser has seen data."""
    torch.manual_seed(seed)
    made = NormalizedMlp(6, (8, 5), (2, 3))
    made.normalizer.update(torch.randn(100, 6) * 3 + 1)
    return made.eval()


def test_running_moments_are_those_of_all_data_together():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(500, 4)) * [0.1, 1.0, 10.0, 0.0] + [0.0, 5.0, -3.0, 2.0]
    normalizer = Normalizer(4)
    for batch in np.split(data, [3, 100, 101, 350]):
        normalizer.update(torch.from_numpy(batch.astype(np.float32)))
    np.testing.assert_allclose(normalizer.mean, data.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(normalizer.var, data.var(axis=0), rtol=1e-4, atol=1e-8)
    assert normalizer.count == 500


def test_normalised_data_has_unit_moments_and_is_clipped():
    data = torch.randn(2000, 3) * 7 + 4
    normalizer = Normalizer(3)
    normalizer.update(data)
    scaled = normalizer(data)
    torch.testing.assert_close(scaled.mean(dim=0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std(dim=0), torch.ones(3), atol=1e-2, rtol=0)
    assert normalizer(torch.full((1, 3), 1e9)).max() == 10.0


def test_normalisation_is_not_learnt():
    names = {name for name, _ in network().named_parameters()}
    assert all(name.startswith("layers.") for name in names)


def test_a_new_network_says_nearly_nothing():
    out = NormalizedMlp(6, (32,), (2, 3))(torch.randn(50, 6))
    assert out.shape == (50, 2, 3)
    assert out.abs().max() < 0.5


def test_a_saved_network_computes_the_same(tmp_path):
    path = tmp_path / "net.npz"
    before, x = network(), torch.randn(10, 6)
    save_network(path, before)
    torch.testing.assert_close(load_network(path)(x), before(x), rtol=0, atol=0)
    assert list(tmp_path.iterdir()) == [path]


def test_an_agent_is_its_network_in_numpy():
    made, x = network(), torch.randn(10, 6)
    np.testing.assert_array_equal(Agent(made)(x.numpy()), made(x).detach().numpy())
    assert not zero_agent(6, 4)(x.numpy()).any()


@pytest.mark.parametrize("name", ["hidden", "layers.0.weight", "normalizer.mean"])
def test_a_file_that_lacks_something_is_named(tmp_path, name):
    path = tmp_path / "net.npz"
    save_network(path, network())
    with np.load(path) as file:
        kept = {k: file[k] for k in file.files if k != name}
    save_arrays(path, kept)
    with pytest.raises(ValueError, match=r"net\.npz: not a network of this version"):
        load_network(path)


def test_a_layer_of_another_size_is_refused(tmp_path):
    path = tmp_path / "net.npz"
    save_network(path, network())
    with np.load(path) as file:
        arrays = dict(file)
    arrays["layers.0.weight"] = arrays["layers.0.weight"][:-1]
    save_arrays(path, arrays)
    with pytest.raises(ValueError, match=r"net\.npz: not a network of this version"):
        load_network(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.npz: not readable"):
        load_network(path)


def test_a_pickle_is_not_opened(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, hidden=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"net\.npz: not readable"):
        load_network(path)
