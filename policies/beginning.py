"""Where a skill begins, for its contract: as in the clip that is most like the others.

Clips begin metres from the object and from different sides, so their mean would be no
place where anybody ever stood. One of them is taken whole: pose, object, size, goal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets import rotations
from envs.batch_env import BatchEnv
from envs.commands import command_table
from perception.prior import Prior
from policies.contract import Contract, Goal, Start

Floats = NDArray[np.floating]


def make_contract(env: BatchEnv, priors: Sequence[Prior]) -> Contract:
    """The contract of a hierarchy taught in `env`, which follows `priors`."""
    robot, reference = env.robot, env.reference
    starts = [_start(prior) for prior in priors]
    goals = [_goal(prior) for prior in priors]
    rows = [_features(*one) for one in zip(starts, goals, strict=True)]
    chosen = _middle(np.array(rows))
    table = command_table(reference, robot.num_joints)
    return Contract(
        robot=robot,
        object=env.variants.object(chosen),
        task=env.task.name,
        start=starts[chosen],
        goal=goals[chosen] if env.task.goal else None,
        initial_command=tuple(table[reference.start[chosen]].tolist()),
        action_scale=robot.action_scale,
        control_hz=env.task.control_hz,
        object_frame=robot.anchor_body,
        imu_frame=robot.root_body,
    )


def _start(prior: Prior) -> Start:
    """A clip's first frame, its heading taken as the world's x axis."""
    back = rotations.from_yaw(-rotations.yaw(prior.root_quat_w[0]))
    pos, quat = _seen(prior, prior.object_pos_w[0], prior.object_quat_w[0])
    return Start(
        joint_pos=tuple(prior.joint_pos[0].tolist()),
        root_height=float(prior.root_pos_w[0, 2]),
        root_quat_w=tuple(rotations.multiply(back, prior.root_quat_w[0]).tolist()),
        object_pos_w=pos,
        object_quat_w=quat,
    )


def _goal(prior: Prior) -> Goal:
    return Goal(*_seen(prior, prior.goal_pos_w, prior.goal_quat_w))


def _seen(
    prior: Prior, pos_w: Floats, quat_w: Floats
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A pose from the floor below the first root, x where the root looks."""
    back = rotations.from_yaw(-rotations.yaw(prior.root_quat_w[0]))
    pos = rotations.rotate(back, pos_w - prior.root_pos_w[0] * [1.0, 1.0, 0.0])
    return tuple(pos.tolist()), tuple(rotations.multiply(back, quat_w).tolist())


def _features(start: Start, goal: Goal) -> Floats:
    """What two beginnings are compared by: radians, metres, and turned axes."""
    turned = rotations.to_6d(np.array(start.object_quat_w))
    return np.concatenate([start.joint_pos, start.object_pos_w, turned, goal.pos_w])


def _middle(rows: Floats) -> int:
    """Index of the row `(K, D)` whose mean distance to the others is least."""
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=-1)
    return int(np.argmin(apart.sum(axis=1)))
