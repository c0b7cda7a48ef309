import numpy as np

from envs.success import lift_success, longest_run

DT = 0.02
T = 200


def lifted(steps: int, gain: float = 0.3) -> np.ndarray:
    height = np.full(T, 0.25)
    height[50 : 50 + steps] += gain
    return height


def test_held_for_a_second_by_a_standing_robot():
    tall, up = np.full(T, 0.75), np.ones(T)
    assert lift_success(lifted(50), tall, up, DT)
    assert not lift_success(lifted(49), tall, up, DT)
    assert not lift_success(lifted(50, gain=0.25), tall, up, DT)


def test_only_standing_counts():
    up = np.ones(T)
    kneeling = np.full(T, 0.75)
    kneeling[80:] = 0.4
    assert not lift_success(lifted(100), kneeling, up, DT)
    fallen = np.ones(T)
    fallen[-1] = 0.0
    assert not lift_success(lifted(100), np.full(T, 0.75), fallen, DT)


def test_values_that_are_not_finite_never_count():
    height = lifted(60)
    height[75] = np.nan
    assert not lift_success(height, np.full(T, 0.75), np.ones(T), DT)
    assert not lift_success(np.array([]), np.array([]), np.array([]), DT)


def test_longest_run_counts_runs_at_both_ends():
    assert longest_run([]) == 0
    assert longest_run([False]) == 0
    assert longest_run([True, True, False, True]) == 2
    assert longest_run([True, False, True, True, True]) == 3
