import dataclasses

import numpy as np
import pytest

from deploy.control.guards import Limits
from deploy.control.safety import Mode, Safety

DT = 0.02


@pytest.fixture
def running(robot, make_state):
    """Safety past its blend at t = 0.4, and the time of the next cycle."""
    safety, now = Safety(robot, Limits(stand_time=0.1)), 0.0
    home = robot.array("default_pos")
    safety.stand(make_state(), now, home)
    while safety.mode is not Mode.RUN:
        state = make_state(stamp=now, object_stamp=now, imu_gyro_b=np.full(3, now))
        if safety.standing(now):
            safety.activate(state, now)
        assert safety.check(state, now), safety.reason
        safety.step(state, home, now)
        now += DT
    return safety, now


def is_damping(command, robot):
    return not command.kp.any() and np.array_equal(command.kd, robot.array("kd"))


def is_finite(command):
    return all(np.isfinite(v).all() for v in dataclasses.astuple(command))


FAULTS = {
    "no state": (lambda s: None, "no state"),
    "short": (lambda s: dataclasses.replace(s, joint_pos=np.zeros(28)), "shape"),
    "nan position": (
        lambda s: dataclasses.replace(s, joint_pos=s.joint_pos * np.nan),
        "joint_pos is not finite",
    ),
    "nan object": (
        lambda s: dataclasses.replace(s, object_pos_b=np.full(3, np.nan)),
        "object pose is not finite",
    ),
    "infinite gyro": (
        lambda s: dataclasses.replace(s, imu_gyro_b=np.array([0, np.inf, 0])),
        "imu_gyro_b",
    ),
    "zero quaternion": (
        lambda s: dataclasses.replace(s, imu_quat_w=np.zeros(4)),
        "norm",
    ),
    "stale": (lambda s: dataclasses.replace(s, stamp=s.stamp - 0.2), "old"),
    "stale object": (
        lambda s: dataclasses.replace(s, object_stamp=s.stamp - 0.6),
        "object pose is 0.6",
    ),
    "from the future": (
        lambda s: dataclasses.replace(s, stamp=s.stamp + 5.0),
        "future",
    ),
    "tilted": (
        lambda s: dataclasses.replace(s, imu_quat_w=np.array([0.6, 0.8, 0.0, 0.0])),
        "tilted",
    ),
    "joints in another order": (
        lambda s: dataclasses.replace(s, joint_pos=np.roll(s.joint_pos, 3) + 1.0),
        "outside its range",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_bad_state_ends_in_latched_damping(name, running, robot, make_state):
    safety, now = running
    spoil, reason = FAULTS[name]
    good = make_state(stamp=now, object_stamp=now)
    assert not safety.check(spoil(good), now)
    assert is_damping(safety.step(spoil(good), None, now), robot)
    assert safety.mode is Mode.FAULT
    assert reason in safety.reason
    assert not safety.check(good, now + DT)
    home = robot.array("default_pos")
    assert is_damping(safety.step(good, home, now + DT), robot)
    with pytest.raises(ValueError, match="fault"):
        safety.stand(good, now, home)
    first = safety.reason
    safety.fault("another reason")
    safety.damp("on purpose")
    assert (safety.mode, safety.reason) == (Mode.FAULT, first)
    safety.reset()
    assert (safety.mode, safety.reason) == (Mode.IDLE, "")


@pytest.mark.parametrize("jump", [-0.01, 0.5, 1e6])
def test_a_clock_that_jumps_is_a_fault(jump, running, make_state):
    safety, now = running
    then = now - DT + jump
    assert not safety.check(make_state(stamp=then, object_stamp=then), then)
    assert "clock" in safety.reason


def test_a_frozen_state_is_a_fault_within_100_ms(running, robot, make_state):
    safety, now = running
    begin = now
    while safety.mode is Mode.RUN and now < begin + 1.0:
        state = make_state(stamp=now, object_stamp=now)
        if safety.check(state, now):
            safety.step(state, robot.array("default_pos"), now)
        now += DT
    assert "frozen" in safety.reason
    assert now - begin <= 0.1 + 2 * DT


def test_divergence_is_a_fault_only_if_it_lasts(running, robot, make_state):
    safety, now = running
    speeds = [50.0] * 3 + [0.1] + [50.0] * 10
    cycle, pose, before = 0, robot.array("default_pos").copy(), 0.0
    for cycle, speed in enumerate(speeds):
        velocity = np.zeros(29)
        velocity[3] = (-1.0) ** cycle * speed
        pose[3] += 0.5 * (before + velocity[3]) * DT
        before, gyro = velocity[3], np.full(3, now)
        changes = {"joint_pos": pose.copy(), "joint_vel": velocity, "imu_gyro_b": gyro}
        state = make_state(stamp=now, object_stamp=now, **changes)
        if not safety.check(state, now):
            break
        safety.step(state, robot.array("default_pos"), now)
        now += DT
    assert cycle == 8
    assert "left_knee_joint" in safety.reason


def test_a_joint_that_is_not_where_its_speed_led_is_a_fault(running, robot, make_state):
    safety, now = running
    pose = robot.array("default_pos").copy()
    pose[3] += 0.4
    state = make_state(stamp=now, object_stamp=now, joint_pos=pose)
    assert not safety.check(state, now)
    assert "left_knee_joint jumped by 0.40 rad" in safety.reason


def test_a_fall_is_seen_before_the_robot_lies(running, robot, make_state):
    """Tipping over at 3 rad/s is a fault below the tilt limit; leaning is not."""
    for rate, expected in ((3.0, "falling"), (0.0, "")):
        safety, now = running
        safety.reset()
        safety.stand(make_state(stamp=now), now, robot.array("default_pos"))
        lean = 0.65 + 1e-3
        for _ in range(8):
            quat = np.array([np.cos(lean / 2), 0.0, np.sin(lean / 2), 0.0])
            gyro = np.array([0.0, rate, 0.0])
            state = make_state(stamp=now, imu_quat_w=quat, imu_gyro_b=gyro)
            if not safety.check(state, now):
                break
            safety.step(state, None, now)
            lean, now = lean + rate * DT, now + DT
        assert safety.reason.startswith(expected)
        assert lean < 1.2
        assert bool(safety.reason) == bool(expected)


@pytest.mark.parametrize("bad", [np.full(29, np.nan), np.zeros(28), None])
def test_a_policy_that_gives_nonsense_is_a_fault(bad, running, robot, make_state):
    safety, now = running
    state = make_state(stamp=now, object_stamp=now)
    assert safety.check(state, now)
    assert is_damping(safety.step(state, bad, now), robot)
    assert safety.mode is Mode.FAULT
    assert "policy" in safety.reason


def test_whatever_comes_in_only_bounded_commands_go_out(running, robot, make_state):
    safety, now = running
    rng = np.random.default_rng(0)
    reach = robot.array("effort") / robot.array("kp")
    low = robot.array("lower") - 0.25 * reach
    high = robot.array("upper") + 0.25 * reach
    for cycle in range(3000):
        if cycle % 20 == 0 and safety.mode is Mode.FAULT:
            safety.reset()
            safety.stand(make_state(stamp=now), now, robot.array("default_pos"))
        wild = rng.normal(size=29) * 10.0 ** rng.integers(-3, 6)
        state = make_state(
            stamp=now - rng.choice([0.0, 0.0, 0.0, 0.0, 0.3]),
            object_stamp=now,
            joint_vel=rng.normal(size=29) * rng.choice([1.0, 20.0]),
        )
        if rng.random() < 0.01:
            wild[rng.integers(29)] = rng.choice([np.nan, np.inf])
        if safety.standing(now) and safety.mode is Mode.STAND:
            try:
                safety.activate(state, now)
            except ValueError:
                safety.fault("not activated")
        safety.check(state, now)
        command = safety.step(state, wild, now)
        assert is_finite(command)
        assert ((command.q >= low) & (command.q <= high)).all()
        assert is_damping(command, robot) == (safety.mode is Mode.FAULT)
        now += DT


def test_targets_ask_for_no_more_torque_than_there_is(running, robot, make_state):
    safety, now = running
    velocity = np.linspace(-2.0, 2.0, 29)
    state = make_state(stamp=now, object_stamp=now, joint_vel=velocity)
    kp, kd, effort = (robot.array(n) for n in ("kp", "kd", "effort"))
    for sign in (-1.0, 1.0):
        command = safety.step(state, sign * np.full(29, 100.0), now)
        torque = kp * (command.q - state.joint_pos) - kd * velocity
        assert (np.abs(torque) <= effort + 1e-9).all()


def test_blend_begins_at_the_pose_held_and_ends_at_the_policy(robot, make_state):
    safety = Safety(robot, Limits(blend_time=0.2))
    home = robot.array("default_pos")
    target = home + 0.05
    safety.stand(make_state(), 0.0, home)
    safety.activate(make_state(), 0.0)
    moved = []
    for now in np.arange(0.0, 0.3, DT):
        command = safety.step(make_state(stamp=now, object_stamp=now), target, now)
        moved.append((command.q - home).mean())
    assert moved[0] == pytest.approx(0.0)
    assert moved[5] == pytest.approx(0.025)
    assert moved[-1] == pytest.approx(0.05)
    assert (np.diff(moved) >= -1e-12).all()
    assert safety.mode is Mode.RUN
    assert safety.clamped == 0


def test_activation_needs_a_robot_that_stands_and_sees(robot, make_state):
    safety = Safety(robot, Limits())
    with pytest.raises(ValueError, match="stand first"):
        safety.activate(make_state(), 0.0)
    safety.stand(make_state(), 0.0, robot.array("default_pos"))
    with pytest.raises(ValueError, match="no object pose"):
        safety.activate(make_state(object_stamp=-np.inf), 0.0)
    with pytest.raises(ValueError, match="old"):
        safety.activate(make_state(), 1.0)
    assert safety.mode is Mode.STAND


def test_idle_and_released_robots_are_damped(robot, make_state):
    safety = Safety(robot)
    state, home = make_state(), robot.array("default_pos")
    assert is_damping(safety.step(state, home, 0.0), robot)
    safety.stand(state, 0.0, home)
    assert not is_damping(safety.step(state, None, 0.0), robot)
    safety.damp("enough")
    assert is_damping(safety.step(state, home, 0.0), robot)
    assert (safety.mode, safety.reason) == (Mode.DAMP, "enough")
