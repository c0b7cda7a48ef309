"""What the person did, at 50 Hz: where they went, when they touched, how they stood.

Landmarks are off by centimetres, so the video is read for what survives that: the
way, the phases, how the object goes, how trunk and hips follow. Where things touch
is decided later, by the robot's and the object's geometry.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from assets.interactions import HANDS, INTERACTIONS, Interaction
from assets.objects import ObjectSpec
from perception.retargeting import touch
from perception.retargeting.resampled import JOINT_SIGMA, Seen, resample
from perception.smoothing import gaussian
from perception.track import Track

Floats = NDArray[np.float64]

MIN_SECONDS = 1.0
MAX_STEP = 0.6
PLACE_SIGMA = 12.0
HEADING_SIGMA = 10.0


@dataclasses.dataclass(frozen=True)
class Demonstration:
    """A person doing one interaction, at 50 Hz, in the video's world.

    | field | shape | unit | meaning |
    |---|---|---|---|
    | place | (T, 3) | m, m, rad | middle of the ankles x, y; heading, unwrapped |
    | crouch | (T,) | 0.4 to 1 | height of the hips over their height standing |
    | trunk_pitch | (T,) | rad | forward lean of the trunk |
    | wrists | (T, 2, 3) | m | left, right |
    | ankles | (T, 2, 3) | m | left, right |
    | object_pos, object_quat | (T, 3), (T, 4) | m, wxyz | as seen, smoothed |
    | confidence | (T,) | 0 to 1 | mean visibility of the landmarks |
    | start, end | () | frame | the interaction's contact, `end` past the last |
    | foot | () | 0 or 1 | the side that kicks |
    | stance | () | m | between the ankles |
    | hip_height | () | m | of the person standing |
    """

    interaction: Interaction
    place: Floats
    crouch: Floats
    trunk_pitch: Floats
    wrists: Floats
    ankles: Floats
    object_pos: Floats
    object_quat: Floats
    confidence: Floats
    start: int
    end: int
    foot: int
    stance: float
    hip_height: float

    @property
    def num_frames(self) -> int:
        """Number of frames at 50 Hz, T."""
        return len(self.crouch)

    @property
    def rest(self) -> Floats:
        """Where the object is `(3,)` [m] before it is touched."""
        return np.median(self.object_pos[: max(self.start - 3, 5)], axis=0)

    def way(self, first: int, last: int) -> Floats:
        """Places `(N, 3)` from frame `first` to `last`, a few of them."""
        count = 2 + (last - first) // 25
        return self.place[np.linspace(first, last, count).round().astype(int)]

    def walk_between(self, first: int, last: int, near: float) -> tuple[int, int]:
        """Frames between which the person leaves one place for that of `last`.

        Equal if the two are no farther apart than a step. `near` [m] is what a
        standing person's feet may seem to move.
        """
        xy, heading = self.place[:, :2], self.place[:, 2]
        apart = np.linalg.norm(xy[last] - xy[first])
        if apart < 3.0 * near and abs(heading[last] - heading[first]) < 1.0:
            return last, last
        gone = np.linalg.norm(xy - xy[first], axis=1)
        turned = np.abs(heading - heading[first])
        moved = (gone > near) | (turned > 0.5)
        begin = first + int(np.argmax(moved[first : last + 1]))
        left = np.linalg.norm(xy - xy[last], axis=1)
        turning = np.abs(heading - heading[last]) > 0.5
        away = np.flatnonzero(((left > near) | turning)[first : last + 1])
        return begin, max(first + int(away[-1]) + 1, begin + 1)


def read_demonstration(track: Track, obj: ObjectSpec, task: str) -> Demonstration:
    """Read a track; raises ValueError with the reason if it shows no such thing.

    A `task` that is none of `INTERACTIONS` is told from the contacts.
    """
    track.validate()
    if track.num_frames / track.fps < MIN_SECONDS:
        msg = (
            f"track: {track.num_frames / track.fps:.1f} s long, "
            f"expected at least {MIN_SECONDS:.0f} s"
        )
        raise ValueError(msg)
    seen = resample(track)
    name = task if task in INTERACTIONS else touch.infer_task(seen, obj)
    interaction = INTERACTIONS[name]
    start, end = touch.interval(seen, obj, interaction)
    if interaction.contacts == HANDS:
        touch.check_hands(seen, obj, start, end)
    place = _place(seen)
    if not interaction.walks:
        _check_steps(place)
    hips = seen.joint("hip").mean(1)
    standing = _standing_hip(seen, hips)
    trunk = seen.joint("shoulder").mean(1) - hips
    ahead = np.cos(place[:, 2]) * trunk[:, 0] + np.sin(place[:, 2]) * trunk[:, 1]
    spread = np.diff(seen.joint("ankle")[..., :2], axis=1)[:, 0]
    crouch = np.clip(hips[:, 2] / standing, 0.4, 1.0)
    pitch = np.clip(np.arctan2(ahead, trunk[:, 2]), -0.2, 1.4)
    return Demonstration(
        interaction=interaction,
        place=place,
        crouch=gaussian(crouch, JOINT_SIGMA),
        trunk_pitch=gaussian(pitch, JOINT_SIGMA),
        wrists=seen.joint("wrist"),
        ankles=seen.joint("ankle"),
        object_pos=seen.object_pos,
        object_quat=seen.object_quat,
        confidence=np.clip(seen.visibility.mean(axis=1), 0.0, 1.0),
        start=start,
        end=end,
        foot=touch.kicking_foot(seen, start),
        stance=float(np.median(np.linalg.norm(spread, axis=-1))),
        hip_height=standing,
    )


def _place(seen: Seen) -> Floats:
    """Middle of the ankles and the body's heading `(T, 3)`, from hips and shoulders.

    The toes say which way is forward, so that sides mixed up do not matter.
    """
    ankle, toe = seen.joint("ankle"), seen.joint("toe")
    across = np.zeros((len(ankle), 2))
    for name in ("hip", "shoulder"):
        pair = seen.joint(name)[..., :2]
        across += pair[:, 0] - pair[:, 1]
    forward = np.stack([across[:, 1], -across[:, 0]], axis=1)
    pointed = (toe - ankle).mean(axis=1)[:, :2]
    if (forward * pointed).sum() < 0.0:
        forward = -forward
    heading = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))
    middle = gaussian(ankle.mean(axis=1)[:, :2], PLACE_SIGMA)
    return np.column_stack([middle, gaussian(heading, HEADING_SIGMA)])


def _check_steps(place: Floats) -> None:
    """Refuse a person who walks where the interaction is done standing."""
    step = float(
        np.linalg.norm(place[:, :2] - np.median(place[:, :2], 0), axis=1).max()
    )
    if step > MAX_STEP:
        msg = (
            f"track: the feet travel {step:.2f} m, expected at most {MAX_STEP} m "
            "where a task is done standing; name a task that walks"
        )
        raise ValueError(msg)


def _standing_hip(seen: Seen, hips: Floats) -> float:
    """Height [m] of the hips when the person stands, no less than the legs allow."""
    hip, knee, ankle = (seen.joint(n) for n in ("hip", "knee", "ankle"))
    leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
    highest = float(np.quantile(hips[:, 2], 0.9))
    return max(highest, 0.9 * float(np.median(leg)), 0.4)
