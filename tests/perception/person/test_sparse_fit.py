import numpy as np

from perception.person.sparse_fit import ClipProblem, geman_mcclure, huber


def test_one_step_solves_a_linear_problem():
    rng = np.random.default_rng(0)
    problem = ClipProblem(6, 2)
    truth = rng.normal(size=(6, 2, 3))
    now = rng.normal(size=(6, 2, 3))
    frame, point = (a.ravel() for a in np.indices((6, 2)))
    where = problem.columns(frame, point)
    off = (now - truth).reshape(-1, 3)
    for axis in range(3):
        problem.add(off[:, axis], where[:, [axis]], np.ones((12, 1)))
    np.testing.assert_allclose(now + problem.step()[0], truth, atol=1e-5)


def test_coupled_frames_match_a_dense_solve():
    rng = np.random.default_rng(1)
    problem = ClipProblem(5, 1)
    dense, residuals = [], []
    for _ in range(40):
        first = rng.integers(0, 3)
        where = np.sort(rng.choice(np.arange(3 * first, 3 * first + 9), 4, False))
        row, residual = rng.normal(size=4), rng.normal()
        problem.add(np.array([residual]), where[None], row[None])
        full = np.zeros(15)
        full[where] = row
        dense.append(full)
        residuals.append(residual)
    best, *_ = np.linalg.lstsq(np.array(dense), -np.array(residuals), rcond=None)
    np.testing.assert_allclose(problem.step(1e-12)[0].ravel(), best, atol=1e-6)


def test_huber_leaves_small_residuals_alone_and_bounds_the_pull_of_large_ones():
    residual = np.array([0.0, 0.5, 1.0, 4.0, 100.0])
    pull = huber(residual, 1.0) ** 2 * residual
    np.testing.assert_allclose(pull, [0.0, 0.5, 1.0, 1.0, 1.0])


def test_shared_values_are_solved_together_with_the_points():
    rng = np.random.default_rng(2)
    problem = ClipProblem(5, 1, shared=2)
    dense, residuals = [], []
    for _ in range(60):
        first = rng.integers(0, 3)
        where = rng.choice(np.arange(3 * first, 3 * first + 9), 4, False)
        row, common, residual = rng.normal(size=4), rng.normal(size=2), rng.normal()
        problem.add(
            np.array([residual]),
            where[None],
            row[None],
            np.array([[0, 1]]),
            common[None],
        )
        full = np.zeros(17)
        full[where], full[15:] = row, common
        dense.append(full)
        residuals.append(residual)
    problem.add_shared(np.array([0.3]), np.array([[1]]), np.array([[2.0]]))
    dense.append(2.0 * np.eye(17)[16])
    residuals.append(0.3)
    best, *_ = np.linalg.lstsq(np.array(dense), -np.array(residuals), rcond=None)
    points, shared = problem.step(1e-12)
    np.testing.assert_allclose(points.ravel(), best[:15], atol=1e-6)
    np.testing.assert_allclose(shared, best[15:], atol=1e-6)


def test_geman_mcclure_forgets_what_lies_far_off():
    residual = np.array([0.0, 1.0, 5.0, 100.0])
    pull = geman_mcclure(residual, 2.0) ** 2 * residual
    assert pull[1] > 0.5
    assert pull[3] < 1e-3
