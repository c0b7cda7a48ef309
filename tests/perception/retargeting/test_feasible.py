import numpy as np

from perception.prior import RATE
from perception.retargeting.feasible import GRAVITY, follow_zmp
from perception.smoothing import gaussian, min_jerk, whittaker


def zmp_of(com, height):
    acceleration = np.gradient(np.gradient(com, 1 / RATE), 1 / RATE)
    return com - height / GRAVITY * acceleration


def test_a_constant_reference_is_the_centre_of_mass():
    np.testing.assert_allclose(
        follow_zmp(np.full(100, 0.03), np.full(100, 0.07)), 0.03, atol=1e-9
    )


def test_the_zero_moment_point_follows_the_reference():
    seconds = np.arange(300) / RATE
    reference = 0.10 * np.where((seconds % 2.0) < 1.0, 1.0, -1.0)
    reference = gaussian(reference, 5.0)
    com = follow_zmp(reference, np.full(300, 0.6 / GRAVITY))
    inner = slice(20, -20)
    np.testing.assert_allclose(zmp_of(com, 0.6)[inner], reference[inner], atol=0.01)
    assert np.abs(com).max() < 0.10


def test_min_jerk_is_at_rest_at_both_ends():
    phase = np.linspace(-0.5, 1.5, 2001)
    value = min_jerk(phase)
    speed = np.gradient(value, phase)
    assert (value.min(), value.max()) == (0.0, 1.0)
    assert (np.diff(value) >= 0).all()
    assert abs(speed[np.argmin(np.abs(phase))]) < 1e-4


def test_whittaker_passes_slow_and_stops_fast_signals():
    n = np.arange(400)
    slow, fast = np.sin(2 * np.pi * n * 0.002), np.sin(2 * np.pi * n * 0.1)
    out = whittaker(slow + fast, np.ones(400), 0.018)
    np.testing.assert_allclose(out[80:-80], slow[80:-80], atol=0.02)


def test_whittaker_halves_a_sine_at_the_cutoff():
    n = np.arange(2000)
    out = whittaker(np.sin(2 * np.pi * n * 0.02), np.ones(2000), 0.02)
    assert abs(np.abs(out[500:1500]).max() - 0.5) < 0.02


def test_whittaker_leaves_a_parabola_alone():
    n = np.linspace(0, 1, 50)
    np.testing.assert_allclose(whittaker(n**2, np.ones(50), 0.01), n**2, atol=1e-6)
