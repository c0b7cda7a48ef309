"""The refiner's policy: building it, and its weights as plain arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from torch import nn

from policies.network import NormalizedMlp
from policies.run_dir import load_arrays, save_arrays

Floats = NDArray[np.floating]


def actor_of(model: PPO) -> NormalizedMlp:
    """The deterministic actor of a PPO model as one module, weights shared."""
    policy: Any = model.policy
    shape = model.action_space.shape or ()
    normalizer = policy.features_extractor.normalizer
    actor = _shell(len(normalizer.mean), shape)
    actor.normalizer = normalizer
    actor.layers = nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
    return actor


def critic_of(model: PPO) -> NormalizedMlp:
    """The value function of a PPO model as one module, weights shared."""
    policy: Any = model.policy
    normalizer = policy.features_extractor.normalizer
    critic = _shell(len(normalizer.mean), (1,))
    critic.normalizer = normalizer
    critic.layers = nn.Sequential(*policy.mlp_extractor.value_net, policy.value_net)
    return critic


def _shell(inputs: int, shape: tuple[int, ...]) -> NormalizedMlp:
    """A module to be filled; looking at a model draws none of its random numbers."""
    with torch.random.fork_rng(devices=[]):
        return NormalizedMlp(inputs, [], shape)


def save_network(path: Path, network: NormalizedMlp) -> None:
    """Write weights, normalisation and layer sizes as arrays."""
    state = {k: v.detach().cpu().numpy() for k, v in network.state_dict().items()}
    linear = [m for m in network.layers if isinstance(m, nn.Linear)]
    state["hidden"] = np.array([m.out_features for m in linear[:-1]], np.int64)
    state["shape"] = np.array(network.shape, np.int64)
    save_arrays(path, state)


def load_network(path: Path) -> NormalizedMlp:
    """Read what `save_network` wrote; ValueError names a broken file."""
    arrays = load_arrays(path)
    try:
        hidden, shape = arrays.pop("hidden"), arrays.pop("shape")
        inputs = len(arrays["normalizer.mean"])
        network = NormalizedMlp(inputs, hidden.tolist(), shape.tolist())
        network.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()})
    except (KeyError, RuntimeError) as error:
        msg = f"{path}: not a network of this version ({error})"
        raise ValueError(msg) from error
    return network.eval()


class Agent:
    """A network as a function of numpy arrays."""

    def __init__(self, network: NormalizedMlp) -> None:
        self.network = network

    def __call__(self, obs: Floats) -> Floats:
        """Outputs for observations `(N, D)`."""
        with torch.inference_mode():
            return self.network(torch.from_numpy(obs)).numpy()


def zero_agent(inputs: int, outputs: int) -> Agent:
    """An agent that always acts zero: prior and feed-forward alone."""
    network = NormalizedMlp(inputs, [], (outputs,))
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    return Agent(network)
