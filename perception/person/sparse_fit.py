"""Gauss-Newton over a whole clip: residual blocks in, one banded solve out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import solveh_banded

Floats = NDArray[np.floating]
Ints = NDArray[np.intp]


class ClipProblem:
    """Residuals over points `(T, P, 3)`, each touching at most `reach` + 1 frames.

    Blocks are linearised at the current points; `step` returns the change that
    minimises the sum of squares. The normal matrix is banded because a block's frames
    lie close together, so the cost is linear in the clip's length.
    """

    def __init__(self, frames: int, points: int, reach: int = 2) -> None:
        self.shape = (frames, points, 3)
        self.band = (reach + 1) * points * 3 - 1
        self._rows: list[sparse.coo_array] = []
        self._residuals: list[Floats] = []

    def add(self, residual: Floats, where: Ints, jacobian: Floats) -> None:
        """Add residuals `(N,)` whose derivatives `(N, M)` stand at columns `where`.

        A column is `(frame * P + point) * 3 + axis`; see `columns`.
        """
        count, width = jacobian.shape
        rows = np.repeat(np.arange(count), width)
        size = (count, int(np.prod(self.shape)))
        block = sparse.coo_array((jacobian.ravel(), (rows, where.ravel())), shape=size)
        self._rows.append(block)
        self._residuals.append(residual)

    def columns(self, frame: Ints, point: Ints) -> Ints:
        """Columns `(N, 3)` of the coordinates of `point` in `frame`, both `(N,)`."""
        first = (frame * self.shape[1] + point) * 3
        return first[:, None] + np.arange(3)

    def step(self, damping: float = 1e-6) -> Floats:
        """The Gauss-Newton step `(T, P, 3)` for everything added so far."""
        jacobian = sparse.vstack(self._rows).tocsr()
        residual = np.concatenate(self._residuals)
        normal = sparse.triu(jacobian.T @ jacobian).tocoo()
        size = int(np.prod(self.shape))
        band = min(self.band, size - 1)
        matrix = np.zeros((band + 1, size))
        matrix[band + normal.row - normal.col, normal.col] = normal.data
        matrix[band] += damping
        change = solveh_banded(matrix, -(jacobian.T @ residual), overwrite_ab=True)
        return change.reshape(self.shape)


def huber(residual: Floats, limit: float) -> Floats:
    """Square-root weights that turn squares into Huber's loss beyond `limit`."""
    size = np.maximum(np.abs(residual), 1e-12)
    return np.sqrt(np.minimum(1.0, limit / size))
