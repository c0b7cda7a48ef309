"""How far a track is from the truth that lies beside a rendered video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.track import Track

Floats = NDArray[np.float64]


def clip_figures(track: Track, truth: Track | None = None) -> dict[str, float]:
    """Lengths and, against `truth`, mean errors [mm] and the contact's F1.

    Joints are compared about the mid-hip in the camera's frame; the object after the
    one rigid motion that fits the person's joints over the whole clip.
    """
    figures = {
        "seconds": track.num_frames / track.fps,
        "visibility": float(track.visibility.mean()),
        "object raised m": float(np.ptp(track.object_pos_w[:, 2])),
    }
    if truth is None:
        return figures
    if truth.num_frames != track.num_frames:
        msg = f"truth has {truth.num_frames} frames, the track {track.num_frames}"
        raise ValueError(msg)
    both = np.count_nonzero(track.contact & truth.contact)
    either = np.count_nonzero(track.contact) + np.count_nonzero(truth.contact)
    return {
        **figures,
        "joint error mm": float(1000 * joint_errors(track, truth).mean()),
        "object error mm": float(1000 * object_errors(track, truth).mean()),
        "contact F1": float(2.0 * both / either) if either else 1.0,
    }


def joint_errors(track: Track, truth: Track) -> Floats:
    """Distances `(T, 14)` [m] about the mid-hip, in the camera's frame."""
    found, true = _about_hips(track), _about_hips(truth)
    return np.linalg.norm(found - true, axis=-1)


def object_errors(track: Track, truth: Track) -> Floats:
    """Distances `(T,)` [m] after one rigid motion that fits the joints."""
    moved = aligned_object(track, truth)
    return np.linalg.norm(moved - truth.object_pos_w, axis=-1)


def aligned_object(track: Track, truth: Track) -> Floats:
    """The track's object `(T, 3)` [m], moved as the joints fit into the truth."""
    found, true = track.joints_w.reshape(-1, 3), truth.joints_w.reshape(-1, 3)
    centre, target = found.mean(axis=0), true.mean(axis=0)
    u, _, vt = np.linalg.svd((found - centre).T @ (true - target))
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (track.object_pos_w - centre) @ (u * flip @ vt) + target


def _about_hips(track: Track) -> Floats:
    points = np.einsum("tij,tkj->tki", track.T_world_to_cam[:, :3, :3], track.joints_w)
    return points - points[:, :2].mean(axis=1, keepdims=True)
