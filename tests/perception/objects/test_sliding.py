import numpy as np
import pytest

from perception.objects.sliding import slide_friction
from perception.prior import CONTACT_NAMES
from perception.track import JOINTS, Track

FPS, RELEASE, FRAMES = 30.0, 40, 110


def slid(friction=0.22, length=1.2, slowing=2.0, heading=0.6):
    """Where a box is that is let go at frame `RELEASE`: `(T, 3)`."""
    t = (np.arange(FRAMES) - RELEASE) / FPS
    total = np.sqrt(2.0 * length / (friction * 9.81))
    left = length * np.clip(1.0 - np.maximum(t, 0.0) / total, 0.0, 1.0) ** slowing
    way = np.where(t < 0.0, 0.0, 0.1 + length - left)
    pos = np.zeros((FRAMES, 3))
    pos[:, 0], pos[:, 1] = way * np.cos(heading), way * np.sin(heading)
    pos[:, 2] = 0.27
    return pos


def track(pos, last_touch: int | None = RELEASE):
    contact = np.zeros((len(pos), len(CONTACT_NAMES)), dtype=bool)
    if last_touch is not None:
        contact[RELEASE - 3 : last_touch + 1, CONTACT_NAMES.index("right_foot")] = True
    return Track(
        fps=FPS,
        joints_w=np.zeros((len(pos), len(JOINTS), 3)),
        visibility=np.ones((len(pos), len(JOINTS))),
        object_pos_w=pos,
        object_quat_w=np.tile([1.0, 0.0, 0.0, 0.0], (len(pos), 1)),
        contact=contact,
        K=np.eye(3),
        T_world_to_cam=np.tile(np.eye(4), (len(pos), 1, 1)),
    )


@pytest.mark.parametrize("friction", [0.12, 0.22, 0.45])
def test_a_slide_tells_its_friction(friction):
    assert slide_friction(track(slid(friction))) == pytest.approx(friction, rel=0.02)


def test_noise_of_a_centimetre_moves_it_little():
    noise = np.random.default_rng(0).normal(0.0, 0.01, (FRAMES, 3))
    found = slide_friction(track(slid() + noise))
    assert found == pytest.approx(0.22, abs=0.03)


@pytest.mark.parametrize(
    "seen",
    [
        track(slid(), last_touch=None),
        track(slid(), last_touch=FRAMES - 1),
        track(slid(length=0.15)),
        track(slid(slowing=1.0)),
        track(slid(friction=4.0)),
        track(np.zeros((FRAMES, 3))),
    ],
    ids=["untouched", "led home", "short", "not slowed", "stopped at once", "still"],
)
def test_what_does_not_slide_freely_tells_nothing(seen):
    assert slide_friction(seen) is None


def test_what_flies_or_falls_tells_nothing():
    pos = slid()
    pos[RELEASE + 2 : RELEASE + 12, 2] += 0.2
    assert slide_friction(track(pos)) is None
