"""Networks with their input normalisation inside, so that a policy is one module."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn


class Normalizer(nn.Module):
    """Scales inputs `(N, D)` by running mean and variance, clipped to ±10."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.var: torch.Tensor
        self.count: torch.Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("var", torch.ones(width))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise `(N, D)`."""
        scaled = (x - self.mean) / torch.sqrt(self.var + 1e-6)
        return torch.clamp(scaled, -10.0, 10.0)

    def update(self, x: torch.Tensor) -> None:
        """Merge a batch `(N, D)` into the running moments."""
        self.merge(*moments(x))

    @torch.no_grad()
    def merge(self, mean: torch.Tensor, var: torch.Tensor, count: float) -> None:
        """Merge the moments `(D,)` of `count` inputs (Chan et al., 1983)."""
        mean, var = mean.to(self.mean.device), var.to(self.mean.device)
        total = self.count + count
        delta = mean - self.mean
        spread = self.var * self.count + var * count
        self.var.copy_((spread + delta**2 * self.count * count / total) / total)
        self.mean.add_(delta * count / total)
        self.count.copy_(total)


@torch.no_grad()
def moments(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Mean and variance `(D,)` of a batch `(N, D)`, and N.

    Three times as fast as `torch.var` over the first axis.
    """
    mean = x.mean(dim=0)
    return mean, (x - mean).square_().mean(dim=0), float(len(x))


class NormalizedFeatures(BaseFeaturesExtractor):
    """SB3 features extractor that is a `Normalizer`."""

    def __init__(self, observation_space: spaces.Box) -> None:
        width = observation_space.shape[0]
        super().__init__(observation_space, features_dim=width)
        self.normalizer = Normalizer(width)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Normalise `(N, D)`."""
        return self.normalizer(observations)


def mlp(inputs: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    """A perceptron with ELU between layers; the last layer starts small."""
    layers: list[nn.Module] = []
    width = inputs
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ELU()]
        width = units
    last = nn.Linear(width, outputs)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


class NormalizedMlp(nn.Module):
    """Normaliser and perceptron, `(N, D)` to `(N, *shape)`."""

    def __init__(
        self, inputs: int, hidden: Sequence[int], shape: Sequence[int]
    ) -> None:
        super().__init__()
        self.normalizer = Normalizer(inputs)
        self.shape = tuple(shape)
        outputs = int(torch.tensor(self.shape).prod())
        self.layers = mlp(inputs, hidden, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs `(N, *shape)` for inputs `(N, D)`."""
        return self.layers(self.normalizer(x)).reshape(-1, *self.shape)
