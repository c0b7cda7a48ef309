"""The clips of a task: reading them, and what a model card says about them."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perception.prior import Prior
from policies.run_dir import load_priors, prior_digest


def task_priors(folder: Path, task_name: str) -> list[Prior]:
    """A folder's priors of one task; ValueError if it holds none or odd names."""
    priors = load_priors(folder)
    names = collections.Counter(prior.name for prior in priors)
    for name, count in names.items():
        if count > 1 or not name or Path(name).name != name:
            what = "is the name of two priors" if count > 1 else "is no file name"
            msg = f"{folder}: prior name '{name}' {what}; make them again with `priors`"
            raise ValueError(msg)
    chosen = [prior for prior in priors if prior.task == task_name]
    if not chosen:
        found = ", ".join(sorted({prior.task for prior in priors}))
        msg = f"{folder}: no prior of task '{task_name}', only of {found}"
        raise ValueError(msg)
    return chosen


def about_priors(priors: Sequence[Prior], videos: str) -> dict[str, Any]:
    """What a bundle's metrics keep of the clips it was taught by.

    `videos` says what kind of videos they were made from.
    """
    seconds = [prior.num_frames / prior.fps for prior in priors]
    sizes = [prior.object.size for prior in priors]
    sources = [prior.source for prior in priors]
    return {
        "videos": videos or "not stated",
        "count": len(priors),
        "different_videos": len({s.get("sha256") or s.get("video") for s in sources}),
        "seconds_shortest": round(min(seconds), 2),
        "seconds_longest": round(max(seconds), 2),
        "object_size_smallest_m": [min(axis) for axis in zip(*sizes, strict=True)],
        "object_size_largest_m": [max(axis) for axis in zip(*sizes, strict=True)],
        "pose_estimators": sorted({str(s.get("pose", "not stated")) for s in sources}),
        "object_trackers": sorted({str(s.get("object", "given")) for s in sources}),
        "digests": {prior.name: prior_digest(prior) for prior in priors},
    }
