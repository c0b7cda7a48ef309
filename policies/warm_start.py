"""Starting from another task's refiner: a robot that walks need not learn it again.

Weights are taken over block by block of the observation, by name, so that tasks with
another number of contact labels can learn from each other too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from stable_baselines3 import PPO
from torch import nn

from policies.network import NormalizedMlp
from policies.refiner import actor_of, critic_of, load_network
from policies.run_dir import RunDir

Layout = Sequence[tuple[str, int]]

TRUST = 100_000.0
"""Observations that the other task's moments may count for, so that they soon adapt."""


def warm_start(model: PPO, path: Path, layout: Layout) -> None:
    """Give `model`, which sees `layout`, the actor and the critic of the run at `path`.

    Exploration starts anew. Raises ValueError if the run lacks either network, or if
    they have layers of other sizes.
    """
    run = RunDir(path)
    config = run.read_config()
    if not run.critic.is_file() or "observation" not in config:
        msg = f"{path}: has no critic to start from; continue it once with --resume"
        raise ValueError(msg)
    pairs = common_columns([(n, w) for n, w in config["observation"]], layout)
    _take_over(actor_of(model), load_network(run.refiner), pairs, path)
    _take_over(critic_of(model), load_network(run.critic), pairs, path)
    _take_moments(model, load_network(run.refiner), pairs)


def common_columns(source: Layout, target: Layout) -> tuple[list[int], list[int]]:
    """Columns of blocks that both layouts have in one size: in source, in target."""
    known = {name: (start, width) for name, start, width in _blocks(source)}
    columns: tuple[list[int], list[int]] = ([], [])
    for name, start, width in _blocks(target):
        if known.get(name, (0, -1))[1] == width:
            columns[0].extend(range(known[name][0], known[name][0] + width))
            columns[1].extend(range(start, start + width))
    return columns


def _blocks(layout: Layout) -> list[tuple[str, int, int]]:
    """Name, first column and width of each block."""
    ends = torch.tensor([width for _, width in layout]).cumsum(0).tolist()
    return [(n, end - w, w) for (n, w), end in zip(layout, ends, strict=True)]


@torch.no_grad()
def _take_over(
    target: NormalizedMlp,
    source: NormalizedMlp,
    columns: tuple[list[int], list[int]],
    path: Path,
) -> None:
    """Copy all layers; of the first, the columns that both see, the others are 0."""
    ours, theirs = _linear(target), _linear(source)
    sizes = [[layer.out_features for layer in layers] for layers in (ours, theirs)]
    if sizes[0] != sizes[1]:
        msg = f"{path}: its layers have {sizes[1]} units, expected {sizes[0]}"
        raise ValueError(msg)
    ours[0].weight.zero_()
    ours[0].weight[:, columns[1]] = theirs[0].weight[:, columns[0]]
    ours[0].bias.copy_(theirs[0].bias)
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        mine.load_state_dict(other.state_dict())


@torch.no_grad()
def _take_moments(
    model: PPO, source: NormalizedMlp, columns: tuple[list[int], list[int]]
) -> None:
    policy: Any = model.policy
    moments = policy.features_extractor.normalizer
    moments.mean[columns[1]] = source.normalizer.mean[columns[0]]
    moments.var[columns[1]] = source.normalizer.var[columns[0]]
    moments.count.copy_(source.normalizer.count.clamp(max=TRUST))


def _linear(network: NormalizedMlp) -> list[nn.Linear]:
    return [layer for layer in network.layers if isinstance(layer, nn.Linear)]
