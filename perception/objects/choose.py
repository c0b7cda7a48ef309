"""Which tracker follows a clip's object: poses given, markers seen, else outlines."""

from __future__ import annotations

from pathlib import Path

from assets.objects import ObjectSpec
from perception.objects.colour import KeyFrames
from perception.objects.markers import marker_tracker
from perception.objects.pose_files import file_tracker
from perception.objects.tracker import ObjectTracker, SilhouetteTracker
from perception.scene_file import Scene


def choose_tracker(
    scene: Scene, spec: ObjectSpec, keys: KeyFrames, frames: int
) -> ObjectTracker:
    """The tracker for a clip of this many frames; ValueError if its poses are bad."""
    if scene.object_poses is not None:
        return file_tracker(Path(scene.object_poses), frames)
    if scene.markers:
        seen = marker_tracker(keys, spec, scene.markers)
        if seen is not None:
            return seen
    return SilhouetteTracker()
