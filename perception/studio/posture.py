"""The whole body over a pair of feet: pelvis, trunk, arms and gaze of a `Score`."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from assets import rotations
from assets.actor.posing import Pose, Solution, centre_of_mass, solve
from assets.rotations import Array
from perception.studio.gait import Feet
from perception.studio.motion import upright
from perception.studio.route import OUTWARD

_STAND = 0.007
"""How much lower [m] than with straight legs a person stands."""
_REACH = 0.991
"""Share of a leg's length that walking uses."""


@dataclasses.dataclass
class Score:
    """What a body does at each frame, beside what its feet decide.

    | field | shape | unit | frame |
    |---|---|---|---|
    | feet | | | |
    | drop | (T,) | m | pelvis lower than standing |
    | pitch | (T,) | rad | the chest's lean forward; the pelvis takes 0.55 of it |
    | twist | (T,) | rad | the chest's turn to the left, past the feet's heading |
    | reach | (T, 2) | – | 0 the arm swings freely, 1 its palm is at `palm_w` |
    | palm_w | (T, 2, 3) | m | world |
    | hand_quat_w | (T, 2, 4) | wxyz | world |
    | gaze_w | (T, 3) | m | world, what the eyes follow |
    | attention | (T,) | – | 0 looks ahead, 1 at `gaze_w` |
    | seated | (T,) | – | 0 balanced on the feet, 1 pelvis at `seat_w` |
    | seat_w | (T, 3) | m | world |
    | arms | () | – | swing of the free arms |
    | knees_out | (T,) | rad | knees' turn outward |
    | elbows_out | (T,) | – | 0 elbows behind the chest, 1 beside it |
    """

    feet: Feet
    drop: Array
    pitch: Array
    twist: Array
    reach: Array
    palm_w: Array
    hand_quat_w: Array
    gaze_w: Array
    attention: Array
    seated: Array
    seat_w: Array
    arms: float
    knees_out: Array
    elbows_out: Array

    def at(self, frames: NDArray[np.intp]) -> Score:
        """The score of some frames only."""

        def pick(value: object) -> object:
            whole = isinstance(value, np.ndarray) and len(value) == len(self.drop)
            return value[frames] if whole else value  # type: ignore[index]

        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        feet = Feet(**{k: v[frames] for k, v in vars(self.feet).items()})
        rest = {k: pick(v) for k, v in fields.items() if k != "feet"}
        return Score(feet=feet, **rest)  # type: ignore[arg-type]


def blank(feet: Feet, arms: float) -> Score:
    """Someone who only walks."""
    count = len(feet.heading)
    return Score(
        feet=feet,
        drop=np.zeros(count),
        pitch=np.full(count, 0.05),
        twist=np.zeros(count),
        reach=np.zeros((count, 2)),
        palm_w=np.zeros((count, 2, 3)),
        hand_quat_w=np.tile(rotations.IDENTITY, (count, 2, 1)),
        gaze_w=np.zeros((count, 3)),
        attention=np.zeros(count),
        seated=np.zeros(count),
        seat_w=np.zeros((count, 3)),
        arms=arms,
        knees_out=np.zeros(count),
        elbows_out=np.zeros(count),
    )


def embody(model: mujoco.MjModel, score: Score, fps: float | None) -> Solution:
    """Joints of every frame, the centre of mass where the feet want it.

    Without `fps` the frames are not neighbours, and nothing is smoothed over time.
    """
    pelvis = score.feet.com_w - 0.03 * _ahead(score.feet.heading)
    step = 1.15 * (1.0 - score.seated[:, None])
    for _ in range(5):
        solution = solve(model, _pose(model, score, pelvis, fps))
        com = centre_of_mass(model, solution.qpos)[:, :2]
        pelvis = pelvis + step * (score.feet.com_w - com)
    return solve(model, _pose(model, score, pelvis, fps))


def _ahead(heading: Array) -> Array:
    return np.stack([np.cos(heading), np.sin(heading)], axis=-1)


def _pose(
    model: mujoco.MjModel, score: Score, balanced: Array, fps: float | None
) -> Pose:
    """The pose with the pelvis at `balanced (T, 2)` wherever it is not seated."""
    feet, hip = score.feet, model.body("pelvis").pos[2]
    ahead = _ahead(feet.heading)
    forward = np.einsum("tsk,tk->ts", feet.flat_w - balanced[:, None], ahead)
    sway = np.clip(0.25 * (forward[:, 1] - forward[:, 0]) / (hip / 0.93), -0.2, 0.2)
    height = np.minimum(hip - _STAND - score.drop, _highest(model, feet, balanced, fps))
    pelvis = np.column_stack([balanced, height])
    pelvis += score.seated[:, None] * (score.seat_w - pelvis)
    heading = feet.heading + 0.5 * score.twist
    pelvis_quat = upright(heading + sway, 0.55 * score.pitch)
    chest_quat = upright(feet.heading + score.twist - 0.6 * sway, score.pitch)
    shoulder = _shoulders(model, pelvis, pelvis_quat, chest_quat)
    palm, hand = _arms(model, score, shoulder, forward)
    knee = rotations.from_yaw(
        rotations.yaw(feet.foot_quat_w) + score.knees_out[:, None] * OUTWARD
    )
    return Pose(
        pelvis_pos_w=pelvis,
        pelvis_quat_w=pelvis_quat,
        chest_quat_w=chest_quat,
        head_quat_w=_head(score, shoulder.mean(axis=1), fps),
        ankle_pos_w=feet.ankle_pos_w,
        foot_quat_w=feet.foot_quat_w,
        palm_pos_w=palm,
        hand_quat_w=hand,
        knee_w=rotations.rotate(knee, np.array([1.0, 0.0, 0.0])),
        elbow_w=_elbows(score, chest_quat),
    )


def _elbows(score: Score, chest_quat: Array) -> Array:
    """Where the elbows point `(T, 2, 3)`."""
    behind = np.array([[-1.0, 0.5, -0.3], [-1.0, -0.5, -0.3]])
    beside = np.array([[-0.4, 1.0, -0.1], [-0.4, -1.0, -0.1]])
    heading = rotations.from_yaw(score.feet.heading)
    out = score.elbows_out[:, None, None]
    inner = rotations.rotate(chest_quat[:, None], behind)
    return inner + out * (rotations.rotate(heading[:, None], beside) - inner)


def _highest(
    model: mujoco.MjModel, feet: Feet, balanced: Array, fps: float | None
) -> Array:
    """The pelvis's greatest height `(T,)` [m] at which both legs reach their feet."""
    thigh, shank, foot = (model.body(f"l_{b}").pos for b in ("thigh", "shank", "foot"))
    leg = _REACH * (abs(shank[2]) + abs(foot[2]))
    left = np.stack([-np.sin(feet.heading), np.cos(feet.heading)], axis=-1)
    hips = balanced[:, None] + OUTWARD[:, None] * thigh[1] * left[:, None]
    level = np.linalg.norm(feet.ankle_pos_w[..., :2] - hips, axis=-1)
    rise = np.sqrt(np.maximum(leg**2 - level**2, (0.3 * leg) ** 2))
    height = (feet.ankle_pos_w[..., 2] + rise).min(axis=1)
    if fps is None:
        return height
    width = 0.05 * fps
    low = minimum_filter1d(height, 2 * int(np.ceil(width)) + 1, mode="nearest")
    return gaussian_filter1d(low, width, mode="nearest", truncate=1.0)


def _shoulders(
    model: mujoco.MjModel, pelvis: Array, pelvis_quat: Array, chest_quat: Array
) -> Array:
    """Both shoulders `(T, 2, 3)` [m, world]."""
    spine_w = rotations.slerp(pelvis_quat, chest_quat, 0.5)
    chest = pelvis + rotations.rotate(pelvis_quat, model.body("spine").pos)
    chest = chest + rotations.rotate(spine_w, model.body("chest").pos)
    arms = np.stack([model.body(f"{side}_upper_arm").pos for side in "lr"])
    return chest[:, None] + rotations.rotate(chest_quat[:, None], arms)


def _arms(
    model: mujoco.MjModel, score: Score, shoulder: Array, forward: Array
) -> tuple[Array, Array]:
    """Palms `(T, 2, 3)` and hands `(T, 2, 4)`: hanging and swinging, or reaching."""
    scale = model.body("pelvis").pos[2] / 0.93
    swing = score.arms * np.clip(forward[:, ::-1], -0.5 * scale, 0.5 * scale)
    hang = np.zeros_like(shoulder)
    hang[..., 0] = 0.06 * scale + swing
    hang[..., 1] = 0.06 * scale * OUTWARD
    hang[..., 2] = -0.585 * scale + 0.9 * swing**2 / scale + 0.12 * np.abs(swing)
    turned = score.feet.heading + score.twist
    yaw = rotations.from_yaw(turned)[:, None]
    free = shoulder + rotations.rotate(yaw, hang)
    reach = score.reach[..., None]
    palm = free + reach * (score.palm_w - free)
    droop = -0.2 - 1.2 * np.clip(swing, -0.1, 0.5)
    loose = upright(np.repeat(turned[:, None], 2, axis=1), droop)
    hand = rotations.slerp(loose, score.hand_quat_w, score.reach)
    return palm + _shortfall(model, shoulder, palm, hand, reach), hand


def _shortfall(
    model: mujoco.MjModel, shoulder: Array, palm: Array, hand: Array, reach: Array
) -> Array:
    """Shifts `(T, 2, 3)` of palms on their way that only straight arms would reach."""
    bones = model.body("l_forearm").pos, model.body("l_hand").pos
    arm = float(sum(np.linalg.norm(bone) for bone in bones))
    palms_o = np.stack([model.site(f"{side}_palm").pos for side in "lr"])
    line = palm - rotations.rotate(hand, palms_o) - shoulder
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    limit = arm * (0.93 + 0.12 * reach**4)
    margin = 0.05 * arm
    beyond = np.maximum(distance - limit, 0.0)
    near = limit + margin * (1.0 - np.exp(-beyond / margin))
    return line * np.where(beyond > 0.0, near / distance - 1.0, 0.0)


def _head(score: Score, shoulder: Array, fps: float | None) -> Array:
    """The head's orientation `(T, 4)`: ahead, or towards the gaze's target."""
    line = score.gaze_w - (shoulder + np.array([0.0, 0.0, 0.2]))
    level = np.hypot(line[:, 0], line[:, 1])
    facing = score.feet.heading + score.twist
    aside = np.arctan2(line[:, 1], line[:, 0]) - facing
    aside = np.arctan2(np.sin(aside), np.cos(aside))
    near = np.clip(level / 0.3, 0.0, 1.0)
    aside = score.attention * near * np.clip(aside, -0.9, 0.9)
    down = np.arctan2(-line[:, 2], level)
    pitch = 0.8 * np.clip(down, -0.3, 0.9) * score.attention + 0.35 * score.pitch
    if fps is not None:
        aside = gaussian_filter1d(aside, 0.1 * fps, mode="nearest")
        pitch = gaussian_filter1d(pitch, 0.1 * fps, mode="nearest")
    return upright(facing + aside, pitch)
