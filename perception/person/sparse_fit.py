"""Gauss-Newton over a whole clip: residual blocks in, one banded solve out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Floats = NDArray[np.floating]
Ints = NDArray[np.intp]


class ClipProblem:
    """Residuals over points `(T, P, 3)` and over values that a whole clip shares.

    Blocks are linearised at the current points; `step` returns the change that
    minimises the sum of squares. A block touches at most `reach` + 1 neighbouring
    frames, so the points' part of the normal matrix is banded and the cost linear in
    the clip's length; the shared values are eliminated by their Schur complement.
    """

    def __init__(
        self, frames: int, points: int, shared: int = 0, reach: int = 2
    ) -> None:
        self.shape = (frames, points, 3)
        self.shared = shared
        size = frames * points * 3
        self.band = min((reach + 1) * points * 3, size) - 1
        self._own = _Sum((self.band + 1, size))
        self._mixed = _Sum((size, shared))
        self._common = _Sum((shared, shared))
        self._slope = _Sum((size, 1))
        self._common_slope = _Sum((shared, 1))

    def add(
        self,
        residual: Floats,
        where: Ints,
        jacobian: Floats,
        shared_where: Ints | None = None,
        shared_jacobian: Floats | None = None,
    ) -> None:
        """Add residuals `(N,)` whose derivatives `(N, M)` stand at columns `where`.

        A column is `(frame * P + point) * 3 + axis`; see `columns`. Derivatives by
        shared values `(N, S)` stand at `shared_where (N, S)`.
        """
        self._slope.add(where, 0, jacobian * residual[:, None])
        row, column = where[:, :, None], where[:, None, :]
        product = jacobian[:, :, None] * jacobian[:, None, :] * (row <= column)
        self._own.add(self.band - np.abs(column - row), column, product)
        if shared_where is None or shared_jacobian is None:
            return
        product = jacobian[:, :, None] * shared_jacobian[:, None, :]
        self._mixed.add(where[:, :, None], shared_where[:, None, :], product)
        self.add_shared(residual, shared_where, shared_jacobian)

    def add_shared(self, residual: Floats, where: Ints, jacobian: Floats) -> None:
        """Add residuals `(N,)` that depend on shared values alone, as in `add`."""
        product = jacobian[:, :, None] * jacobian[:, None, :]
        self._common.add(where[:, :, None], where[:, None, :], product)
        self._common_slope.add(where, 0, jacobian * residual[:, None])

    def columns(self, frame: Ints, point: Ints) -> Ints:
        """Columns `(N, 3)` of the coordinates of `point` in `frame`, both `(N,)`."""
        first = (frame * self.shape[1] + point) * 3
        return first[:, None] + np.arange(3)

    def step(self, damping: float = 1e-6) -> tuple[Floats, Floats]:
        """The Gauss-Newton step for everything added so far.

        Returns the changes `(T, P, 3)` of the points and `(S,)` of the shared values.
        """
        matrix, mixed = self._own.total(), self._mixed.total()
        matrix[self.band] += damping
        right = np.concatenate([-self._slope.total(), mixed], axis=1)
        solved = solveh_banded(matrix, right, overwrite_ab=True, check_finite=False)
        common = self._common.total() - mixed.T @ solved[:, 1:]
        slope = -self._common_slope.total()[:, 0] - mixed.T @ solved[:, 0]
        shared = np.linalg.solve(common + damping * np.eye(self.shared), slope)
        change = solved[:, 0] - solved[:, 1:] @ shared
        return change.reshape(self.shape), shared


class _Sum:
    """A matrix given as a heap of entries to be added up."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._where: list[Ints] = []
        self._values: list[Floats] = []

    def add(self, row: Ints, column: Ints | int, values: Floats) -> None:
        """Put `values` at `row` and `column`, both broadcast to their shape."""
        where = row * self.shape[1] + column
        self._where.append(np.broadcast_to(where, values.shape).ravel())
        self._values.append(values.ravel())

    def total(self) -> Floats:
        """All that was added, as one dense matrix."""
        size = self.shape[0] * self.shape[1]
        if not self._where:
            return np.zeros(self.shape)
        where, values = np.concatenate(self._where), np.concatenate(self._values)
        total = np.bincount(where, values, size)
        return np.asarray(total, float).reshape(self.shape)


def huber(residual: Floats, limit: float) -> Floats:
    """Square-root weights that turn squares into Huber's loss beyond `limit`."""
    size = np.maximum(np.abs(residual), 1e-12)
    return np.sqrt(np.minimum(1.0, limit / size))


def geman_mcclure(residual: Floats, limit: Floats | float) -> Floats:
    """Square-root weights of Geman and McClure's loss, flat far beyond `limit`."""
    return 1.0 / (1.0 + (residual / limit) ** 2)
