import multiprocessing.connection
import re
from pathlib import Path

import pytest

from assets.g1.spec import g1
from perception.person.pose_model import resolve_model
from perception.pool import Limits, Slot
from perception.scene_file import load_scenes
from perception.worker import Job
from tests.perception.clips import ffmpeg

CLIPS = Path(__file__).parents[2] / "assets" / "clips" / "lift_box"
MINUTES, LIMIT_MB = 10, 1500


def peak_mb(pid):
    """The most memory [MB] that a process ever held."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found[1]) / 1e3 if found else 0.0


@pytest.mark.slow
def test_ten_minutes_of_full_hd_stay_under_a_gigabyte_and_a_half(tmp_path):
    """About as long as the video takes to play."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's memory in /proc")
    clip = sorted(CLIPS.glob("*.mp4"))[0]
    once, long = tmp_path / "once.mp4", tmp_path / "long.mp4"
    wide = "scale=-2:1080,pad=1920:1080:-1:-1"
    ffmpeg("-i", clip, "-vf", wide, "-r", 30, "-preset", "ultrafast", once)
    looped = ("-stream_loop", -1, "-i", once, "-t", 60 * MINUTES - 1)
    ffmpeg(*looped, "-c", "copy", long)
    scene = load_scenes(CLIPS).scene(clip.stem)
    job = Job("long", long, "", tmp_path, g1(), resolve_model(), "", 0.0, 1, scene)
    slot = Slot(Limits())
    peak, record = 0.0, None
    try:
        slot.give(job)
        while record is None:
            multiprocessing.connection.wait([slot.waitable], 0.2)
            peak = max(peak, peak_mb(slot.pid))
            record = slot.result()
    finally:
        slot.close()
    print(f"{record.frames} frames, {record.seconds:.0f} s, {peak:.0f} MB: {record}")
    assert record.status != "failed", record.reason
    assert record.frames == pytest.approx(30 * 60 * MINUTES, rel=0.01)
    assert peak < LIMIT_MB
