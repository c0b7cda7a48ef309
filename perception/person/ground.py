"""What the ground demands of a person: feet that stand, balance, knees that bend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception.person.skeleton import (
    BONES,
    FEET,
    KIND,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_TOE,
    L_WRIST,
    R_ANKLE,
    R_ELBOW,
    R_HIP,
    R_KNEE,
    R_SHOULDER,
    R_TOE,
    R_WRIST,
    REST_HEIGHT_M,
)
from perception.person.sparse_fit import ClipProblem, geman_mcclure, huber
from perception.person.terms import FLOOR_COLUMNS, Body, rate

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

FLOOR_SIGMA_M = 0.015
STILL_SIGMA_M_S, STILL_LIMIT = 0.05, 4.0
HIDDEN_LIMIT, GOING_M_S = 5.0, 0.4
BALANCE_SIGMA_M, BALANCE_LIMIT = 0.06, 2.5
HINGE_SIGMA_M = 0.01
MIRROR_SIGMA_M = 0.12
ARM_SIGMA, ARM_LIMIT = (0.6, 1.0), 1.5
"""How far upper arms and forearms are from hanging, as shares of their lengths."""
ROLL_SIGMA, PITCH, PITCH_SIGMA = 0.03, -0.12, 0.15
UP_SIGMA = 0.01
"""Of up as the scene's upright lines show it."""
CAMERA_HEIGHT_M, CAMERA_HEIGHT_SIGMA_M = 1.3, 0.5
ARMS = tuple(
    [list(map(tuple, BONES)).index(bone) for bone in bones]
    for bones in (
        ((L_SHOULDER, L_ELBOW), (R_SHOULDER, R_ELBOW)),
        ((L_ELBOW, L_WRIST), (R_ELBOW, R_WRIST)),
    )
)
"""Upper arms and forearms among `BONES`, left and right."""
REST = np.array([REST_HEIGHT_M[foot] for foot in FEET])


def _masses() -> Floats:
    """Shares of a person's mass that hang on each joint; Winter (2009), table 4.1."""
    share = np.zeros(14)
    segments = [
        (0.578, 0.66, [L_HIP, R_HIP], [L_SHOULDER, R_SHOULDER]),
        *((0.100, 0.433, [h], [k]) for h, k in ((L_HIP, L_KNEE), (R_HIP, R_KNEE))),
        *((0.0465, 0.433, [k], [a]) for k, a in ((L_KNEE, L_ANKLE), (R_KNEE, R_ANKLE))),
        *((0.0145, 0.5, [a], [t]) for a, t in ((L_ANKLE, L_TOE), (R_ANKLE, R_TOE))),
        *(
            (0.028, 0.436, [s], [e])
            for s, e in ((L_SHOULDER, L_ELBOW), (R_SHOULDER, R_ELBOW))
        ),
        *(
            (0.022, 0.682, [e], [w])
            for e, w in ((L_ELBOW, L_WRIST), (R_ELBOW, R_WRIST))
        ),
    ]
    for mass, along, near, far in segments:
        share[near] += mass * (1.0 - along) / len(near)
        share[far] += mass * along / len(far)
    return share / share.sum()


MASSES = _masses()


def add_floor(problem: ClipProblem, body: Body, planted: Bools, fps: float) -> None:
    """Feet stay over the floor, and those that stand neither hover nor sink."""
    feet = np.array(FEET)
    off = body.floor.height(body.joints[:, feet]) - REST
    frame, foot = np.nonzero(planted | (off < 0))
    weight = np.where(planted, 1.0, 0.5)[frame, foot] / FLOOR_SIGMA_M * rate(fps)
    points = body.joints[frame, feet[foot]]
    tilt = np.stack([points[:, 0], points[:, 2], np.ones(len(frame))], axis=1)
    problem.add(
        off[frame, foot] * weight,
        problem.columns(frame, feet[foot]),
        weight[:, None] * body.floor.up_c,
        np.tile(FLOOR_COLUMNS, (len(frame), 1)),
        tilt * weight[:, None],
    )


def add_still_feet(
    problem: ClipProblem, joints: Floats, doubt: Floats, fps: float
) -> None:
    """Feet either stand still or step: slow ones are held, fast ones let go.

    A foot that little is seen of, by `doubt (T, 14)` from 0 to 1, steps only with a
    person who goes somewhere.
    """
    feet = np.array(FEET)
    speed = (joints[1:, feet] - joints[:-1, feet]) * fps
    frame, foot = (a.ravel() for a in np.indices(speed.shape[:2]))
    size = np.linalg.norm(speed, axis=-1).ravel() / STILL_SIGMA_M_S
    pelvis = joints[:, [L_HIP, R_HIP]].mean(axis=1)
    going = np.linalg.norm(np.diff(pelvis, axis=0), axis=-1) * fps / GOING_M_S
    stays = doubt[1:, feet] * np.exp(-(going**2))[:, None]
    limit = STILL_LIMIT * (1.0 + HIDDEN_LIMIT * stays.ravel())
    weight = rate(fps) / STILL_SIGMA_M_S * geman_mcclure(size, limit)
    now = problem.columns(frame, feet[foot])
    after = problem.columns(frame + 1, feet[foot])
    pattern = fps * np.stack([-weight, weight], axis=1)
    for axis in range(3):
        where = np.stack([now[:, axis], after[:, axis]], axis=1)
        problem.add(speed[..., axis].ravel() * weight, where, pattern)


def add_balance(problem: ClipProblem, body: Body, fps: float, slack: float) -> None:
    """Who neither sits nor hurries has the centre of mass over the feet."""
    share = MASSES.copy()
    share[list(FEET)] -= 0.25
    t = len(body.joints)
    lever = np.einsum("j,tjc->tc", share, body.joints)
    up = body.floor.up_c
    across = np.eye(3) - np.outer(up, up)
    off = lever @ across
    rise = lever @ up
    size = np.linalg.norm(off, axis=1) / BALANCE_SIGMA_M
    weight = rate(fps) / BALANCE_SIGMA_M * geman_mcclure(size, BALANCE_LIMIT * slack)
    weight *= on_feet(body.joints, up)
    frame = np.arange(t)
    points = frame[:, None] * 14 + np.arange(14)
    for axis, tilt in ((0, 0), (2, 1)):
        level = weight[:, None] * across[axis, axis]
        problem.add(
            off[:, axis] * weight,
            points * 3 + axis,
            level * share,
            np.full((t, 1), FLOOR_COLUMNS[tilt]),
            -(rise * weight)[:, None],
        )


def on_feet(joints: Floats, up: Floats) -> Floats:
    """How far a person's pose, `(T,)` from 0 to 1, rules out that they sit.

    Who sits has level thighs and an upright trunk.
    """
    thigh = joints[:, [L_HIP, R_HIP]] - joints[:, [L_KNEE, R_KNEE]]
    trunk = joints[:, [L_SHOULDER, R_SHOULDER]] - joints[:, [L_HIP, R_HIP]]
    steep, lean = (_rise(v.mean(axis=1), up) for v in (thigh, trunk))
    return np.clip(np.maximum((steep - 0.3) / 0.4, (0.85 - lean) / 0.2), 0.0, 1.0)


def _rise(vectors: Floats, up: Floats) -> Floats:
    return vectors @ up / np.maximum(np.linalg.norm(vectors, axis=-1), 1e-6)


def add_knees(problem: ClipProblem, joints: Floats, fps: float) -> None:
    """Knees do not bend backward, seen from where the foot points."""
    for hip, knee, ankle, toe in (
        (L_HIP, L_KNEE, L_ANKLE, L_TOE),
        (R_HIP, R_KNEE, R_ANKLE, R_TOE),
    ):
        line = joints[:, hip] - joints[:, ankle]
        line /= np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-6)
        front = joints[:, toe] - joints[:, ankle]
        front -= (front * line).sum(axis=-1, keepdims=True) * line
        front /= np.maximum(np.linalg.norm(front, axis=-1, keepdims=True), 1e-6)
        bend = joints[:, knee] - (joints[:, hip] + joints[:, ankle]) / 2
        off = (bend * front).sum(axis=-1)
        frame = np.flatnonzero(off < 0)
        weight = rate(fps) / HINGE_SIGMA_M
        pattern = np.array([1.0, -0.5, -0.5])[None, :, None] * front[frame, None]
        where = np.concatenate(
            [
                problem.columns(frame, np.full(len(frame), j))
                for j in (knee, hip, ankle)
            ],
            axis=1,
        )
        problem.add(off[frame] * weight, where, pattern.reshape(-1, 9) * weight)


def add_mirrored_legs(
    problem: ClipProblem, joints: Floats, doubt: Floats, fps: float
) -> None:
    """Legs that are hidden mirror those that are seen, about the pelvis.

    `doubt (T, 14)`, from 0 to 1, says how little is seen of a joint.
    """
    across = joints[:, L_HIP] - joints[:, R_HIP]
    across = across / np.linalg.norm(across, axis=-1, keepdims=True)
    middle = (joints[:, L_HIP] + joints[:, R_HIP]) / 2
    for left in (L_KNEE, L_ANKLE, L_TOE):
        for here, there in ((left, left + 1), (left + 1, left)):
            believed = doubt[:, here] * (1.0 - doubt[:, there])
            frame = np.flatnonzero(believed > 0.1)
            reach = joints[frame, there] - middle[frame]
            beside = (reach * across[frame]).sum(axis=1, keepdims=True)
            off = joints[frame, here] - joints[frame, there]
            off += 2 * beside * across[frame]
            weight = rate(fps) * believed[frame] / MIRROR_SIGMA_M
            where = problem.columns(frame, np.full(len(frame), here))
            for axis in range(3):
                problem.add(off[:, axis] * weight, where[:, [axis]], weight[:, None])


def add_hanging_arms(problem: ClipProblem, body: Body, fps: float) -> None:
    """Arms hang, unless they are seen raised: to hold them costs strength.

    An arm's depth is what landmarks in space know least; where they err, they err to
    the side that shows in the picture no better than the other.
    """
    frame = np.arange(len(body.joints))
    for bone, sigma in zip(ARMS, ARM_SIGMA, strict=True):
        for index in bone:
            parent, child = (np.full(len(frame), joint) for joint in BONES[index])
            length = body.lengths[KIND[index]]
            off = body.joints[:, child[0]] - body.joints[:, parent[0]]
            off = (off + length * body.floor.up_c) / (sigma * length)
            pull = huber(np.linalg.norm(off, axis=1), ARM_LIMIT) * rate(fps)
            weight = pull / (sigma * length)
            near, far = (problem.columns(frame, joint) for joint in (parent, child))
            pair = np.stack([-weight, weight], axis=1)
            for axis in range(3):
                where = np.stack([near[:, axis], far[:, axis]], axis=1)
                problem.add(off[:, axis] * pull, where, pair)


def add_level(
    problem: ClipProblem, body: Body, looks: float, up_c: Floats | None = None
) -> None:
    """Up is as the scene shows it, or the camera is held as most are.

    People hold cameras nearly level, looking down a little, at breast height.
    """
    floor = body.floor
    expected = np.array([0.0, PITCH]) if up_c is None else up_c[[0, 2]]
    tilt = [ROLL_SIGMA, PITCH_SIGMA] if up_c is None else [UP_SIGMA, UP_SIGMA]
    off = np.array(
        [
            floor.up_c[0] - expected[0],
            floor.up_c[2] - expected[1],
            floor.camera_height - CAMERA_HEIGHT_M,
        ]
    )
    spread = np.array([*tilt, CAMERA_HEIGHT_SIGMA_M])
    weight = np.sqrt(looks) / spread
    problem.add_shared(off * weight, FLOOR_COLUMNS[:, None], weight[:, None])


def hold_floor(problem: ClipProblem) -> None:
    """The floor is known: it does not move."""
    problem.add_shared(np.zeros(3), FLOOR_COLUMNS[:, None], np.full((3, 1), 1e6))
