import numpy as np
import pytest

from assets import rotations as r


@pytest.fixture
def quats() -> np.ndarray:
    rng = np.random.default_rng(0)
    return r.normalize(rng.normal(size=(64, 4)))


def test_rotation_agrees_with_matrix(quats):
    v = np.random.default_rng(1).normal(size=(64, 3))
    expected = np.einsum("nij,nj->ni", r.to_matrix(quats), v)
    np.testing.assert_allclose(r.rotate(quats, v), expected, atol=1e-12)


def test_product_is_composition(quats):
    p, q = quats[:32], quats[32:]
    np.testing.assert_allclose(
        r.to_matrix(r.multiply(p, q)), r.to_matrix(p) @ r.to_matrix(q), atol=1e-12
    )


def test_inverse_rotation_undoes_rotation(quats):
    v = np.random.default_rng(2).normal(size=(64, 3))
    np.testing.assert_allclose(r.rotate_inverse(quats, r.rotate(quats, v)), v)


def test_matrix_round_trip(quats):
    back = r.from_matrix(r.to_matrix(quats))
    np.testing.assert_allclose(r.angle(back, quats), 0.0, atol=1e-6)


@pytest.mark.parametrize("axis", range(3))
def test_matrix_round_trip_at_half_turns(axis):
    q = np.zeros(4)
    q[axis + 1] = 1.0
    np.testing.assert_allclose(np.abs(r.from_matrix(r.to_matrix(q)) @ q), 1.0)


def test_exp_and_log_are_inverse():
    rotvec = np.random.default_rng(3).normal(size=(64, 3))
    rotvec *= (3.0 / np.linalg.norm(rotvec, axis=-1).max()) or 1.0
    np.testing.assert_allclose(r.log(r.exp(rotvec)), rotvec, atol=1e-9)
    np.testing.assert_allclose(r.log(r.exp(np.zeros(3))), 0.0)


def test_slerp_keeps_ends_and_halves_the_angle(quats):
    p, q = quats[:32], quats[32:]
    np.testing.assert_allclose(r.angle(r.slerp(p, q, 0.0), p), 0, atol=1e-6)
    np.testing.assert_allclose(r.angle(r.slerp(p, q, 1.0), q), 0, atol=1e-6)
    half = r.slerp(p, q, 0.5)
    np.testing.assert_allclose(r.angle(p, half), r.angle(p, q) / 2, atol=1e-6)


def test_relative_undoes_compose(quats):
    rng = np.random.default_rng(4)
    pa, pb = rng.normal(size=(2, 32, 3))
    pos, quat = r.compose(pa, quats[:32], pb, quats[32:])
    back_pos, back_quat = r.relative(pa, quats[:32], pos, quat)
    np.testing.assert_allclose(back_pos, pb, atol=1e-12)
    np.testing.assert_allclose(r.angle(back_quat, quats[32:]), 0, atol=1e-6)


def test_float32_stays_float32(quats):
    q = quats.astype(np.float32)
    assert r.multiply(q, r.conjugate(q)).dtype == np.float32
    assert r.to_6d(q).dtype == np.float32


def test_continuous_changes_signs_only(quats):
    flipped = quats * np.where(np.arange(64) % 3 == 0, -1.0, 1.0)[:, None]
    out = r.continuous(flipped)
    assert (np.sum(out[1:] * out[:-1], axis=-1) >= 0).all()
    np.testing.assert_allclose(np.abs(np.sum(out * flipped, -1)), 1.0)
