"""Smoothing along time: Gaussian, penalised least squares, and blends at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

from assets import rotations

Floats = NDArray[np.float64]


def gaussian(values: Floats, sigma: float) -> Floats:
    """Smooth `values (T, ...)` along time; `sigma` in frames, ends held."""
    return gaussian_filter1d(values, sigma, axis=0, mode="nearest")


def gaussian_quat(quats: Floats, sigma: float) -> Floats:
    """Smooth unit quaternions `(T, 4)` along time; `sigma` in frames."""
    near = np.asarray(rotations.continuous(quats), dtype=np.float64)
    return np.asarray(rotations.normalize(gaussian(near, sigma)), dtype=np.float64)


def weighted_gaussian(values: Floats, weight: Floats, sigma: float) -> Floats:
    """Smooth `values (T, N, D)` by `sigma` frames, each sample by `weight (T, N)`."""
    w = np.clip(weight, 0.0, 1.0)[..., None] ** 2 + 1e-3
    return gaussian(values * w, sigma) / gaussian(w, sigma)


def min_jerk(phase: ArrayLike) -> Floats:
    """Quintic from 0 to 1 over `phase` in [0, 1], at rest at both ends."""
    s = np.clip(np.asarray(phase, dtype=np.float64), 0.0, 1.0)
    return s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)


def whittaker(values: Floats, weight: Floats, cutoff: float) -> Floats:
    """The smoothest signal near `values (T,)`, each sample by `weight (T,)`.

    Minimises Σ w (x − values)² + λ Σ (third difference of x)². `cutoff` is the
    frequency, in cycles per frame, at which half of a sine passes where w = 1.
    """
    n = len(values)
    lam = (2.0 * np.sin(np.pi * cutoff)) ** -6.0
    stencil = np.array([-1.0, 3.0, -3.0, 1.0])
    bands = np.zeros((4, n))
    for i in range(4):
        for j in range(i, 4):
            bands[3 - (j - i), j : n - 3 + j] += lam * stencil[i] * stencil[j]
    bands[3] += weight
    return solveh_banded(bands, weight * values)
