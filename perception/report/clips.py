"""A report's section about one clip: what was seen, when it was touched, how well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.canvas import Canvas
from assets.objects import ObjectSpec
from assets.robot import RobotSpec
from assets.scene import scene_spec
from perception.prior import Prior
from perception.reel import Reel
from perception.report.overlay import drawn_frames
from perception.report.report import Picture, Report
from perception.studio.viewpoint import CAMERA, aim, look_at
from perception.track import Track
from perception.video import open_video

Floats = NDArray[np.float64]

SEEN, TRUE, MUTED = "#2f7fd6", "#e08a1e", "#8891a0"


def clip_section(
    report: Report,
    video_path: Path,
    track: Track,
    truth: Track | None = None,
    *,
    item: ObjectSpec | None = None,
    prior: Prior | None = None,
    robot: RobotSpec | None = None,
) -> dict[str, float]:
    """Add a clip's section to `report`; return its figures, for a table of all clips.

    `item` draws the object's outline; `prior` with `robot` adds the robot's poses.
    Raises ValueError when `truth` has another number of frames than `track`.
    """
    figures = clip_figures(track, truth)
    report.add_section(video_path.stem)
    reel = Reel(open_video(video_path))
    for _ in reel.frames():
        pass
    report.add_video(
        "What the pipeline saw",
        overlay_frames(reel, track, item),
        reel.kept_fps,
        "The person's joints, the object's outline, and dots where hands touch it.",
    )
    report.add_figure(
        "Over time",
        timeline_figure(track, truth),
        "Contact and object" + (", against the truth" if truth is not None else ""),
    )
    if prior is not None and robot is not None:
        strip = prior_strip(prior, robot)
        report.add_image(
            "The robot's prior", strip, "From first frame to last.", wide=True
        )
    report.add_table("Figures", [figures], wide=True)
    return figures


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


def overlay_frames(
    reel: Reel, track: Track, item: ObjectSpec | None
) -> Iterator[Picture]:
    """The frames that were kept, RGB, with the track drawn in."""
    for frame in drawn_frames(reel, track, item):
        yield np.ascontiguousarray(frame[:, :, ::-1], np.uint8)


def timeline_figure(track: Track, truth: Track | None = None) -> Figure:
    """Contact, the object's height and, against `truth`, errors over one time axis."""
    panels = [_draw_contact, _draw_object]
    if truth is not None:
        panels += [_draw_joint_error]
    figure = Figure(figsize=(5.2, 1.9 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), 1, sharex=True)
    for axes, draw in zip(rows, panels, strict=True):
        draw(axes, track, truth)
    rows[-1].set(xlabel="time [s]", xlim=(0.0, track.num_frames / track.fps))
    return figure


def _draw_contact(axes: Axes, track: Track, truth: Track | None) -> None:
    """Bars for every body that touches the object."""
    known = [track] if truth is None else [track, truth]
    used = np.concatenate([one.contact for one in known]).any(axis=0)
    rows = [int(row) for row in np.flatnonzero(used)] or [0, 1]
    for source, colour, label, shift in ((track, SEEN, "seen", 0.0), _true(truth)):
        if source is None:
            continue
        for row, body in enumerate(rows):
            spans = _spans(source.contact[:, body], source.fps)
            axes.broken_barh(spans, (row + shift, 0.34), color=colour)
        axes.plot([], [], color=colour, linewidth=6, label=label)
    axes.set_yticks([row + 0.35 for row in range(len(rows))])
    axes.set_yticklabels([track.contact_names[r].replace("_", " ") for r in rows])
    axes.set_ylim(-0.15, len(rows))
    axes.legend(loc="lower left", ncols=2, frameon=False, bbox_to_anchor=(0.0, 1.0))


def _draw_object(axes: Axes, track: Track, truth: Track | None) -> None:
    """The object's height, seen and true, and its position error."""
    t = np.arange(track.num_frames) / track.fps
    if truth is None:
        axes.plot(t, track.object_pos_w[:, 2], color=SEEN)
    else:
        axes.plot(t, aligned_object(track, truth)[:, 2], color=SEEN)
        axes.plot(t, truth.object_pos_w[:, 2], color=TRUE)
        error = object_errors(track, truth)
        axes.plot(t, error, color=MUTED, linestyle="--", label="position error")
        axes.legend(frameon=False)
    axes.set(ylabel="object [m]", ylim=(0, None))


def _draw_joint_error(axes: Axes, track: Track, truth: Track | None) -> None:
    """Joint error about the mid-hip: its mean, and where most joints lie."""
    if truth is None:
        return
    errors = 1000.0 * joint_errors(track, truth)
    t = np.arange(len(errors)) / track.fps
    low, high = np.percentile(errors, [10, 90], axis=1)
    axes.fill_between(t, low, high, color=SEEN, alpha=0.2, linewidth=0)
    axes.plot(t, errors.mean(axis=1), color=SEEN)
    axes.set(ylabel="joint error [mm]", ylim=(0, None))


def _true(truth: Track | None) -> tuple[Track | None, str, str, float]:
    return truth, TRUE, "truth", 0.36


def prior_strip(prior: Prior, robot: RobotSpec, count: int = 5) -> Picture:
    """RGB poses of the robot and the object side by side, from first to last frame."""
    indices = np.linspace(0, prior.num_frames - 1, count).round().astype(int)
    return np.hstack(list(prior_frames(prior, robot, indices, (220, 280))))


def prior_frames(
    prior: Prior, robot: RobotSpec, indices: NDArray[np.int_], size: tuple[int, int]
) -> Iterator[Picture]:
    """RGB pictures of `size` (width, height) of the prior's frames `indices`."""
    spec = scene_spec(robot, prior.object)
    spec.worldbody.add_camera(name=CAMERA)
    model = spec.compile()
    data = mujoco.MjData(model)
    middle = np.concatenate([prior.root_pos_w[:, :2], prior.object_pos_w[:, :2]])
    target = np.array([*middle.mean(axis=0), 0.6])
    aim(model, look_at(target + np.array([1.9, 1.5, 0.7]), target, 30.0, size))
    joints = [model.joint(name).qposadr[0] for name in prior.joint_names]
    root = model.body(robot.root_body).jntadr[0]
    objects = model.joint("object_free").qposadr[0]
    with Canvas(model, size) as canvas:
        for index in indices:
            first = model.jnt_qposadr[root]
            data.qpos[first : first + 3] = prior.root_pos_w[index]
            data.qpos[first + 3 : first + 7] = prior.root_quat_w[index]
            data.qpos[joints] = prior.joint_pos[index]
            data.qpos[objects : objects + 3] = prior.object_pos_w[index]
            data.qpos[objects + 3 : objects + 7] = prior.object_quat_w[index]
            mujoco.mj_forward(model, data)
            yield canvas.draw(data, CAMERA)


def _about_hips(track: Track) -> Floats:
    points = np.einsum("tij,tkj->tki", track.T_world_to_cam[:, :3, :3], track.joints_w)
    return points - points[:, :2].mean(axis=1, keepdims=True)


def _spans(flags: NDArray[np.bool_], fps: float) -> list[tuple[float, float]]:
    """Start and length [s] of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(a / fps, (b - a) / fps) for a, b in edges.reshape(-1, 2)]
