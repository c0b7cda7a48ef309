"""A ring of samples: the newest replace the oldest."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Replay:
    """Pairs of inputs `(N, D)` and labels `(N, ...)`, at most `capacity` of them."""

    def __init__(self, capacity: int, seed: int) -> None:
        self.capacity = capacity
        self.rng = np.random.default_rng(seed)
        self.inputs: Floats | None = None
        self.labels: Floats | None = None
        self.count = 0
        self._recent: list[Floats] = []

    def add(self, inputs: Floats, labels: Floats) -> None:
        """Append N pairs."""
        if self.inputs is None or self.labels is None:
            self.inputs = np.zeros((self.capacity, *inputs.shape[1:]), np.float32)
            self.labels = np.zeros((self.capacity, *labels.shape[1:]), np.float32)
        slots = (self.count + np.arange(len(inputs))) % self.capacity
        self.inputs[slots], self.labels[slots] = inputs, labels
        self.count += len(inputs)
        self._recent.append(inputs)

    def newest(self) -> torch.Tensor:
        """Inputs added since the last call."""
        recent = np.concatenate(self._recent)
        self._recent.clear()
        return torch.from_numpy(recent)

    def sample(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """`size` random pairs, with replacement."""
        assert self.inputs is not None and self.labels is not None
        rows = self.rng.integers(0, min(self.count, self.capacity), size)
        return torch.from_numpy(self.inputs[rows]), torch.from_numpy(self.labels[rows])
