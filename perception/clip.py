"""One video → one `Track`: what is seen of a person and of what they handle."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from assets.interactions import usual_object
from assets.objects import LIFT_BOX, ObjectSpec
from perception.camera import intrinsics, invert, transform, world_from_floor
from perception.contacts import label_contacts
from perception.objects.choose import choose_tracker
from perception.objects.colour import KeyFrames, key_frames
from perception.objects.grasp import palm_places
from perception.objects.manner import manner_of, takes_hands, touching
from perception.objects.settle import ObjectTrack
from perception.objects.sizes import measure_size
from perception.objects.sliding import slide_friction
from perception.objects.tracker import Clip, ObjectTracker
from perception.person.human import Human, Observation, fit_human, observe
from perception.person.people import sample_frames, second_person
from perception.person.pose import Landmarks, PoseEstimator
from perception.person.skeleton import (
    DEFAULT_HEIGHT_M,
    L_HIP,
    L_SHOULDER,
    R_HIP,
    R_SHOULDER,
)
from perception.person.verticals import find_up
from perception.prior import CONTACT_NAMES
from perception.reel import Reel
from perception.scene_file import Scene
from perception.steady import cameras, person_boxes, steady
from perception.stopwatch import Stopwatch
from perception.track import Track
from perception.video import Video, open_video

Floats = NDArray[np.floating]

MIN_FOUND = 0.5
MIN_SEEN = 0.2
MIN_MOVED_M = 0.05
NO_ASSUMED = (
    "no moving object found that could be the assumed {}; a prior needs one: give its "
    "shape and size in scene.toml"
)
NO_GIVEN = (
    "the {} of scene.toml was not found: nothing of its size, with colours of its own, "
    "is taken from the floor in view"
)


@dataclasses.dataclass(frozen=True)
class Sighting:
    """What one video shows.

    `refusal` says why no prior can come of it (the track is still worth keeping);
    `notes` say what was assumed; `source` goes into the prior. JSON values only.
    `reel` holds small frames of the video, which nobody needs to decode again.
    """

    track: Track
    object: ObjectSpec
    refusal: str | None
    notes: list[str]
    source: dict[str, Any]
    reel: Reel


def see_clip(
    path: Path,
    scene: Scene,
    estimator: PoseEstimator,
    stopwatch: Stopwatch | None = None,
) -> Sighting:
    """Watch one video; ValueError gives in one line why it holds no usable person."""
    watch = stopwatch or Stopwatch()
    with watch.stage("open"):
        reel = Reel(open_video(path))
    video = reel.video
    with watch.stage("landmarks"):
        landmarks = estimator.estimate(watch.beats(reel.frames()), video.fps)
    watch.move("landmarks", "decode", reel.seconds)
    notes = [note for note in [video.check_length(len(landmarks.found))] if note]
    with watch.stage("people"):
        _check_people(reel, landmarks, estimator)

    K, camera_source = intrinsics(video.width, video.height, scene.field_of_view_deg)
    height = scene.person_height_m or DEFAULT_HEIGHT_M
    notes += _assumptions(scene)
    with watch.stage("steady"):
        keys = key_frames(reel, K)
        turns = np.zeros((len(landmarks.found), 3))
        if _steadied(scene):
            keys, landmarks, turns = steady(keys, landmarks, K)
    with watch.stage("person"):
        seen = observe(landmarks, K, video.fps, _find_up(reel, landmarks, K, turns))
        human = fit_human(seen, height)
    with watch.stage("object"):
        T_first = world_frame(human)
        joints_w = transform(invert(T_first), human.joints_c)
        spec = _object_spec(scene, keys, joints_w, T_first, notes)
        clip = Clip(keys, spec, scene.task, joints_w, T_first, video.fps)
        tracker = choose_tracker(scene, spec, keys, len(joints_w))
        found_all = _see_object(tracker, clip, seen, human, height)
        human, found, T_world_to_cam = found_all
    joints_w = transform(invert(T_world_to_cam), human.joints_c)
    T_all = cameras(T_world_to_cam, turns)
    track = _assemble(video, K, joints_w, human.visibility, T_all, spec, found)
    if found is not None:
        where = track.object_pos_w, track.object_quat_w
        bodies = touching(scene.task, spec)
        contact = label_contacts(joints_w, spec, *where, video.fps, bodies)
        track = dataclasses.replace(track, contact=contact)
        spec = _with_friction(scene, spec, track, notes)
    source = {
        "field_of_view": camera_source,
        "person_height_m": height,
        "pose": estimator.name,
        "scale": video.scale,
        "object": tracker.name,
        "object_seen": round(float(found.seen.mean()), 3) if found else None,
    }
    given = scene.object is not None or scene.object_shape is not None
    refusal = NO_GIVEN if given else NO_ASSUMED
    refused = None if found else refusal.format(spec.name)
    return Sighting(track, spec, refused, notes, source, reel)


def _find_up(
    reel: Reel, landmarks: Landmarks, K: Floats, turns: Floats
) -> Floats | None:
    """Up `(3,)` for the steadied camera, as the room shows it in the first frame."""
    if reel.first is None:
        return None
    up = find_up(reel.first, K, person_boxes(landmarks.pixels[:1])[0])
    return None if up is None else up @ rotations.to_matrix(rotations.exp(turns[0]))


def _steadied(scene: Scene) -> bool:
    """Whether a swaying camera is steadied: not where poses are given as it sees them.

    A chair stays, and so no motion has to be told from sway.
    """
    shape = scene.object.shape if scene.object else scene.object_shape
    return scene.object_poses is None and shape != "chair"


def _see_object(
    tracker: ObjectTracker, clip: Clip, seen: Observation, first: Human, height: float
) -> tuple[Human, ObjectTrack | None, Floats]:
    """Find and follow the object; with it on the floor, see the person better.

    Returns the person, the object if there is one that moves, and `T_world_to_cam`.
    """
    floor = tracker.find(clip)
    if floor is None:
        return first, None, clip.T_world_to_cam
    human = fit_human(seen, height, floor)
    clip = _standing(clip, human)
    T = clip.T_world_to_cam
    track = tracker.follow(clip)
    stuck = manner_of(clip.task, clip.spec).moves and track.moved < MIN_MOVED_M
    if track.seen.mean() < MIN_SEEN or stuck:
        return first, None, world_frame(first)
    where = clip.joints_w, human.visibility, clip.spec, track, seen.fps
    places = palm_places(*where) if takes_hands(clip.task, clip.spec) else None
    if places is not None:
        places = dataclasses.replace(places, place_c=transform(T, places.place_c))
        human = fit_human(seen, height, floor, places, human.joints_c)
    return human, track, T


def _standing(clip: Clip, human: Human) -> Clip:
    """The clip in the world of this person."""
    T = world_frame(human)
    joints_w = transform(invert(T), human.joints_c)
    return dataclasses.replace(clip, joints_w=joints_w, T_world_to_cam=T)


def _with_friction(
    scene: Scene, spec: ObjectSpec, track: Track, notes: list[str]
) -> ObjectSpec:
    """The object with the friction that its slide shows, unless the file tells it."""
    friction = None if scene.friction_told else slide_friction(track)
    if friction is None:
        return spec
    notes.append(f"friction of the {spec.name} measured as {friction:.2f}")
    return dataclasses.replace(spec, friction=friction)


def _object_spec(
    scene: Scene, keys: KeyFrames, joints_w: Floats, T: Floats, notes: list[str]
) -> ObjectSpec:
    """The object as given, measured, or assumed; says so in `notes`."""
    if scene.object is not None or scene.object_shape is None:
        return scene.object or LIFT_BOX
    found = measure_size(keys, scene.object_shape, joints_w, T, scene.task)
    if found is None:
        usual = usual_object(scene.object_shape, scene.task)
        notes.append(f"size of the {usual.shape} not found, assumed {usual.size} m")
        return usual
    size = " x ".join(f"{length:.2f}" for length in found.spec.size)
    sure = f"confidence {found.confidence:.2f}"
    notes.append(f"{found.spec.shape} measured as {size} m, {sure}")
    return found.spec


def world_frame(human: Human) -> Floats:
    """`T_world_to_cam (4, 4)`: origin under the first pelvis, x where the person faces.

    Facing is judged over the first tenth of the clip.
    """
    early = human.joints_c[: max(1, len(human.joints_c) // 10)]
    left = (early[:, L_HIP] - early[:, R_HIP]).mean(axis=0)
    left = left + (early[:, L_SHOULDER] - early[:, R_SHOULDER]).mean(axis=0)
    pelvis = human.joints_c[0, [L_HIP, R_HIP]].mean(axis=0)
    forward = np.cross(left, human.floor.up_c)
    return world_from_floor(human.floor, pelvis, forward)


def _assemble(
    video: Video,
    K: Floats,
    joints_w: Floats,
    visibility: Floats,
    T_all: Floats,
    spec: ObjectSpec,
    found: ObjectTrack | None,
) -> Track:
    """The track in the video's own pixels; an object not found lies at the origin."""
    count = len(joints_w)
    if found is None:
        pos_w = np.tile([0.0, 0.0, spec.size[2] / 2], (count, 1))
        quat_w = np.tile(rotations.IDENTITY, (count, 1))
    else:
        pos_w, quat_w = found.pos_w, found.quat_w
    contact = np.zeros((count, len(CONTACT_NAMES)), bool)
    K_video = K / np.array([[video.scale], [video.scale], [1.0]])
    return Track(
        video.fps,
        np.asarray(joints_w, np.float64),
        np.asarray(visibility, np.float64),
        np.asarray(pos_w, np.float64),
        np.asarray(quat_w, np.float64),
        contact,
        np.asarray(K_video, np.float64),
        np.asarray(T_all, np.float64),
    )


def _check_people(reel: Reel, landmarks: Landmarks, estimator: PoseEstimator) -> None:
    count, found = len(landmarks.found), int(landmarks.found.sum())
    name = reel.video.path.name
    if found < MIN_FOUND * count:
        msg = f"{name}: no person found in {count - found} of {count} frames"
        raise ValueError(msg)
    fault = second_person(sample_frames(reel.kept, len(reel.kept)), estimator)
    if fault:
        msg = f"{name}: {fault}"
        raise ValueError(msg)


def _assumptions(scene: Scene) -> list[str]:
    notes = []
    if scene.field_of_view_deg is None:
        notes.append("field of view assumed")
    if scene.person_height_m is None:
        notes.append(f"person assumed {DEFAULT_HEIGHT_M} m tall")
    if scene.object is None and scene.object_shape is None:
        notes.append(f"object assumed to be {LIFT_BOX.name} {LIFT_BOX.size} m")
    return notes
