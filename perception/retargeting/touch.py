"""When the interaction's contact begins and ends, from noisy labels and the object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.interactions import FEET, HANDS, Interaction
from assets.objects import ObjectSpec
from perception.retargeting.resampled import Seen

Floats = NDArray[np.float64]

SETTLE = 12
"""Frames for which the palms press before the object moves."""
GAP = 15
"""Frames for which a label may miss a touch."""
MIN_RISE = 0.10
MIN_SLIDE = 0.15
MIN_TILT = 0.5
MAX_REACH = 0.40
STANDS = 0.95
"""Share of its whole turn at which a bottle stands."""
LIFTED = ("lift-box", "carry-box", "pick-bottle")


def infer_task(seen: Seen, obj: ObjectSpec) -> str:
    """The task that contacts and object tell; raises ValueError if none touches."""
    pelvis = seen.touching(("pelvis",)).max(initial=0.0)
    if obj.shape == "chair" or pelvis > 0.5:
        return "sit-chair"
    feet = (seen.touching(FEET) > 0.5).sum()
    hands = (seen.touching(HANDS) > 0.5).sum()
    if feet > hands:
        return "kick-box"
    if not hands:
        msg = "track: no hand, foot or pelvis is labelled in contact; nothing was done"
        raise ValueError(msg)
    if obj.shape == "cylinder":
        return "stand-bottle" if _tilt(seen).max() > MIN_TILT else "pick-bottle"
    rise = _height(seen).max()
    slide = _slide(seen).max()
    if rise < MIN_RISE and slide > MIN_SLIDE:
        return "push-box"
    return "carry-box" if slide > 0.6 else "lift-box"


def interval(seen: Seen, obj: ObjectSpec, interaction: Interaction) -> tuple[int, int]:
    """Frames `[start, end)` of the interaction's contact."""
    if interaction.contacts == HANDS:
        return _hands_interval(seen, obj, interaction)
    if interaction.contacts == FEET:
        return _kick_interval(seen)
    sits = seen.touching(("pelvis",))[:, 0] > 0.5
    if not sits.any():
        msg = "track: the pelvis is never labelled on the seat; nobody sat down"
        raise ValueError(msg)
    start, end = max(_runs(sits), key=lambda run: run[1] - run[0])
    return start, len(sits) if end > len(sits) - GAP else end


def kicking_foot(seen: Seen, start: int) -> int:
    """The side whose foot is labelled, or nearest to the object, at `start`."""
    near = slice(max(start - 10, 0), start + 10)
    labelled = seen.touching(FEET)[near].sum(axis=0)
    if abs(labelled[0] - labelled[1]) > 1.0:
        return int(np.argmax(labelled))
    away = seen.joint("toe")[near] - seen.object_pos[near, None]
    return int(np.argmin(np.linalg.norm(away, axis=-1).min(axis=0)))


def check_hands(seen: Seen, obj: ObjectSpec, start: int, end: int) -> None:
    """Refuse a track whose hands are nowhere near what they hold."""
    held = slice(start, end)
    wrists = seen.joint("wrist")[held]
    local = rotations.rotate_inverse(
        seen.object_quat[held, None], wrists - seen.object_pos[held, None]
    )
    outside = np.maximum(np.abs(local) - np.asarray(obj.half_size), 0.0)
    gap = float(np.median(np.linalg.norm(outside, axis=-1)))
    if gap > MAX_REACH:
        msg = (
            f"track: the hands are {gap:.2f} m from the object while contact is "
            f"labelled, expected at most {MAX_REACH} m"
        )
        raise ValueError(msg)


def _hands_interval(
    seen: Seen, obj: ObjectSpec, interaction: Interaction
) -> tuple[int, int]:
    labels = seen.touching(HANDS)
    sides = labels.max(axis=0) > 0.5
    if not sides.any():
        msg = "track: no hand is labelled in contact; nothing was taken"
        raise ValueError(msg)
    if not sides.all() and obj.shape == "box":
        side = "left" if sides[0] else "right"
        msg = f"track: only the {side} hand touches; both are expected"
        raise ValueError(msg)
    moved, least, what = _motion(seen, interaction)
    peak = float(moved.max())
    if peak < least:
        msg = f"track: the object {what(max(peak, 0.0))}, expected at least {least:g}"
        raise ValueError(msg)
    touching = labels.mean(axis=1) > (0.5 if sides.all() else 0.25)
    half = int(np.argmax(moved > 0.5 * peak))
    low = np.flatnonzero(moved[: half + 1] < max(0.04, 0.15 * peak))
    leaves = int(low[-1]) if len(low) else 0
    start = min(_first_touch(touching, leaves), max(leaves - SETTLE - 5, 0))
    active = touching
    if interaction.name in LIFTED:
        active = touching | (moved > 0.10)
    end = int(np.flatnonzero(active)[-1]) + 1
    airborne = interaction.name in LIFTED and moved[end - 1 :].min() > 0.25 * peak
    if interaction.name == "stand-bottle":  # what stands needs no holding
        stands = half + int(np.argmax(moved[half:] > STANDS * peak))
        end = min(end, stands + SETTLE)
    if end > len(moved) - GAP or airborne:
        end = len(moved)
    return start, max(end, half + 1)


def _motion(seen: Seen, interaction: Interaction):  # noqa: ANN202
    """How far the object is from rest `(T,)`, the least expected, and its words."""
    if interaction.name == "push-box":
        return _slide(seen), MIN_SLIDE, lambda x: f"slides {x:.2f} m"
    if interaction.name == "stand-bottle":
        return _tilt(seen), MIN_TILT, lambda x: f"turns by {x:.2f} rad"
    return _height(seen), MIN_RISE, lambda x: f"rises {x:.2f} m"


def _kick_interval(seen: Seen) -> tuple[int, int]:
    """From when the object is struck until it lies again."""
    moved = _slide(seen)
    peak = float(np.median(moved[-5:]))
    if peak < MIN_SLIDE:
        msg = f"track: the object slides {peak:.2f} m, expected at least {MIN_SLIDE:g}"
        raise ValueError(msg)
    half = int(np.argmax(moved > 0.5 * peak))
    low = np.flatnonzero(moved[: half + 1] < max(0.08, 0.1 * peak))
    start = int(low[-1]) if len(low) else 0
    done = int(np.argmax(moved > 0.97 * peak))
    return start, max(done, start + 2)


def _height(seen: Seen) -> Floats:
    return seen.object_pos[:, 2] - np.median(seen.object_pos[:10, 2])


def _slide(seen: Seen) -> Floats:
    xy = seen.object_pos[:, :2]
    return np.linalg.norm(xy - np.median(xy[:10], axis=0), axis=1)


def _tilt(seen: Seen) -> Floats:
    """Angle `(T,)` [rad] between the object's own z axis now and at first."""
    axis = rotations.rotate(seen.object_quat, np.array([0.0, 0.0, 1.0]))
    first = np.median(axis[:10], axis=0)
    cosine = axis @ first / max(float(np.linalg.norm(first)), 1e-9)
    return np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))


def _first_touch(touching: NDArray[np.bool_], leaves: int) -> int:
    """First frame of the touch that lasts until the object moves."""
    first = leaves
    for frame in range(leaves, -1, -1):
        if touching[frame]:
            first = frame
        elif first - frame > GAP:
            break
    return first


def _runs(labels: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches `[start, end)` of True, gaps of `GAP` frames closed."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labels, [False]])))
    runs: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2):
        if runs and start - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], int(end))
        else:
            runs.append((int(start), int(end)))
    return runs
