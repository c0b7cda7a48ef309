import dataclasses

import pytest

from assets.objects import LIFT_BOX
from perception.manifest import ClipRecord, Manifest, Status
from perception.reel import Reel
from perception.report.folder import add_folder
from perception.report.overlay import write_overlay
from perception.report.report import Report
from perception.studio.render import render_clips
from perception.track import Track
from perception.video import open_video


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A rendered video and its true track."""
    (path,) = render_clips("lift-box", 1, 3, tmp_path_factory.mktemp("c"), (160, 120))
    return path, Track.load(path.with_suffix(".truth.npz"))


@pytest.fixture(scope="session")
def folder_of_priors(tmp_path_factory, clip, lift_prior):
    """What `priors` leaves behind: one clip kept, one set aside, two rejected."""
    out = tmp_path_factory.mktemp("priors")
    (out / "set_aside").mkdir()
    video, truth = clip
    reel = Reel(open_video(video))
    for _ in reel.frames():
        pass
    common = {"sha256": "", "settings": {"gate": 0.25}, "notes": ["assumed <b>"]}
    timed = {"seconds": 6.0, "frames": 120, "stages": {"landmarks": 4.0, "save": 0.5}}
    clips: dict[str, ClipRecord] = {}
    outcomes: list[tuple[str, Status, float]]
    outcomes = [("kept", "kept", 0.7), ("off", "set aside", 0.1)]
    for name, status, score in outcomes:
        folder = out / "set_aside" if status == "set aside" else out
        files = [folder / f"{name}.{end}" for end in ("track.npz", "overlay.mp4")]
        prior = folder / f"{name}.prior.npz"
        truth.save(files[0])
        write_overlay(files[1], reel, truth, LIFT_BOX)
        dataclasses.replace(lift_prior, name=name).save(prior)
        outputs = [file.relative_to(out).as_posix() for file in (*files, prior)]
        reason = None if score > 0.25 else "scores 0.10 of 0.25: penetration 50 mm"
        record = ClipRecord(
            name, video.name if score > 0.25 else "off.mp4", status=status,
            reason=reason, outputs=outputs, score=score, **common, **timed,
        )  # fmt: skip
        clips[name] = record
    seen = dataclasses.replace(
        clips["kept"], name="empty_handed", status="rejected", video="no.mp4",
        reason="no moving object found", score=None, outputs=clips["kept"].outputs[:2],
    )  # fmt: skip
    text = dataclasses.replace(
        seen, name="<i>x</i>", reason="not a video", outputs=[], frames=0, stages={}
    )
    clips |= {seen.name: seen, text.name: text}
    Manifest(str(video.parent), clips).save(out)
    return out


@pytest.fixture(scope="session")
def priors_page(tmp_path_factory, folder_of_priors):
    """The report about that folder."""
    report = Report("Sugarmill: a folder")
    add_folder(report, folder_of_priors)
    path = tmp_path_factory.mktemp("page") / "report.html"
    report.write(path)
    return path
