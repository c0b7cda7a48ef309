"""Priors as flat tables of frames: what every term and observation compares with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from assets import rotations
from assets.scene import OBJECT_JOINT
from envs.balance import Soles
from envs.feedforward import target_offset
from envs.reach import Limbs, Reach, ReachTable
from envs.scene import Scene
from perception.prior import Prior

Floats = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Frames:
    """Reference frames, stacked over their first axis (S rows, or N when gathered).

    | field | shape | unit | frame |
    |---|---|---|---|
    | joint_pos, joint_vel | (S, J) | rad, rad/s | |
    | offset | (S, J) | rad | feed-forward, see `target_offset` |
    | body_pos, body_quat | (S, B, 3), (S, B, 4) | m, wxyz | world |
    | body_lin_vel, body_ang_vel | (S, B, 3) | m/s, rad/s | world |
    | object_pos, object_quat | (S, 3), (S, 4) | m, wxyz | world |
    | object_lin_vel, object_ang_vel | (S, 3) | m/s, rad/s | world |
    | contact | (S, C) | 0 or 1 | task's contact names |
    """

    joint_pos: Floats
    joint_vel: Floats
    offset: Floats
    body_pos: Floats
    body_quat: Floats
    body_lin_vel: Floats
    body_ang_vel: Floats
    object_pos: Floats
    object_quat: Floats
    object_lin_vel: Floats
    object_ang_vel: Floats
    contact: Floats

    def take(self, rows: NDArray[np.integer]) -> Frames:
        """The frames at `rows`, copied."""
        fields = dataclasses.fields(self)
        return Frames(**{f.name: getattr(self, f.name)[rows] for f in fields})


@dataclasses.dataclass(frozen=True)
class Reference:
    """All clips end to end. Row `start[k] + t` is frame t of clip k.

    `qpos (S, nq)` and `qvel (S, nv)` are the simulator's state at each frame, and
    `balance (S, 2**F, J, 6)` its `Soles.offsets`, `standing (S, F)` the feet that bear
    weight; `reach` is what the contact bodies do.
    """

    names: tuple[str, ...]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    frames: Frames
    qpos: Floats
    qvel: Floats
    balance: Floats
    standing: NDArray[np.bool_]
    reach: ReachTable

    @property
    def num_clips(self) -> int:
        """Number of clips."""
        return len(self.start)

    def rows(self, clip: NDArray, time: NDArray, ahead: int = 0) -> NDArray[np.int64]:
        """Rows of frames `time + ahead`, held at the clip's last frame."""
        return self.start[clip] + np.minimum(time + ahead, self.length[clip] - 1)


def build_reference(
    scene: Scene,
    priors: Sequence[Prior],
    *,
    feedforward: bool = True,
    hold: float = 0.0,
) -> Reference:
    """Precompute every frame of every prior by the simulator's own kinematics.

    Each clip's last frame is repeated for `hold` seconds, at rest.

    Raises ValueError naming the prior that is invalid or lacks a contact label.
    """
    _check_labels(scene, priors)
    longer = [held(prior, round(hold * prior.fps)) for prior in priors]
    clips = [_follow(scene, prior, feedforward=feedforward) for prior in longer]
    length = np.array([len(clip["qpos"]) for clip in clips])
    rows = {name: np.concatenate([clip[name] for clip in clips]) for name in clips[0]}
    limbs = Limbs(scene)
    return Reference(
        names=tuple(prior.name for prior in priors),
        start=np.concatenate([[0], np.cumsum(length)[:-1]]),
        length=length,
        frames=Frames(**{f: rows.pop(f).astype(np.float32) for f in _FRAMES}),
        reach=ReachTable(
            limbs.tracked, limbs.point_b, **{f: rows.pop(f) for f in _REACH}
        ),
        **rows,
    )


def held(prior: Prior, frames: int) -> Prior:
    """The prior with its last frame repeated `frames` times."""
    per_frame = (
        "joint_pos",
        "root_pos_w",
        "root_quat_w",
        "object_pos_w",
        "object_quat_w",
        "contact",
        "confidence",
    )
    rows = np.concatenate([np.arange(prior.num_frames), np.full(frames, -1)])
    return dataclasses.replace(prior, **{f: getattr(prior, f)[rows] for f in per_frame})


def generalized_motion(model: mujoco.MjModel, prior: Prior) -> tuple[Floats, Floats]:
    """Simulator positions `(T, nq)` and velocities `(T, nv)` of a prior.

    Velocities are central differences on the manifold, smoothed over 3 frames.
    """
    free = model.joint(OBJECT_JOINT)
    t = prior.num_frames
    qpos = np.zeros((t, model.nq))
    qpos[:, 0:3], qpos[:, 3:7] = prior.root_pos_w, prior.root_quat_w
    qpos[:, 7 : 7 + prior.joint_pos.shape[1]] = prior.joint_pos
    at = int(free.qposadr[0])
    qpos[:, at : at + 3], qpos[:, at + 3 : at + 7] = (
        prior.object_pos_w,
        prior.object_quat_w,
    )
    qvel = np.zeros((t, model.nv))
    for i in range(t):
        before, after = max(i - 1, 0), min(i + 1, t - 1)
        span = (after - before) / prior.fps
        mujoco.mj_differentiatePos(model, qvel[i], span, qpos[before], qpos[after])
    return qpos, gaussian_filter1d(qvel, 3.0, axis=0, mode="nearest")


def _check_labels(scene: Scene, priors: Sequence[Prior]) -> None:
    """ValueError naming the first prior that is invalid or lacks a contact label."""
    for prior in priors:
        prior.validate(scene.robot)
        for name in scene.contact_names:
            if name not in prior.contact_names:
                known = ", ".join(prior.contact_names)
                msg = f"prior '{prior.name}': no contact label '{name}', only {known}"
                raise ValueError(msg)


def _follow(scene: Scene, prior: Prior, *, feedforward: bool) -> dict[str, NDArray]:
    """Every column of one clip by name, from one pass over its frames."""
    qpos, qvel = generalized_motion(scene.model, prior)
    data, soles, limbs = mujoco.MjData(scene.model), Soles(scene), Limbs(scene)
    sensors, bear, balance, reach = [], [], [], []
    for q, v in zip(qpos, qvel, strict=True):
        data.qpos, data.qvel = q, v
        mujoco.mj_forward(scene.model, data)
        sensors.append(data.sensordata.copy())
        bear.append(soles.bear(data))
        balance.append(soles.offsets(data))
        reach.append(limbs.follow(data))
    joint_vel = qvel[:, 6 : 6 + scene.num_joints]
    offset = np.zeros_like(joint_vel)
    if feedforward:
        offset = target_offset(prior, scene.robot, joint_vel)
    columns = [prior.contact_names.index(name) for name in scene.contact_names]
    contact = prior.contact[:, columns].astype(float)
    weight = Reach().weight(contact[:, limbs.columns], 1.0 / prior.fps)
    sensed, object_quat = np.stack(sensors), qpos[:, -4:]
    return {
        "qpos": qpos,
        "qvel": qvel,
        "balance": np.stack(balance),
        "standing": np.stack(bear),
        **dict(zip(_REACH, map(np.stack, zip(*reach, strict=True)), strict=False)),
        "weight": weight.astype(np.float32),
        "joint_pos": qpos[:, 7 : 7 + scene.num_joints],
        "joint_vel": joint_vel,
        "offset": offset,
        **{f"body_{name}": scene.view(sensed, name) for name in _SENSED},
        "object_pos": qpos[:, -7:-4],
        "object_quat": object_quat,
        "object_lin_vel": qvel[:, -6:-3],
        "object_ang_vel": rotations.rotate(object_quat, qvel[:, -3:]),
        "contact": contact,
    }


_FRAMES = tuple(field.name for field in dataclasses.fields(Frames))
_REACH = ("joints", "goal_o", "velocity", "weight")
_SENSED = ("pos", "quat", "lin_vel", "ang_vel")
