import dataclasses

import numpy as np
import pytest

from assets import rotations
from envs.terminations import SUGAR, evaluate
from tests.envs.steps import ANCHOR, N, frames_of, motion, step

NAMES = [row.name for row in SUGAR]


@pytest.fixture
def now():
    """An upright robot."""
    state = motion(np.random.default_rng(0))
    upright = np.zeros_like(state.body_quat)
    upright[..., 0] = 1.0
    return dataclasses.replace(state, body_quat=upright)


def shifted(now, field, index, amount):
    values = getattr(now, field).copy()
    values[0][index] += amount
    return dataclasses.replace(now, **{field: values})


def tilted(now, angle):
    quats = now.body_quat.copy()
    quats[0, ANCHOR] = rotations.exp(np.array([angle, 0.0, 0.0]))
    return dataclasses.replace(now, body_quat=quats)


def object_turned(now, angle):
    quats = now.object_quat.copy()
    turn = rotations.exp(np.array([0.0, angle, 0.0]))
    quats[0] = rotations.multiply(quats[0], turn)
    return dataclasses.replace(now, object_quat=quats)


def faster(now, speed):
    vel = now.joint_vel.copy()
    vel[0, 3] = -speed
    return dataclasses.replace(now, joint_vel=vel)


CASES = {
    "exploded": (faster, 100.0),
    "anchor_tilt": (tilted, np.arccos(0.2)),
    "anchor_position": (
        lambda now, a: shifted(now, "body_pos", (ANCHOR, 0), a),
        0.3,
    ),
    "end_effector": (lambda now, a: shifted(now, "body_pos", (4, 2), a), 0.3),
    "object_position": (lambda now, a: shifted(now, "object_pos", 1, a), 0.3),
    "object_orientation": (object_turned, 0.8),
}


def test_every_row_has_a_case():
    assert list(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_ends_just_beyond_its_limit(now, name):
    spoil, limit = CASES[name]
    ref = frames_of(now)
    assert (evaluate(SUGAR, step(spoil(now, 0.99 * limit), ref)) == -1).all()
    over = evaluate(SUGAR, step(spoil(now, 1.01 * limit), ref))
    assert over[0] == NAMES.index(name)
    assert (over[1:] == -1).all()


@pytest.mark.parametrize(
    "field", "joint_vel body_pos body_quat object_pos object_quat".split()
)
def test_what_is_not_a_number_ends_the_episode(now, field):
    values = getattr(now, field).copy()
    values[1] = np.nan
    broken = dataclasses.replace(now, **{field: values})
    cause = evaluate(SUGAR, step(broken, frames_of(now)))
    assert cause[1] >= 0
    assert (np.delete(cause, 1) == -1).all()


def test_the_first_row_of_several_is_the_cause(now):
    ref = frames_of(now)
    both = faster(shifted(now, "object_pos", 0, 1.0), 500.0)
    assert evaluate(SUGAR, step(both, ref))[0] == NAMES.index("exploded")
    last = len(NAMES) - 1 - NAMES.index("object_position")
    assert evaluate(SUGAR[::-1], step(both, ref))[0] == last


def test_without_rows_nothing_ends(now):
    np.testing.assert_array_equal(
        evaluate((), step(now, frames_of(now))), np.full(N, -1)
    )
