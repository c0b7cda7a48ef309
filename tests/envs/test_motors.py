import numpy as np
import pytest

from assets.g1.spec import g1
from envs.batch_env import BatchEnv
from envs.motors import Motors, TargetLimits
from envs.state_pool import PoolSettings

FROM_START = PoolSettings(start_share=1.0, seed_reference=False)
ENDLESS = 1e9


def limits(**changes) -> TargetLimits:
    free = {"slew_period": ENDLESS, "torque_budget": ENDLESS, "overtravel": ENDLESS}
    return TargetLimits(**{**free, **changes})


@pytest.fixture
def robot():
    return g1()


@pytest.fixture
def joints(robot):
    """Mid-range places, speeds and a wish far above all of them, two rows each."""
    middle = (robot.array("lower") + robot.array("upper")) / 2
    pos = np.tile(middle, (2, 1))
    return pos, np.full_like(pos, 0.3), pos + 50.0


def test_a_target_moves_no_faster_than_the_motor(robot, joints):
    pos, vel, wish = joints
    got = Motors(robot, limits(slew_period=0.02)).clamp(wish, pos + 0.1, pos, vel)
    np.testing.assert_allclose(got, pos + 0.1 + 0.02 * robot.array("velocity"))


def test_a_target_asks_for_no_more_than_its_share_of_the_effort(robot, joints):
    pos, vel, wish = joints
    got = Motors(robot, limits(torque_budget=0.9)).clamp(wish, wish, pos, vel)
    torque = robot.array("kp") * (got - pos) - robot.array("kd") * vel
    np.testing.assert_allclose(torque, np.tile(0.9 * robot.array("effort"), (2, 1)))


@pytest.mark.parametrize(("sign", "end"), [(1.0, "upper"), (-1.0, "lower")])
def test_the_range_holds_last(robot, joints, sign, end):
    pos, vel, _ = joints
    wish, sent = pos + 50.0 * sign, pos - 50.0 * sign
    got = Motors(robot, TargetLimits(0.02, 0.9, 0.1)).clamp(wish, sent, wish, vel)
    kept = Motors(robot, limits(overtravel=0.1)).clamp(wish, sent, pos, vel)
    over = 0.1 * robot.array("effort") / robot.array("kp")
    np.testing.assert_allclose(kept, np.tile(robot.array(end) + sign * over, (2, 1)))
    assert (got <= robot.array("upper") + over + 1e-9).all()
    assert (got >= robot.array("lower") - over - 1e-9).all()


def test_a_wish_within_all_limits_is_sent_as_it_is(robot, joints):
    pos, vel, _ = joints
    wish = pos + 1e-3
    got = Motors(robot, TargetLimits()).clamp(wish, pos, pos, 0.0 * vel)
    np.testing.assert_array_equal(got, wish)


def test_a_batch_is_driven_by_clamped_targets(task, robot, short_prior):
    options = {"threads": 1, "seed": 0, "pool": FROM_START}
    env = BatchEnv(task, robot, [short_prior], 3, **options)
    env.reset()
    step = 0.02 * robot.array("velocity")
    for sign in (1.0, -1.0, 1.0):
        before = env.sent.copy()
        env.step(np.full((3, 29), 4.0 * sign, np.float32))
        assert (np.abs(env.sent - before) <= step + 1e-6).all()
        np.testing.assert_array_equal(env.batch.ctrl[:, :29], env.sent)


def test_a_batch_without_limits_goes_where_it_is_told(task, robot, short_prior):
    options = {"threads": 1, "seed": 0, "pool": FROM_START}
    ends = []
    for kept in (TargetLimits(), limits()):
        env = BatchEnv(task, robot, [short_prior], 1, limits=kept, **options)
        env.reset()
        env.step(np.full((1, 29), 4.0, np.float32))
        ends.append(env.sent.copy())
    assert (ends[1] > ends[0] + 0.01).any()
