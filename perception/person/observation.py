"""What the pose estimator gave, made ready for a fit: fourteen joints, doubts, rays."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from perception.person.people import main_person
from perception.person.pose import MEDIAPIPE_INDEX, Landmarks
from perception.person.skeleton import BONES, L_HIP, R_HIP

Floats = NDArray[np.floating]

HIDDEN, SEEN = 0.45, 0.9
SIGMA_M, SIGMA_GROWTH, SIGMA_MAX_M = 0.025, 3.6, 0.3
UNSEEN_SIGMA_M = 3.0


@dataclasses.dataclass(frozen=True)
class Observation:
    """What the pose estimator gave, sampled at the fourteen joints.

    | field | shape | unit | frame |
    |---|---|---|---|
    | pixels | (T, 14, 2) | px | image |
    | directions | (T, B, 3) | | camera; unit vectors along `skeleton.BONES` |
    | trust | (T, 14) | 0 to 1 | how far to believe a joint, from its visibility |
    | sigma | (T, 14) | m | how far a landmark may be off, across the view ray |
    | lean_sigma | (T, B) | – | how much worse a bone's direction is than the best |
    | K | (3, 3) | px | |
    | fps | () | 1/s | |
    | up_c | (3,) | | camera; away from the ground by the scene, None if not seen |
    """

    pixels: Floats
    directions: Floats
    trust: Floats
    sigma: Floats
    lean_sigma: Floats
    K: Floats
    fps: float
    up_c: Floats | None = None

    def at_rate(self, rate_hz: float) -> Observation:
        """The same clip at about `rate_hz` samples a second, its first and last kept.

        Each sample is the mean over its neighbourhood, every frame by its certainty.
        """
        count = len(self.pixels)
        samples = max(4, round((count - 1) / self.fps * rate_hz) + 1)
        if samples >= count:
            return self
        times = np.linspace(0, count - 1, samples)
        width = 0.4 * times[1]
        weight = self.sigma**-2.0
        pixels = _mean(self.pixels, weight[..., None], width, times)
        lean = self.lean_sigma**-2.0
        directions = _mean(self.directions, lean[..., None], width, times)
        directions /= np.maximum(
            np.linalg.norm(directions, axis=-1, keepdims=True), 0.1
        )
        return Observation(
            pixels,
            directions,
            _sample(gaussian_filter1d(self.trust, width, axis=0), times),
            _sample(gaussian_filter1d(weight, width, axis=0), times) ** -0.5,
            _sample(gaussian_filter1d(lean, width, axis=0), times) ** -0.5,
            self.K,
            (samples - 1) / (count - 1) * self.fps,
            self.up_c,
        )


def observe(
    landmarks: Landmarks, K: Floats, fps: float, up_c: Floats | None = None
) -> Observation:
    """Pick the main person's joints, fill frames without, drop lone outliers.

    `up_c (3,)` points up in the camera's frame, where the scene tells.
    """
    index = list(MEDIAPIPE_INDEX)
    found = main_person(landmarks)
    pixels = _fill(landmarks.pixels[:, index], found)
    points = _fill(landmarks.points_c[:, index], found)
    visibility = _fill(landmarks.visibility[:, index], found)
    width = 2 * round(0.06 * fps) + 1
    pixels = median_filter(pixels, size=(width, 1, 1), mode="nearest")
    points = median_filter(points, size=(width, 1, 1), mode="nearest")
    points = _turn_to_ray(points, pixels, K)
    bones = points[:, BONES[:, 1]] - points[:, BONES[:, 0]]
    length = np.linalg.norm(bones, axis=-1, keepdims=True)
    directions = bones / np.maximum(length, 1e-6)
    growth = np.minimum(
        np.exp(SIGMA_GROWTH * (1.0 - visibility)), SIGMA_MAX_M / SIGMA_M
    )
    sigma = np.where(found[:, None], SIGMA_M * growth, UNSEEN_SIGMA_M)
    lean = np.sqrt(growth[:, BONES].max(axis=-1))
    lean = np.where(found[:, None], lean, UNSEEN_SIGMA_M / SIGMA_M)
    trust = np.clip((visibility - HIDDEN) / (SEEN - HIDDEN), 0.0, 1.0)
    trust = trust * found[:, None]
    return Observation(pixels, directions, trust, sigma, lean, K, fps, up_c)


def resample(values: Floats, count: int) -> Floats:
    """Values `(N, ...)` at evenly spaced times → `(count, ...)`, through a cubic."""
    from scipy.interpolate import make_interp_spline

    if len(values) == count:
        return values
    times = np.linspace(0.0, 1.0, len(values))
    spline = make_interp_spline(times, values, k=3, axis=0)
    return np.asarray(spline(np.linspace(0.0, 1.0, count)))


def _mean(values: Floats, weight: Floats, width: float, times: Floats) -> Floats:
    above = gaussian_filter1d(values * weight, width, axis=0)
    below = gaussian_filter1d(weight, width, axis=0)
    return _sample(above / below, times)


def _sample(values: Floats, times: Floats) -> Floats:
    """Linear interpolation of `values (T, ...)` at `times` in frames."""
    low = np.minimum(times.astype(int), len(values) - 2)
    part = (times - low).reshape(-1, *[1] * (values.ndim - 1))
    return values[low] * (1.0 - part) + values[low + 1] * part


def _fill(values: Floats, found: NDArray[np.bool_]) -> Floats:
    """Interpolate frames without a person, holding the ends."""
    frames = np.arange(len(values))
    flat = values.reshape(len(values), -1)
    columns = [np.interp(frames, frames[found], c[found]) for c in flat.T]
    return np.stack(columns, axis=1).reshape(values.shape)


def _turn_to_ray(points: Floats, pixels: Floats, K: Floats) -> Floats:
    """Turn crop-centred world landmarks so that their depth runs along the view ray."""
    centre = pixels[:, [L_HIP, R_HIP]].mean(axis=1)
    focal = np.array([K[0, 0], K[1, 1]])
    ray = np.concatenate([(centre - K[:2, 2]) / focal, np.ones((len(centre), 1))], 1)
    z = ray / np.linalg.norm(ray, axis=1, keepdims=True)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    axes = np.stack([x, np.cross(z, x), z], axis=-1)
    return np.einsum("tij,tpj->tpi", axes, points)
